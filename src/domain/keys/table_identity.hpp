// SPDX-License-Identifier: Apache-2.0
// Which table the key table is. The journal belongs to one: ids, uses and deletions of another table say
// nothing of it. A value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace keyshift::domain {

struct TableIdentity {
    std::string system;     ///< PostgreSQL's system identifier: another one for each initdb or pg_upgrade
    std::string database;   ///< its name and its OID
    std::string table;      ///< quoted, with its schema: for people, since a table may be renamed
    std::string relations;  ///< OIDs of the table, or of the tables below the view

    /// The name of the table does not count.
    bool operator==(const TableIdentity& other) const {
        return system == other.system && database == other.database && relations == other.relations;
    }
    /// "table public.virtual_keys in database gateway (16384) of server 7412345678901234567".
    std::string printable() const;

    /// As one text of the state, and back; empty: the text is no identity.
    std::string text() const;
    static std::optional<TableIdentity> parse(std::string_view text);
};

/// How many of the keys that were known and there are in a table that is another one than before.
struct Recognised {
    std::uint64_t known = 0;
    std::uint64_t found = 0;           ///< ... of them
    std::uint64_t missing_in_use = 0;  ///< not found, and used within their drain window

    /// Fewer than half, or nothing to tell by: it has to be accepted by an operator.
    bool is_strange() const { return known == 0 || 2 * found < known; }
};

}  // namespace keyshift::domain
