// SPDX-License-Identifier: Apache-2.0
// The gate that a web configuration file makes. The file is looked at for each request, certificates and keys
// for each handshake, and read again where they have changed. What is not valid then is logged and counted,
// and what held before goes on. Used on the loop thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "daemon/web/file_mark.hpp"
#include "daemon/web/web_inputs.hpp"
#include "http/gate.hpp"
#include "http/login/login.hpp"
#include "http/login/rate_limit.hpp"

namespace keyshift::daemon {

class WebAccess final : public http::Gate {
 public:
    /// Whether the files could be used when they were last read.
    using NoteRead = std::function<void(bool good)>;

    /// Reads `file`. Problems: it cannot be used, and the result is null; there is at least one then.
    static std::unique_ptr<WebAccess> open(const boost::asio::any_io_executor& loop,
                                           std::filesystem::path file, NoteRead note,
                                           std::vector<config::Problem>& problems);

    bool encrypts() const override { return encrypts_; }
    std::shared_ptr<const http::TlsContext> tls() override;
    http::Admission admit(const http::Request& request) override;
    const Headers& headers() const override { return headers_; }

    /// Whoever waits for a password to be checked is answered.
    void stop() { login_.stop(); }

 private:
    using Marks = std::vector<std::pair<std::filesystem::path, FileMark>>;

    WebAccess(const boost::asio::any_io_executor& loop, std::filesystem::path file, NoteRead note);
    bool has_changed(std::size_t looked_at) const;
    void read_again();
    void take(WebInputs inputs);
    void refuse(const std::vector<config::Problem>& problems);
    Marks marks_of(const std::vector<std::filesystem::path>& files) const;

    std::filesystem::path file_;
    NoteRead note_;
    bool encrypts_ = false;
    Marks marks_;           // of what was read last: the file itself comes first
    bool settled_ = false;  // another change would leave other marks
    std::string refused_;   // what was wrong with it; empty: nothing
    std::shared_ptr<const http::TlsContext> context_;
    Headers headers_;
    config::WebRateLimit limits_;
    http::RateLimit limit_;
    http::Login login_;
};

}  // namespace keyshift::daemon
