// SPDX-License-Identifier: Apache-2.0
#include "formats/statements/pattern.hpp"

#include <algorithm>
#include <utility>

#include "base/ascii.hpp"
#include "formats/statements/pg_query.hpp"
#include "formats/text/text.hpp"

namespace keyshift::formats {
namespace {

using base::Errc;
using base::Error;
using base::Result;

/// A name that PostgreSQL would write without quotation marks, but for reserved words.
bool is_plain_name(std::string_view name) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
    const auto part = [&](char c) { return letter(c) || base::is_digit(c) || c == '$'; };
    return !name.empty() && letter(name.front()) && std::all_of(name.begin(), name.end(), part);
}

/// One token as it is compared; empty: it does not count.
std::string normal(std::string_view token) {
    if (token.starts_with("--") || token.starts_with("/*") || token == "(" || token == ")") return {};
    if (token.front() == '"' && token.size() > 2) {
        const std::string_view name = token.substr(1, token.size() - 2);
        return std::string(is_plain_name(name) ? name : token);
    }
    if (token.front() == '$' && token.size() > 1 && base::is_digit(token[1])) return "$";
    const std::size_t quote = token.front() == '$' ? 0 : token.find_first_of("'\"");
    std::string out(token);
    std::transform(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(std::min(quote, out.size())),
                   out.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return out;
}

/// "=*" is one operator to PostgreSQL, and the end of a pattern to its author.
bool is_operator_with_star(std::string_view token) {
    return token.size() > 1 && token.find('*') != std::string_view::npos &&
           token.find_first_not_of("+-*/<>=~!@#%^&|`?") == std::string_view::npos;
}

/// What counts of `sql`, and where in it that stands; without semicolons at its end.
struct Token {
    std::string text;
    std::string_view written;
};

Result<std::vector<Token>> tokens_of(std::string_view sql) {
    const auto scanned = scan_sql(sql);
    if (!scanned) return scanned.error();
    std::vector<Token> out;
    for (const std::string_view token : *scanned) {
        if (token.empty()) continue;
        const bool comment = token.starts_with("--") || token.starts_with("/*");
        const std::size_t size = !comment && is_operator_with_star(token) ? 1 : token.size();
        for (std::size_t at = 0; at < token.size(); at += size) {
            const std::string_view part = token.substr(at, size);
            std::string text = normal(part);
            if (!text.empty()) out.push_back({std::move(text), part});
        }
    }
    while (!out.empty() && out.back().text == ";") out.pop_back();
    return out;
}

}  // namespace

std::string normalise_statement(std::string_view sql) {
    const auto tokens = tokens_of(sql);
    std::string out;
    if (!tokens) return out;
    for (const Token& token : *tokens) out += (out.empty() ? "" : " ") + token.text;
    return out;
}

Result<StatementPattern> StatementPattern::parse(std::string_view pattern) {
    const auto refuse = [&](std::string_view why, std::string hint) {
        return Error{Errc::config, "the statement pattern " + in_quotes(pattern) + std::string(why),
                     std::move(hint)};
    };
    const auto tokens = tokens_of(pattern);
    if (!tokens && tokens.error().code != Errc::parse) return tokens.error();
    if (!tokens && pattern.size() > kLongestStatement)
        return refuse(" is longer than 32 KiB", "put * for what may differ");
    if (!tokens) return refuse(" has a quotation mark or comment that is not closed", "close it");
    StatementPattern out;
    std::string text;
    const char* end = nullptr;
    for (std::size_t i = 0; i < tokens->size(); ++i) {
        const Token& token = tokens->at(i);
        const bool beside_star = token.text == "*" || (i > 0 && tokens->at(i - 1).text == "*");
        // What stands apart from a star by a parenthesis alone stands beside it.
        const auto apart_by = end == nullptr ? 0 : static_cast<std::size_t>(token.written.data() - end);
        const std::string_view between(end, apart_by);
        const bool apart = between.find_first_not_of("()") != std::string_view::npos;
        if (i > 0 && (!beside_star || apart)) text += ' ';
        if (token.text == "*") {
            out.pieces_.push_back(piece(std::exchange(text, {})));
        } else {
            text += token.text;
        }
        end = token.written.data() + token.written.size();
    }
    out.pieces_.push_back(piece(std::move(text)));
    const auto blank = [](const Piece& p) { return p.text.find_first_not_of(' ') == std::string::npos; };
    if (std::all_of(out.pieces_.begin(), out.pieces_.end(), blank))
        return refuse(" matches every statement", "name the table and the columns");
    return out;
}

bool StatementPattern::match(std::string_view normalised) const {
    const std::string_view first = pieces_.front().text;
    if (pieces_.size() == 1) return normalised == first;
    const std::string_view last = pieces_.back().text;
    if (normalised.size() < first.size() + last.size()) return false;
    if (!normalised.starts_with(first) || !normalised.ends_with(last)) return false;
    normalised.remove_prefix(first.size());
    normalised.remove_suffix(last.size());
    // The leftmost place of each piece leaves the most room for the next.
    for (std::size_t i = 1; i + 1 < pieces_.size(); ++i) {
        const std::size_t at = find(pieces_[i], normalised);
        if (at == std::string_view::npos) return false;
        normalised.remove_prefix(at + pieces_[i].text.size());
    }
    return true;
}

StatementPattern::Piece StatementPattern::piece(std::string text) {
    std::vector<std::size_t> borders(text.size() + 1, 0);
    for (std::size_t i = 1, border = 0; i < text.size(); ++i) {
        while (border > 0 && text[i] != text[border]) border = borders[border];
        if (text[i] == text[border]) ++border;
        borders[i + 1] = border;
    }
    return {std::move(text), std::move(borders)};
}

std::size_t StatementPattern::find(const Piece& piece, std::string_view in) {
    if (piece.text.empty()) return 0;
    std::size_t matched = 0;
    for (std::size_t i = 0; i < in.size(); ++i) {
        while (matched > 0 && in[i] != piece.text[matched]) matched = piece.borders[matched];
        if (in[i] == piece.text[matched]) ++matched;
        if (matched == piece.text.size()) return i + 1 - matched;
    }
    return std::string_view::npos;
}

}  // namespace keyshift::formats
