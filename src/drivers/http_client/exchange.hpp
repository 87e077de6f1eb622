// SPDX-License-Identifier: Apache-2.0
// One request and its answer over a connection of their own. Internal to drivers; used by the thread of its
// executor.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/error.hpp"
#include "base/time.hpp"
#include "drivers/http_client/client.hpp"
#include "drivers/net/name_lookup.hpp"

namespace keyshift::drivers {

class HttpExchange : public std::enable_shared_from_this<HttpExchange> {
 public:
    /// `tls` is null for http://. Request and context must outlive run().
    HttpExchange(const boost::asio::any_io_executor& executor, const HttpRequest& request,
                 const HttpLimits& limits, base::Deadline deadline, boost::asio::ssl::context* tls);

    /// Once. The connection is closed when it returns. Errors as HttpClient::send.
    boost::asio::awaitable<base::Result<HttpResponse>> run();
    /// run() returns soon, with this error.
    void stop(base::Error why);

 private:
    using tcp = boost::asio::ip::tcp;
    using Addresses = std::vector<boost::asio::ip::address>;

    boost::asio::awaitable<base::Result<HttpResponse>> attempt(const base::Secret& bytes);
    boost::asio::awaitable<base::Result<Addresses>> addresses();
    boost::asio::awaitable<base::Result<void>> connect(const Addresses& addresses);
    template <class Stream>
    boost::asio::awaitable<base::Result<HttpResponse>> talk(Stream& stream, const base::Secret& bytes);
    enum class Alarm { attempt, exchange };
    void arm(Alarm alarm, base::Deadline at);
    void close();
    base::Error connect_error(const boost::system::error_code& error, const tcp::endpoint& endpoint) const;
    base::Error broken(const boost::system::error_code& error) const;
    base::Error about(base::Error error) const;

    const HttpRequest& request_;
    HttpLimits limits_;
    base::Deadline deadline_;
    boost::asio::ssl::context* tls_;
    NameLookup lookup_;
    tcp::socket socket_;
    boost::asio::steady_timer alarm_;
    std::uint64_t armed_ = 0;  // so that an alarm that was already on its way when it was reset is ignored
    const char* waiting_for_ = "";         // completes "did not … in time"
    std::optional<base::Error> why_ = {};  // stopped
    ssl_st* secured_ = nullptr;            // OpenSSL's side of the connection, while there is one
    std::array<char, 16384> block_ = {};
};

}  // namespace keyshift::drivers
