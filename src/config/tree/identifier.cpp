// SPDX-License-Identifier: Apache-2.0
#include "config/tree/identifier.hpp"

#include <algorithm>
#include <utility>

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "config/tree/text.hpp"

namespace keyshift::config {
namespace {

constexpr std::size_t kMaxBytes = 63;  // PostgreSQL cuts longer names silently
constexpr std::string_view kHowToWrite =
    "use letters, digits, _ and $, not starting with a digit or $, or write it as '\"Any Name\"'";

base::Error not_plain(std::string what) {
    return invalid(std::move(what), std::string(kHowToWrite));
}

bool continues(char c) {
    return begins_name(c) || base::is_digit(c) || c == '$';
}

std::string in_quotes(std::string_view name) {
    std::string out = "\"";
    for (const char c : name) {
        if (c == '"') out += '"';
        out += c;
    }
    return out + '"';
}

/// Takes `"…"` off the front of `rest`.
base::Result<std::string> consume_quoted(std::string_view& rest) {
    std::string name;
    for (std::size_t i = 1; i < rest.size(); ++i) {
        if (rest[i] == '"') {
            if (i + 1 == rest.size() || rest[i + 1] != '"') {
                rest.remove_prefix(i + 1);
                return name;
            }
            ++i;
        }
        name += rest[i];
    }
    return not_plain("has an opening double quote without its end");
}

/// Takes a plain name off the front of `rest` and folds it as PostgreSQL does.
base::Result<std::string> consume_plain(std::string_view& rest) {
    const auto* const end = std::find_if_not(rest.begin(), rest.end(), continues);
    std::string name(rest.begin(), end);
    if (name.empty() || !begins_name(name.front())) return not_plain("is not a plain name");
    for (char& c : name)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    rest.remove_prefix(name.size());
    return name;
}

base::Result<std::string> consume_name(std::string_view& rest) {
    auto name = !rest.empty() && rest.front() == '"' ? consume_quoted(rest) : consume_plain(rest);
    if (!name) return name;
    if (name->empty()) return not_plain("is an empty name");
    if (name->size() > kMaxBytes) return invalid("is longer than 63 bytes", "PostgreSQL has no such names");
    if (base::escape_unsafe(*name) != *name) return not_plain("has characters that cannot be seen in it");
    return name;
}

}  // namespace

std::string Identifier::sql() const {
    return in_quotes(name);
}

std::string TableName::sql() const {
    return schema.empty() ? in_quotes(name) : in_quotes(schema) + "." + in_quotes(name);
}

base::Result<Identifier> parse_identifier(std::string_view text) {
    auto name = consume_name(text);
    if (!name) return name.error();
    if (!text.empty()) return not_plain("is not a plain name");
    return Identifier{*std::move(name)};
}

base::Result<TableName> parse_table_name(std::string_view text) {
    auto first = consume_name(text);
    if (!first) return first.error();
    if (text.empty()) return TableName{"", *std::move(first)};
    if (text.front() != '.') return not_plain("is not a plain name");
    text.remove_prefix(1);
    auto second = consume_name(text);
    if (!second) return second.error();
    if (!text.empty() && text.front() == '.') {
        return invalid("has more than two parts",
                       "write a table or schema.table: the connection names the database");
    }
    if (!text.empty()) return not_plain("is not a plain name");
    return TableName{*std::move(first), *std::move(second)};
}

}  // namespace keyshift::config
