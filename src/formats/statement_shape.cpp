// SPDX-License-Identifier: Apache-2.0
#include "formats/statement_shape.hpp"

#include <algorithm>
#include <utility>

#include "formats/statement_token.hpp"
#include "formats/text.hpp"

namespace keyshift::formats {
namespace {

using Kind = StatementToken::Kind;

/// Whether a blank stands between two tokens.
bool blank_between(Kind before, const StatementToken& token) {
    const bool words = before == Kind::word && token.kind == Kind::word;
    const bool star = before == Kind::star || token.kind == Kind::star;
    const bool word = before == Kind::word || token.kind == Kind::word;
    if (words || (star && word)) return true;
    // Two operators may be written apart because together they would be another one, or a comment.
    const auto sign = [](Kind kind) { return kind == Kind::operation || kind == Kind::star; };
    return token.blank_before && sign(before) && sign(token.kind);
}

/// The same for a pattern, whose "*" says what it touches.
bool blank_in_pattern(Kind before, const StatementToken& token) {
    const bool star = before == Kind::star || token.kind == Kind::star;
    if (!star) return blank_between(before, token);
    return token.blank_before && (before == Kind::word || token.kind == Kind::word);
}

/// Gives `add` each token and whether a blank stands before it, but not the semicolons at the end.
template <class Blank, class Add>
void each_token(StatementScanner& scanner, Blank blank, Add add) {
    const StatementToken semicolon{Kind::punctuation, ";", false};
    std::size_t semicolons = 0;
    Kind before = Kind::punctuation;
    for (StatementToken token = scanner.next(); token.kind != Kind::end; token = scanner.next()) {
        if (token.text == ";") {
            ++semicolons;
            continue;
        }
        if (semicolons > 0) before = Kind::punctuation;
        for (; semicolons > 0; --semicolons) add(semicolon, false);
        add(token, blank(before, token));
        before = token.kind;
    }
}

}  // namespace

std::string normalise_statement(std::string_view sql) {
    std::string out;
    out.reserve(sql.size());
    StatementScanner scanner(sql);
    each_token(scanner, blank_between, [&](const StatementToken& token, bool blank) {
        if (blank) out += ' ';
        out += token.text;
    });
    return out;
}

base::Result<StatementPattern> StatementPattern::parse(std::string_view pattern) {
    StatementPattern out;
    StatementScanner scanner(pattern);
    std::string text;
    each_token(scanner, blank_in_pattern, [&](const StatementToken& token, bool blank) {
        if (blank) text += ' ';
        if (token.kind == Kind::star) {
            out.pieces_.push_back(piece(std::exchange(text, {})));
        } else {
            text += token.text;
        }
    });
    out.pieces_.push_back(piece(std::move(text)));
    const auto refuse = [&](std::string_view why, std::string hint) {
        return base::Error{base::Errc::config,
                           "the statement pattern " + in_quotes(pattern) + std::string(why), std::move(hint)};
    };
    if (scanner.unclosed()) return refuse(" has a quotation mark or comment that is not closed", "close it");
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
