// SPDX-License-Identifier: Apache-2.0
#include "http/wire.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "base/ascii.hpp"
#include "base/people_time.hpp"

namespace keyshift::http {
namespace {

namespace ip = boost::asio::ip;

constexpr std::array<std::pair<Method, std::string_view>, 6> kMethods{{
    {Method::get, "GET"},
    {Method::head, "HEAD"},
    {Method::post, "POST"},
    {Method::put, "PUT"},
    {Method::del, "DELETE"},
    {Method::options, "OPTIONS"},
}};

constexpr auto kReasons = std::to_array<std::pair<int, std::string_view>>({
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {421, "Misdirected Request"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
});

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
    if (std::ranges::any_of(name, is_control) || std::ranges::any_of(value, is_control)) return;
    out.append(name).append(": ").append(value).append("\r\n");
}

std::optional<ip::address_v4> as_v4(const ip::address& address) {
    if (address.is_v4()) return address.to_v4();
    if (address.to_v6().is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, address.to_v6());
    return std::nullopt;
}

}  // namespace

std::string_view to_string(Method method) {
    const auto* found = std::ranges::find(kMethods, method, &std::pair<Method, std::string_view>::first);
    return found == kMethods.end() ? "?" : found->second;
}

std::optional<std::chrono::milliseconds> parse_scrape_timeout(std::string_view text) {
    constexpr double kMost = 86400;
    constexpr double kLeast = 0.001;
    double seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    if (!(seconds >= kLeast && seconds <= kMost)) return std::nullopt;
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::duration<double>(seconds));
}

Method parse_method(std::string_view name) {
    const auto* found = std::ranges::find(kMethods, name, &std::pair<Method, std::string_view>::second);
    return found == kMethods.end() ? Method::other : found->first;
}

std::string_view reason_phrase(int status) {
    const auto* found = std::ranges::find(kReasons, status, &std::pair<int, std::string_view>::first);
    return found == kReasons.end() ? "Status" : found->second;
}

Target split_target(std::string_view target) {
    target = target.substr(0, target.find('#'));
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!target.starts_with(scheme)) continue;
        const std::size_t end = target.find_first_of("/?", scheme.size());
        if (end == std::string_view::npos) return {"/", {}};
        if (target[end] == '?') return {"/", target.substr(end + 1)};
        target.remove_prefix(end);
        break;
    }
    if (!target.starts_with('/')) return {};
    const std::size_t mark = target.find('?');
    if (mark == std::string_view::npos) return {target, {}};
    return {target.substr(0, mark), target.substr(mark + 1)};
}

bool has_body(int status) {
    return status >= 200 && status != 204 && status != 304;
}

void append_head(std::string& out, const Response& response, Persistence persistence, std::string_view date) {
    out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
    out.append(reason_phrase(response.status)).append("\r\n");
    append_header(out, "Date", date);
    if (has_body(response.status)) {
        append_header(out, "Content-Type", response.content_type);
        append_header(out, "Content-Length", std::to_string(response.body_size()));
    }
    append_header(out, "X-Content-Type-Options", "nosniff");
    for (const auto& [name, value] : response.headers) append_header(out, name, value);
    if (persistence == Persistence::close) append_header(out, "Connection", "close");
    if (persistence == Persistence::explicit_keep_alive) append_header(out, "Connection", "keep-alive");
    out.append("\r\n");
}

std::string_view HttpDate::of(base::Time now) {
    const auto second = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    if (std::exchange(second_, second) != second) text_ = base::format_imf_fixdate(second);
    return text_;
}

void add_missing(Response& response, const std::vector<std::pair<std::string, std::string>>& headers) {
    for (const auto& [name, value] : headers) {
        const auto same = [&name = name](const auto& header) {
            return base::equals_ignoring_case(header.first, name);
        };
        if (std::ranges::none_of(response.headers, same)) response.headers.emplace_back(name, value);
    }
}

bool is_loopback(const ip::address& address) {
    const auto v4 = as_v4(address);
    return v4 ? v4->is_loopback() : address.is_loopback();
}

std::string peer_text(const ip::address& address) {
    if (const auto v4 = as_v4(address)) return v4->to_string();
    ip::address_v6 v6 = address.to_v6();
    v6.scope_id(0);
    return v6.to_string();
}

}  // namespace keyshift::http
