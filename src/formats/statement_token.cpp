// SPDX-License-Identifier: Apache-2.0
#include "formats/statement_token.hpp"

#include <algorithm>

namespace keyshift::formats {
namespace {

constexpr std::string_view kBlanks = " \t\n\r\f\v";
constexpr std::string_view kOperators = "+-/<>=~!@#%^&|`?";

/// PostgreSQL's words that are no plain names, each between blanks: these need their quotation marks.
constexpr std::string_view kReserved =
    " all analyse analyze and any array as asc asymmetric authorization binary both case cast check "
    "collate collation column concurrently constraint create cross current_catalog current_date "
    "current_role current_schema current_time current_timestamp current_user default deferrable desc "
    "distinct do else end except false fetch for foreign freeze from full grant group having ilike in "
    "initially inner intersect into is isnull join lateral leading left like limit localtime "
    "localtimestamp natural not notnull null offset on only or order outer overlaps placing primary "
    "references returning right select session_user similar some symmetric system_user table tablesample "
    "then to trailing true union unique user using variadic verbose when where window with ";

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool begins_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}

bool continues_name(char c) {
    return begins_name(c) || is_digit(c) || c == '$';
}

template <class Predicate>
std::size_t run(std::string_view text, std::size_t from, Predicate in) {
    while (from < text.size() && in(text[from])) ++from;
    return from;
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return out;
}

bool is_plain_name(std::string_view name) {
    const auto plain = [](char c) { return continues_name(c) && !(c >= 'A' && c <= 'Z'); };
    return !name.empty() && begins_name(name.front()) && std::all_of(name.begin(), name.end(), plain) &&
           kReserved.find(' ' + std::string(name) + ' ') == std::string_view::npos;
}

}  // namespace

StatementToken StatementScanner::next() {
    using Kind = StatementToken::Kind;
    StatementToken out;
    out.blank_before = skip_blanks();
    if (rest_.empty()) return out;
    const char c = rest_.front();
    if (begins_name(c) || is_digit(c) || c == '\'' || c == '"' || c == '$') {
        out.kind = Kind::word;
        out.text = word();
        return out;
    }
    out.kind = c == '*'                                       ? Kind::star
               : kOperators.find(c) != std::string_view::npos ? Kind::operation
                                                              : Kind::punctuation;
    out.text = take(1);
    return out;
}

std::string_view StatementScanner::take(std::size_t size) {
    const std::string_view out = rest_.substr(0, size);
    rest_.remove_prefix(out.size());
    return out;
}

bool StatementScanner::skip_blanks() {
    const std::size_t before = rest_.size();
    while (true) {
        take(std::min(rest_.find_first_not_of(kBlanks), rest_.size()));
        if (rest_.starts_with("--")) {
            take(std::min(rest_.find('\n'), rest_.size()));
        } else if (rest_.starts_with("/*")) {
            skip_comment();
        } else {
            return rest_.size() < before;
        }
    }
}

void StatementScanner::skip_comment() {
    std::size_t depth = 0;
    do {
        if (rest_.starts_with("/*")) {
            ++depth;
            take(2);
        } else if (rest_.starts_with("*/")) {
            --depth;
            take(2);
        } else {
            take(1);
        }
    } while (depth > 0 && !rest_.empty());
    unclosed_ = unclosed_ || depth > 0;
}

std::string StatementScanner::word() {
    const char c = rest_.front();
    if (c == '\'') return std::string(until_quote(1, '\'', false));
    if (c == '"') return identifier_in_quotes();
    if (c == '$') {
        if (const std::string_view text = dollar_quoted(); !text.empty()) return std::string(text);
        take(run(rest_, 1, is_digit));
        return "$";
    }
    if ((c == 'e' || c == 'E') && rest_.substr(1).starts_with('\''))
        return 'e' + std::string(until_quote(2, '\'', true).substr(1));
    return lower(take(run(rest_, 0, continues_name)));
}

std::string StatementScanner::identifier_in_quotes() {
    const std::string_view text = until_quote(1, '"', false);
    if (text.size() < 2 || !text.ends_with('"')) return std::string(text);
    const std::string_view name = text.substr(1, text.size() - 2);
    return std::string(is_plain_name(name) ? name : text);
}

/// $$...$$ or $tag$...$tag$; empty when there is none.
std::string_view StatementScanner::dollar_quoted() {
    std::size_t end = 1;
    if (end < rest_.size() && begins_name(rest_[end]))
        end = run(rest_, end, [](char c) { return continues_name(c) && c != '$'; });
    if (end >= rest_.size() || rest_[end] != '$') return {};
    const std::string_view tag = rest_.substr(0, end + 1);
    const std::size_t close = rest_.find(tag, tag.size());
    unclosed_ = unclosed_ || close == std::string_view::npos;
    return take(close == std::string_view::npos ? rest_.size() : close + tag.size());
}

std::string_view StatementScanner::until_quote(std::size_t from, char quote, bool backslashes) {
    while (from < rest_.size()) {
        const char c = rest_[from++];
        if (backslashes && c == '\\' && from < rest_.size()) {
            ++from;
        } else if (c == quote) {
            if (from == rest_.size() || rest_[from] != quote) return take(from);
            ++from;
        }
    }
    unclosed_ = true;
    return take(rest_.size());
}

}  // namespace keyshift::formats
