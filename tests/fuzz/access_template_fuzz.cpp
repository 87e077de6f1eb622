// SPDX-License-Identifier: Apache-2.0
// A log_format of nginx in the first line, lines of that log behind it. What a client writes into the user
// agent as nginx escapes it moves no other field.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "formats/access/template.hpp"

using namespace keyshift::formats;

namespace {

void read_lines(const AccessTemplate& format, std::string_view lines) {
    while (!lines.empty()) {
        const std::string_view line = lines.substr(0, lines.find('\n'));
        AccessLine out;
        if (format.read(line, out) && (out.status >= kStatuses || out.method.size() > line.size()))
            std::abort();
        lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    }
}

/// As nginx writes a value.
std::string escaped(std::string_view value, NginxEscape escape) {
    std::string out;
    for (const char c : value) {
        if (c == '\n') continue;
        if (c != '"' && c != '\\') {
            out += c;
        } else if (escape == NginxEscape::json) {
            (out += '\\') += c;
        } else {
            out += c == '"' ? "\\x22" : "\\x5C";
        }
    }
    return out;
}

void forge(std::string_view value, NginxEscape escape) {
    static const AccessTemplate standard =
        AccessTemplate::parse(
            R"($remote_user [$time_local] "$http_user_agent" $status "$request" $body_bytes_sent)",
            NginxEscape::standard)
            .value();
    static const AccessTemplate json =
        AccessTemplate::parse(
            R"({"u":"$remote_user","t":"$time_local","a":"$http_user_agent","s":$status,"r":"$request","b":$body_bytes_sent})",
            NginxEscape::json)
            .value();
    const std::string text = escaped(value, escape);
    const std::string time = "25/Nov/2026:13:30:12 +0000";
    const std::string line = escape == NginxEscape::json
                                 ? R"({"u":")" + text + R"(","t":")" + time + R"(","a":")" + text +
                                       R"(","s":401,"r":"GET /v1/a H","b":15})"
                                 : text + " [" + time + "] \"" + text + "\" 401 \"GET /v1/a H\" 15";
    AccessLine out;
    const bool read = (escape == NginxEscape::json ? json : standard).read(line, out);
    if (!read || out.status != 401 || out.bytes != 15 || out.target != "/v1/a" || !out.at) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::string_view format = text.substr(0, text.find('\n'));
    for (const NginxEscape escape : {NginxEscape::standard, NginxEscape::json, NginxEscape::none}) {
        const auto parsed = AccessTemplate::parse(format, escape);
        if (parsed) {
            read_lines(*parsed, text.substr(std::min(format.size() + 1, text.size())));
        } else if (parsed.error().what.empty() || parsed.error().hint.empty()) {
            std::abort();
        }
        if (escape != NginxEscape::none) forge(text, escape);
    }
    return 0;
}
