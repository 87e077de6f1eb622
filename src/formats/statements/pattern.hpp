// SPDX-License-Identifier: Apache-2.0
// Patterns for whole texts of SQL statements, and the form in which texts are compared with them. Pure: safe
// from any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace keyshift::formats {

/// `sql` so that texts that differ in case, white space, comments (also those that sqlcommenter appends),
/// parentheses, a closing semicolon, quotation marks of names, or the numbers of parameters become equal:
/// lower-case outside quotation marks, one blank between tokens, "$" for $1. Literals and schemas stay. Empty
/// where PostgreSQL's scanner cannot read it, or it is longer than kLongestStatement. Normalising again
/// changes nothing.
std::string normalise_statement(std::string_view sql);

/// A statement in which "*" stands for any text, also none. A value: any thread may match.
class StatementPattern {
 public:
    /// Normalises `pattern`, except for blanks beside "*", which stay as written. A "*" in quotation marks is
    /// itself. Fails (config) when nothing but "*" is left, something is not closed, or PostgreSQL's scanner
    /// is not installed.
    static base::Result<StatementPattern> parse(std::string_view pattern);

    /// Whether all of `normalised`, which normalise_statement() has made, is as the pattern says. Time is
    /// linear in its size.
    bool match(std::string_view normalised) const;

 private:
    /// What stands between two "*", with its table for Knuth, Morris and Pratt's search.
    struct Piece {
        std::string text;
        std::vector<std::size_t> borders;
    };
    static Piece piece(std::string text);
    static std::size_t find(const Piece& piece, std::string_view in);

    std::vector<Piece> pieces_;
};

}  // namespace keyshift::formats
