// SPDX-License-Identifier: Apache-2.0
// The parts of HTTP/1 that are decisions rather than parsing: what a request target names, how a response's
// head is written, whose address counts as this machine. Pure functions: safe from any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/ip/address.hpp>

#include "base/time.hpp"
#include "http/message.hpp"

namespace keyshift::http {

/// What X-Prometheus-Scrape-Timeout-Seconds says ("10", "2.5"); empty: nothing that makes sense, such as less
/// than a millisecond or more than a day.
std::optional<std::chrono::milliseconds> parse_scrape_timeout(std::string_view text);

Method parse_method(std::string_view name);

/// "Not Found" for 404; "Status" for a code nothing here uses.
std::string_view reason_phrase(int status);

struct Target {
    std::string_view path;   ///< empty when the target is not one we serve
    std::string_view query;  ///< after the first '?'
};
/// Takes "/metrics?x=1" and the absolute form "http://host/metrics?x=1"; a fragment is cut off.
Target split_target(std::string_view target);

/// How a connection goes on after this response.
enum class Persistence : std::uint8_t {
    keep_alive,           ///< HTTP/1.1's default: nothing is said
    explicit_keep_alive,  ///< HTTP/1.0 asked for it
    close,
};

/// Status 204 and 304 have neither a body nor a length.
bool has_body(int status);

/// Appends status line, headers and the empty line. `date` is an RFC 9110 date. Always HTTP/1.1.
void append_head(std::string& out, const Response& response, Persistence persistence, std::string_view date);

/// The header Date of now, made anew once a second. Of one thread at a time.
class HttpDate {
 public:
    /// Valid until the next call.
    std::string_view of(base::Time now);

 private:
    std::int64_t second_ = -1;
    std::string text_;
};

/// Adds those headers of whose names there is none, in whatever case.
void add_missing(Response& response, const std::vector<std::pair<std::string, std::string>>& headers);

/// True for 127.0.0.0/8, ::1, and the first spelled as an IPv6 address, as a dual-stack socket does.
bool is_loopback(const boost::asio::ip::address& address);

/// Without port or zone; an IPv4 address in its own form.
std::string peer_text(const boost::asio::ip::address& address);

}  // namespace keyshift::http
