// SPDX-License-Identifier: Apache-2.0
#include "report/letters/mail.hpp"

#include <algorithm>
#include <cstdio>
#include <functional>

#include "base/people_time.hpp"
#include "base/utf8.hpp"

namespace keyshift::report {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::size_t kEncodedLine = 76;
constexpr std::size_t kEncodedWord = 75;

void append_hex(std::string& out, char c) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    out += '=';
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
}

bool is_printable(char c) {
    return c >= ' ' && c < '\x7f';
}

/// "Sun, 06 Dec 2026 14:32:00 +0000".
std::string mail_date(base::Time time) {
    std::string text = base::format_imf_fixdate(static_cast<std::int64_t>(base::to_unix_seconds(time)));
    constexpr std::string_view kZone = "GMT";
    return text.replace(text.size() - kZone.size(), kZone.size(), "+0000");
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append(kLineEnd);
}

/// No part holds it: in quoted-printable there is no "=_".
std::string boundary_of(const Mail& mail) {
    char text[40];
    std::snprintf(text, sizeof text, "=_%016zx",
                  std::hash<std::string>()(mail.to + mail.subject + mail.text));
    return text;
}

void append_part(std::string& out, const std::string& boundary, std::string_view type,
                 std::string_view body) {
    out.append("--").append(boundary).append(kLineEnd);
    append_header(out, "Content-Type", std::string(type) + "; charset=utf-8");
    append_header(out, "Content-Transfer-Encoding", "quoted-printable");
    out.append(kLineEnd).append(quoted_printable(body)).append(kLineEnd);
}

}  // namespace

std::string quoted_printable(std::string_view text) {
    std::string out;
    std::size_t column = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '\n') {
            out += kLineEnd;
            column = 0;
            continue;
        }
        const bool last = at + 1 == text.size() || text[at + 1] == '\n';
        const bool itself = (is_printable(c) && c != '=' && !(c == ' ' && last)) || (c == '\t' && !last);
        const std::size_t width = itself ? 1 : 3;
        // One is left for the "=" of a line that goes on.
        if (column + width > kEncodedLine - 1) {
            out.append("=").append(kLineEnd);
            column = 0;
        }
        if (itself) {
            out += c;
        } else {
            append_hex(out, c);
        }
        column += width;
    }
    return out;
}

std::string header_text(std::string_view text) {
    constexpr std::string_view kBegin = "=?utf-8?Q?";
    constexpr std::string_view kEnd = "?=";
    if (std::all_of(text.begin(), text.end(), is_printable) && text.find("=?") == std::string_view::npos)
        return std::string(text);
    std::string out;
    std::string word;
    while (!text.empty()) {
        // A character stays in one word.
        const std::size_t size = base::decode_utf8(text).size;
        std::string encoded;
        for (const char c : text.substr(0, size)) {
            const bool itself = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
            if (c == ' ') {
                encoded += '_';
            } else if (itself) {
                encoded += c;
            } else {
                append_hex(encoded, c);
            }
        }
        if (kBegin.size() + word.size() + encoded.size() + kEnd.size() > kEncodedWord) {
            out.append(out.empty() ? "" : "\r\n ").append(kBegin).append(word).append(kEnd);
            word.clear();
        }
        word += encoded;
        text.remove_prefix(size);
    }
    return out.append(out.empty() ? "" : "\r\n ").append(kBegin).append(word).append(kEnd);
}

std::string eml(const Mail& mail) {
    const std::string boundary = boundary_of(mail);
    std::string out;
    if (!mail.from.empty()) append_header(out, "From", mail.from);
    if (!mail.to.empty()) append_header(out, "To", mail.to);
    append_header(out, "Subject", header_text(mail.subject));
    append_header(out, "Date", mail_date(mail.date));
    append_header(out, "X-Unsent", "1");
    append_header(out, "MIME-Version", "1.0");
    append_header(out, "Content-Type", "multipart/alternative; boundary=\"" + boundary + "\"");
    out += kLineEnd;
    append_part(out, boundary, "text/plain", mail.text);
    append_part(out, boundary, "text/html", mail.html);
    return out.append("--").append(boundary).append("--").append(kLineEnd);
}

}  // namespace keyshift::report
