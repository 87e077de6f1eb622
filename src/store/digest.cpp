// SPDX-License-Identifier: Apache-2.0
#include "store/digest.hpp"

#include <algorithm>
#include <array>

#include <sqlite3.h>
#include <zlib.h>

namespace keyshift::store {
namespace {

using base::Result;

constexpr const char* kRowChanged = "row_changed";
constexpr const char* kRowsDigest = "rows_digest";

/// The tables' definitions, without the pages that they stand on.
constexpr const char* kSchema = "sqlite_schema";
constexpr const char* kSchemaDigest = "SELECT rows_digest(type, name, tbl_name, sql) FROM sqlite_schema";

/// What grows with the number of legacy keys.
constexpr std::string_view kKeys = "legacy_key";
constexpr std::array<std::string_view, 3> kJournal{kKeys, "legacy_state", "pairing"};

/// Checksums alone are linear: the same change of two rows would take itself back. The steps are those of the
/// end of MurmurHash3 (Austin Appleby, public domain). Without the sign, which SQLite's texts of numbers have
/// no room for.
std::uint64_t spread(std::uint64_t checksum) {
    std::uint64_t out = checksum;
    out = (out ^ (out >> 33U)) * 0xff51afd7ed558ccdULL;
    out = (out ^ (out >> 33U)) * 0xc4ceb9fe1a85ec53ULL;
    return (out ^ (out >> 33U)) >> 1U;
}

std::uint64_t checksum_of(int count, sqlite3_value** values) {
    thread_local RowBytes row;
    row.clear();
    for (int i = 0; i < count; ++i) {
        sqlite3_value* const value = *(values + i);
        const int type = sqlite3_value_type(value);
        if (type == SQLITE_NULL) {
            row.null();
        } else if (type == SQLITE_INTEGER) {
            row.integer(sqlite3_value_int64(value));
        } else {
            const auto* const text = static_cast<const char*>(sqlite3_value_blob(value));
            const auto size = static_cast<std::size_t>(sqlite3_value_bytes(value));
            row.text(text == nullptr ? std::string_view() : std::string_view(text, size));
        }
    }
    return row.checksum();
}

/// row_changed(table's number, columns ...)
void row_changed(sqlite3_context* context, int count, sqlite3_value** values) {
    auto* const digest = static_cast<Digest*>(sqlite3_user_data(context));
    digest->note(static_cast<std::size_t>(sqlite3_value_int64(*values)), checksum_of(count - 1, values + 1));
}

void add_row(sqlite3_context* context, int count, sqlite3_value** values) {
    auto* const sum = static_cast<std::uint64_t*>(sqlite3_aggregate_context(context, sizeof(std::uint64_t)));
    if (sum != nullptr) *sum ^= checksum_of(count, values);
}

void rows_digest(sqlite3_context* context) {
    const auto* const sum = static_cast<std::uint64_t*>(sqlite3_aggregate_context(context, 0));
    sqlite3_result_int64(context, sum == nullptr ? 0 : static_cast<sqlite3_int64>(*sum));
}

bool is_of(std::string_view table, DigestOf part) {
    return (std::ranges::find(kJournal, table) != kJournal.end()) == (part == DigestOf::journal);
}

Result<std::vector<std::string>> texts(Sqlite& database, const std::string& sql) {
    std::vector<std::string> out;
    Statement statement(database, sql);
    for (auto row = statement.step();; row = statement.step()) {
        if (!row) return row.error();
        if (!*row) return out;
        out.emplace_back(statement.text(0));
    }
}

Result<std::vector<std::string>> tables_of(Sqlite& database) {
    return texts(database,
                 "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'digest' AND name NOT LIKE "
                 "'sqlite!_%' ESCAPE '!' ORDER BY name");
}

/// "before.a, before.b, ..."
Result<std::string> columns_of(Sqlite& database, const std::string& table, const std::string& before) {
    const auto names = texts(database, "SELECT name FROM pragma_table_info('" + table + "') ORDER BY cid");
    if (!names) return names.error();
    std::string out;
    for (const std::string& name : *names) out += (out.empty() ? "" : ", ") + before + "\"" + name + "\"";
    return out;
}

}  // namespace

// Kinds and lengths count too: no two rows have the same bytes.
RowBytes& RowBytes::integer(std::int64_t number) {
    bytes_ += 'i';
    bytes_.append(reinterpret_cast<const char*>(&number), sizeof number);
    return *this;
}

RowBytes& RowBytes::text(std::string_view text) {
    bytes_ += 't';
    const std::uint64_t size = text.size();
    bytes_.append(reinterpret_cast<const char*>(&size), sizeof size);
    bytes_ += text;
    return *this;
}

RowBytes& RowBytes::null() {
    bytes_ += 'n';
    return *this;
}

std::uint64_t RowBytes::checksum() const {
    return spread(::crc32_z(0, reinterpret_cast<const Bytef*>(bytes_.data()), bytes_.size()));
}

Result<void> Digest::define(Sqlite& database) {
    const int code =
        sqlite3_create_function_v2(database.handle(), kRowsDigest, -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
                                   nullptr, nullptr, &add_row, &rows_digest, nullptr);
    if (code != SQLITE_OK) return database.error();
    return {};
}

std::string Digest::note_schema() {
    return std::string("INSERT OR REPLACE INTO digest VALUES ('") + kSchema + "', (" + kSchemaDigest + "));";
}

Result<void> Digest::follow(Sqlite& database) {
    auto tables = tables_of(database);
    if (!tables) return tables.error();
    tables_ = std::move(*tables);
    changed_.assign(tables_.size(), 0);
    if (sqlite3_create_function_v2(database.handle(), kRowChanged, -1, SQLITE_UTF8, this, &row_changed,
                                   nullptr, nullptr, nullptr) != SQLITE_OK)
        return database.error();
    // Else a row that is replaced would not be noted as gone.
    std::string sql = "PRAGMA recursive_triggers = ON;";
    for (std::size_t i = 0; i < tables_.size(); ++i) {
        const std::string& table = tables_[i];
        const auto old_row = columns_of(database, table, "OLD.");
        const auto new_row = columns_of(database, table, "NEW.");
        if (!old_row) return old_row.error();
        if (!new_row) return new_row.error();
        const std::string call = std::string(kRowChanged) + "(" + std::to_string(i) + ", ";
        const auto trigger = [&](const std::string& event, const std::string& calls) {
            sql += "CREATE TEMP TRIGGER " + event + "_" + table + " AFTER " + event + " ON main." + table +
                   " BEGIN SELECT " + calls + "; END;";
        };
        if (table == kKeys) {
            keys_ = i;
        } else {
            trigger("INSERT", call + *new_row + ")");
        }
        trigger("DELETE", call + *old_row + ")");
        trigger("UPDATE", call + *old_row + "), " + call + *new_row + ")");
    }
    return database.execute(sql);
}

Result<void> Digest::write(Sqlite& database) {
    for (std::size_t i = 0; i < tables_.size(); ++i) {
        if (changed_[i] == 0) continue;
        const std::string by = std::to_string(changed_[i]);
        // SQLite has no exclusive or.
        const std::string sql = "UPDATE digest SET value = (value | " + by + ") - (value & " + by +
                                ") WHERE name = '" + tables_[i] + "'";
        if (auto done = database.execute(sql); !done) return done;
    }
    forget();
    return {};
}

void Digest::forget() {
    std::ranges::fill(changed_, 0);
}

Result<std::string> damaged_tables(Sqlite& database, DigestOf part) {
    const auto tables = tables_of(database);
    if (!tables) return tables.error();
    std::string out;
    const auto compare = [&](const std::string& table, const std::string& digest) -> Result<void> {
        const auto differs = database.integer("SELECT coalesce((SELECT value FROM digest WHERE name = '" +
                                              table + "'), -1) <> (" + digest + ")");
        if (!differs) return differs.error();
        if (*differs != 0) out += (out.empty() ? "" : ", ") + table;
        return {};
    };
    if (part == DigestOf::all_else)
        if (auto compared = compare(kSchema, kSchemaDigest); !compared) return compared.error();
    for (const std::string& table : *tables) {
        if (!is_of(table, part)) continue;
        const auto columns = columns_of(database, table, "");
        if (!columns) return columns.error();
        const std::string digest = "SELECT rows_digest(" + *columns + ") FROM main." + table;
        if (auto compared = compare(table, digest); !compared) return compared.error();
    }
    return out;
}

}  // namespace keyshift::store
