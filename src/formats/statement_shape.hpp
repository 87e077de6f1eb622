// SPDX-License-Identifier: Apache-2.0
// Texts of SQL statements in a form in which they can be compared, and patterns for them. Pure: safe from any
// thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace keyshift::formats {

/// `sql` as pg_stat_statements shows it, so that texts that differ in case, white space, comments (also those
/// that sqlcommenter appends), a closing semicolon, needless quotation marks or the numbers of parameters
/// become equal: lower-case outside quotation marks, one blank between words, none around punctuation and
/// operators, "$" for $1. Literals and schemas stay. Normalising again changes nothing. Linear time; never
/// fails: what opens and is not closed goes to the end.
std::string normalise_statement(std::string_view sql);

/// A statement in which "*" stands for any text, also none. A value: any thread may match.
class StatementPattern {
 public:
    /// Normalises `pattern`, except for blanks beside "*", which stay as written. A "*" in quotation marks is
    /// itself. Fails (config) when nothing but "*" is left, or something is not closed.
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
