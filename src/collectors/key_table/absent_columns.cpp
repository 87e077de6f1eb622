// SPDX-License-Identifier: Apache-2.0
#include "collectors/key_table/absent_columns.hpp"

#include <algorithm>
#include <optional>

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "config/presets/preset.hpp"

namespace keyshift::collectors {
namespace {

using base::Errc;
using base::Error;
using config::Gateway;
using config::Identifier;

constexpr std::size_t kMostShown = 20;

struct Key {
    std::string name;                  // in the configuration
    std::optional<Identifier> column;  // empty: none
    bool may_be_null = true;
};

std::vector<Key> keys_of(const Gateway& gateway) {
    const config::Columns& named = gateway.columns;
    const auto blocked = named.blocked ? std::optional(named.blocked->column) : std::nullopt;
    std::vector<Key> out{{"id", named.id, false},
                         {"lookup_hash", named.lookup_hash},
                         {"legacy", named.legacy},
                         {"owner", named.owner},
                         {"name", named.name},
                         {"prefix", named.prefix},
                         {"created_at", named.created_at, false},
                         {"last_used_at", named.last_used_at},
                         {"expires_at", named.expires_at},
                         {"blocked", blocked},
                         {"max_budget", named.max_budget},
                         {"current_spend", named.current_spend}};
    for (Key& key : out) key.name.insert(0, "gateway.columns.");
    const auto when = gateway.legacy_when ? std::optional(gateway.legacy_when->column) : std::nullopt;
    out.push_back({"gateway.legacy_when.column", when, false});
    return out;
}

bool has(const std::vector<std::string>& present, const std::string& name) {
    return std::find(present.begin(), present.end(), name) != present.end();
}

/// As the configuration writes it.
std::string written(const std::string& name) {
    const auto parsed = config::parse_identifier(name);
    return parsed && parsed->name == name ? name : "'" + Identifier{name}.sql() + "'";
}

/// One of the columns that is likely meant by what is configured for `key`; empty: nothing tells.
std::string meant(const Key& key, const std::vector<std::string>& present, const Gateway& gateway) {
    for (const std::string& name : present)
        if (base::equals_ignoring_case(name, key.column->name)) return name;
    for (const Key& usual : keys_of(config::facts_of(gateway.preset).gateway))
        if (usual.name == key.name && usual.column && has(present, usual.column->name))
            return usual.column->name;
    return {};
}

std::string list(const std::vector<std::string>& names) {
    std::string out;
    for (std::size_t i = 0; i < std::min(names.size(), kMostShown); ++i)
        out += (out.empty() ? "" : ", ") + base::escape_unsafe(names[i]);
    return names.size() > kMostShown ? out + ", ..." : out;
}

/// Those of `present` that no key names: one of them is meant.
std::string unused(const std::vector<std::string>& present, const Gateway& gateway) {
    std::vector<std::string> out;
    const auto named = keys_of(gateway);
    for (const std::string& name : present) {
        const bool used = std::any_of(named.begin(), named.end(), [&name](const Key& key) {
            return key.column && key.column->name == name;
        });
        const auto& slow = gateway.columns.bcrypt_hash;
        if (!used && !(slow && slow->name == name)) out.push_back(name);
    }
    return out.empty() ? std::string() : " (columns without a key: " + list(out) + ")";
}

std::string advice(const Key& key, const std::vector<std::string>& present, const Gateway& gateway) {
    if (const std::string name = meant(key, present, gateway); !name.empty())
        return "set " + key.name + ": " + base::escape_unsafe(written(name));
    const bool is_hash = gateway.columns.lookup_hash && *gateway.columns.lookup_hash == *key.column;
    return (is_hash ? "start the upgraded gateway once (it adds its columns), or " : "") +
           ("name the right one in " + key.name) +
           (key.may_be_null && !is_hash ? ", or set it to null" : "") + unused(present, gateway);
}

std::string name_of(const config::TableName& table) {
    return (table.schema.empty() ? "" : table.schema + ".") + table.name;
}

}  // namespace

Error absent_columns(const std::vector<Identifier>& absent, const std::vector<std::string>& present,
                     const Gateway& gateway) {
    std::vector<std::string> names;
    std::string hint;
    for (const Identifier& column : absent) {
        names.push_back(column.name);
        for (const Key& key : keys_of(gateway))
            if (key.column == column) hint += (hint.empty() ? "" : "; ") + advice(key, present, gateway);
    }
    const std::string table = "table " + name_of(gateway.table);
    for (const Identifier& column : absent)
        for (const std::string& name : present)
            if (base::equals_ignoring_case(name, column.name)) {
                return {Errc::schema,
                        table + " has a column " + base::escape_unsafe(name) +
                            ", whose name differs from the configured one by upper and lower case",
                        hint};
            }
    return {Errc::schema, table + " has no column " + list(names), hint};
}

}  // namespace keyshift::collectors
