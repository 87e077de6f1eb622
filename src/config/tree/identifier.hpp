// SPDX-License-Identifier: Apache-2.0
// Names of tables and columns as a configuration gives them. Reading them applies PostgreSQL's own rules, and
// sql() is the only way back into a statement: configuration cannot inject SQL. Values: safe to share.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace keyshift::config {

/// A column. `name` is what the catalog holds.
struct Identifier {
    std::string name;
    bool operator==(const Identifier&) const = default;

    /// Quoted for a statement: `"key_hash"`.
    std::string sql() const;
};

/// A table or view, found on the connection's search path when `schema` is empty.
struct TableName {
    std::string schema;
    std::string name;
    bool operator==(const TableName&) const = default;

    /// Quoted for a statement: `"public"."virtual_keys"`.
    std::string sql() const;
};

/// `name`, folded to lower case as PostgreSQL does, or `"Any Name"`, taken as it stands, a quote in it
/// doubled. Fails with Errc::config: empty, longer than PostgreSQL's 63 bytes, control characters, anything
/// else that would need quotes. The message is about the text but does not repeat it.
base::Result<Identifier> parse_identifier(std::string_view text);

/// `name` or `schema.name`, each as parse_identifier reads it.
base::Result<TableName> parse_table_name(std::string_view text);

}  // namespace keyshift::config
