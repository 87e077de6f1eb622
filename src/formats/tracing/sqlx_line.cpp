// SPDX-License-Identifier: Apache-2.0
#include "formats/tracing/sqlx_line.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "base/ascii.hpp"
#include "formats/text/number.hpp"

namespace keyshift::formats {
namespace {

constexpr std::string_view kSlow = "slow statement: execution time exceeded alert threshold";

/// The fields that matter, as they are found.
struct Fields {
    std::optional<std::string_view> summary, statement;
    std::optional<std::uint64_t> affected, returned;
    bool wrong = false;

    void set(std::string_view name, std::string_view value) {
        if (name == "summary") set(summary, value);
        if (name == "db.statement") set(statement, value);
        if (name == "rows_affected") set(affected, parse_unsigned(value));
        if (name == "rows_returned") set(returned, parse_unsigned(value));
    }
    bool finish(SqlxQuery::Escapes escapes, SqlxQuery::Pace pace, SqlxQuery& out) const {
        if (wrong || !summary || !statement || !affected || !returned) return false;
        out = {statement->empty() ? *summary : *statement, escapes, pace, *affected, *returned};
        return true;
    }

 private:
    template <class T>
    void set(std::optional<T>& to, const std::optional<T>& value) {
        wrong = wrong || to || !value;
        to = value;
    }
    void set(std::optional<std::string_view>& to, std::string_view value) {
        wrong = wrong || to;
        to = value;
    }
};

/// The size of a text up to its closing quotation mark; npos: it has none.
std::size_t quoted_size(std::string_view text) {
    // Each line of sqlx has some hundred characters between two: find() takes a tenth of a loop.
    std::size_t at = text.find('"');
    while (at != std::string_view::npos) {
        const std::size_t before = text.substr(0, at).find_last_not_of('\\');
        const std::size_t slashes = at - (before == std::string_view::npos ? 0 : before + 1);
        if (slashes % 2 == 0) return at;
        at = text.find('"', at + 1);
    }
    return at;
}

/// Reads NAME=VALUE off the front of `text`; false: there is none.
bool consume_field(std::string_view& text, Fields& to) {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) return false;
    const std::string_view name = text.substr(0, equals);
    text.remove_prefix(equals + 1);
    const bool quoted = text.starts_with('"');
    if (quoted) text.remove_prefix(1);
    const std::size_t size = quoted ? quoted_size(text) : std::min(text.find(' '), text.size());
    if (size == std::string_view::npos) return false;
    to.set(name, text.substr(0, size));
    text.remove_prefix(std::min(size + (quoted ? 1 : 0), text.size()));
    if (text.empty()) return true;
    if (text.front() != ' ') return false;
    text.remove_prefix(1);
    return true;
}

/// The code point of "{1f600}", and how much of `text` it takes; 0: it is none.
char32_t braced(std::string_view text, std::size_t& size) {
    const std::size_t end = text.find('}');
    if (!text.starts_with('{') || end == std::string_view::npos || end < 2 || end > 7) return 0;
    char32_t point = 0;
    for (const char c : text.substr(1, end - 1)) {
        const int digit = base::hex_digit(c);
        if (digit < 0) return 0;
        point = point * 16 + static_cast<char32_t>(digit);
    }
    size = end + 1;
    return point > 0x10FFFF || (point >= 0xD800 && point < 0xE000) ? 0 : point;
}

void append_utf8(std::string& out, char32_t point) {
    const auto byte = [&out](char32_t bits) { out.push_back(static_cast<char>(bits)); };
    if (point < 0x80) return byte(point);
    if (point < 0x800) {
        byte(0xC0 | point >> 6);
    } else if (point < 0x10000) {
        byte(0xE0 | point >> 12);
        byte(0x80 | (point >> 6 & 0x3F));
    } else {
        byte(0xF0 | point >> 18);
        byte(0x80 | (point >> 12 & 0x3F));
        byte(0x80 | (point >> 6 & 0x3F));
    }
    byte(0x80 | (point & 0x3F));
}

}  // namespace

bool parse_sqlx_text(std::string_view message, SqlxQuery& out) {
    // Before it stands at most sqlx's own sentence about slow ones.
    constexpr std::string_view kSummary = "summary=\"";
    const bool slow = message.starts_with(kSlow);
    if (slow) message.remove_prefix(std::min(kSlow.size() + 1, message.size()));
    if (!message.starts_with(kSummary)) return false;
    Fields fields;
    while (!message.empty())
        if (!consume_field(message, fields)) return false;
    return fields.finish(SqlxQuery::Escapes::debug, slow ? SqlxQuery::Pace::slow : SqlxQuery::Pace::usual,
                         out);
}

bool parse_sqlx_json(JsonLine& line, SqlxQuery& out) {
    Fields fields;
    for (const std::string_view name : {"summary", "db.statement", "rows_affected", "rows_returned"}) {
        auto value = line.text(std::string("fields.").append(name));
        if (!value) value = line.text(name);
        if (value) fields.set(name, *value);
    }
    auto message = line.text("fields.message");
    if (!message) message = line.text("message");
    const bool slow = message && message->starts_with(kSlow);
    return fields.finish(SqlxQuery::Escapes::none, slow ? SqlxQuery::Pace::slow : SqlxQuery::Pace::usual,
                         out);
}

std::string unescape_debug(std::string_view text) {
    constexpr std::string_view kWritten = "nrt0\\\"'";
    constexpr std::string_view kMeant("\n\r\t\0\\\"'", 7);
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::size_t at = std::min(text.find('\\'), text.size());
        out.append(text.substr(0, at));
        text.remove_prefix(at);
        if (text.size() < 2) break;
        std::size_t size = 0;
        const std::size_t which = kWritten.find(text[1]);
        const char32_t point = text[1] == 'u' ? braced(text.substr(2), size) : 0;
        if (which != std::string_view::npos) {
            out.push_back(kMeant[which]);
        } else if (point != 0) {
            append_utf8(out, point);
        } else {
            out.append(text.substr(0, 2));
        }
        text.remove_prefix(2 + (point != 0 ? size : 0));
    }
    return out.append(text);
}

}  // namespace keyshift::formats
