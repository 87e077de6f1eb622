// SPDX-License-Identifier: Apache-2.0
// The one place that turns the configuration of the key table into SQL: what makes a key legacy, what is
// blocked, over budget, and the times. The collector, the view, the index and doctor all take it from here.
// No expression gives a hash away. Pure functions; any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "config/config.hpp"

namespace keyshift::collectors {

/// What tells legacy keys from modern ones.
struct LegacySql {
    std::string legacy;   ///< a boolean, never NULL
    std::string indexed;  ///< the part of it that an index serves; may be NULL where it is not true
    std::string kind;  ///< an integer: domain::HashKind, or domain::kPlainLength and the octets of the value
};

/// The columns that `keyshift sql view` adds in place of the hashes: those of LegacySql.
inline constexpr std::string_view kViewLegacy = "legacy";
inline constexpr std::string_view kViewIndexed = "legacy_indexed";
inline constexpr std::string_view kViewKind = "legacy_kind";

class KeyExpressions {
 public:
    /// The type of a column as format_type() names it; empty: not known, and taken for what it should be.
    using TypeOf = std::function<std::string(const config::Identifier&)>;

    /// `alias` stands before each column: "k." or nothing. `gateway` outlives this.
    KeyExpressions(const config::Gateway& gateway, TypeOf type_of, std::string alias)
        : gateway_(gateway), type_of_(std::move(type_of)), alias_(std::move(alias)) {}

    LegacySql legacy() const;
    /// The same from the view's own columns.
    LegacySql legacy_of_view() const;
    /// The column with the lookup hash, or with both hashes; empty: there is none.
    std::optional<config::Identifier> hash_column() const;
    /// Nothing is known of how a lookup hash looks.
    bool is_shapeless() const;
    /// A boolean: the value begins like a hash that is made to be slow.
    std::string slow() const;

    /// A boolean; NULL where the column does not tell.
    std::string blocked() const;
    /// An integer: domain::Budget.
    std::string budget() const;
    /// A timestamptz: a time without a zone, or a day, is UTC's.
    std::string time(const std::optional<config::Identifier>& column) const;
    /// When a key was created or used, in the words of the index, and the type that it has.
    std::string activity() const;
    std::string activity_type() const;

    /// To the table, values that differ by upper and lower case alone are the same: citext.
    bool is_of_any_case(const config::Identifier& column) const;

    /// Nothing where the configured shape fits the types of the columns; else what does not.
    std::string misfit() const;

 private:
    std::string name(const config::Identifier& column) const { return alias_ + column.sql(); }
    std::string text(const config::Identifier& column) const;
    bool is_bytes(const config::Identifier& column) const;
    std::string blank(const config::Identifier& column) const;
    std::string well_formed(const config::Identifier& column, const config::HashShape& shape) const;
    std::string beginning(const config::Identifier& column) const;
    std::string legacy_when() const;
    LegacySql by_flag() const;
    LegacySql by_test() const;
    LegacySql by_hash() const;

    const config::Gateway& gateway_;
    TypeOf type_of_;
    std::string alias_;
};

/// 'text', for a statement.
std::string sql_text(std::string_view text);

}  // namespace keyshift::collectors
