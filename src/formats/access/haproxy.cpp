// SPDX-License-Identifier: Apache-2.0
// IP:PORT [TIME] FRONTEND BACKEND/SERVER TIMES STATUS BYTES COOKIE COOKIE FLAGS CONNECTIONS
// QUEUES
// [{HEADERS} ][{HEADERS} ]"REQUEST"[ TLS]. HAProxy writes a '"' of the request as #22, but a captured cookie
// as it came: the fields up to BYTES are read from the left, and the request from the right.
#include <algorithm>

#include "formats/access/fields.hpp"
#include "formats/access/line.hpp"
#include "formats/text/client_word.hpp"
#include "formats/text/log_time.hpp"
#include "formats/text/number.hpp"

namespace keyshift::formats {
namespace {

/// "192.0.2.1:PORT", "2001:db8::1:PORT" without brackets, "unix:1".
bool is_peer(std::string_view text) {
    const std::string_view address = text.substr(0, text.rfind(':'));
    return address.size() < text.size() && (address == "unix" || is_bare_address(address));
}

/// The text behind "PEER [TIME] ", and the peer; false when the line does not begin so.
bool split_at_time(std::string_view line, std::string_view& peer, std::string_view& time,
                   std::string_view& behind) {
    const std::size_t at = line.find(' ');
    if (at == std::string_view::npos || !line.substr(at).starts_with(" [")) return false;
    const std::string_view rest = line.substr(at + 2);
    if (rest.size() < kHaproxyTimeSize || !rest.substr(kHaproxyTimeSize).starts_with("] ")) return false;
    if (rest[2] != '/' || rest[6] != '/' || rest[20] != '.') return false;
    peer = line.substr(0, at);
    time = rest.substr(0, kHaproxyTimeSize);
    behind = rest.substr(kHaproxyTimeSize + 2);
    return is_peer(peer);
}

/// "-1" is that there was no answer; "+" before bytes, that there may have been more.
bool read_answer(Cursor& cursor, AccessLine& out) {
    std::string_view status;
    std::string_view bytes;
    if (!cursor.until(' ', status) || !cursor.until(' ', bytes)) return false;
    if (bytes.starts_with('+')) bytes.remove_prefix(1);
    out.bytes = parse_unsigned(bytes);
    if (status == "-1") {
        out.status = 0;
        return out.bytes.has_value();
    }
    Cursor digits(status);
    return out.bytes && status.size() == 3 && digits.status(out.status);
}

/// A line that was cut has no '"' at its end.
std::string_view request_of(std::string_view text) {
    const std::size_t last = text.rfind('"');
    if (last == std::string_view::npos) return {};
    const bool opens = last > 0 && text[last - 1] == ' ' && last + 1 != text.size();
    if (opens) return text.substr(last + 1);
    const std::size_t first = last == 0 ? std::string_view::npos : text.rfind('"', last - 1);
    return first == std::string_view::npos ? std::string_view() : text.substr(first + 1, last - first - 1);
}

class Haproxy final : public AccessReader {
 public:
    bool read(std::string_view line, AccessLine& out) override {
        std::string_view behind;
        if (!split_at_time(line, out.before, time_, behind)) return false;
        Cursor cursor(behind);
        std::string_view frontend;
        std::string_view backend;
        std::string_view times;
        if (!cursor.until(' ', frontend) || !cursor.until(' ', backend) || !cursor.until(' ', times))
            return false;
        if (backend.find('/') == std::string_view::npos || std::ranges::count(times, '/') != 4) return false;
        if (!read_answer(cursor, out)) return false;
        split_request(request_of(cursor.rest()), out);
        return true;
    }

    void complete(AccessLine& out) override {
        out.peer = out.before.substr(0, out.before.rfind(':'));
        if (out.peer == "unix") out.peer = {};
        out.forwarded = {};
        out.user_agent = {};
        out.at = parse_haproxy_time(time_);
        out.local_time = true;
    }

    AccessTells tells() const override { return {.escape = AccessEscape::hash, .body_bytes = false}; }

 private:
    std::string_view time_;
};

}  // namespace

std::unique_ptr<AccessReader> make_haproxy_reader() {
    return std::make_unique<Haproxy>();
}

}  // namespace keyshift::formats
