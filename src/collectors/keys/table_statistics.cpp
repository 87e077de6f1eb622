// SPDX-License-Identifier: Apache-2.0
#include "collectors/keys/table_statistics.hpp"

#include <charconv>

namespace keyshift::collectors {

using base::Result;
using drivers::PostgresTransaction;

Result<TableStatistics> TableStatistics::resolve(PostgresTransaction& transaction, const std::string& table,
                                                 base::Deadline deadline) {
    const auto rows = transaction.query(
        "WITH RECURSIVE part(oid) AS (SELECT pg_catalog.to_regclass($1)::pg_catalog.oid UNION "
        "SELECT below.oid FROM part CROSS JOIN LATERAL ("
        "SELECT d.refobjid AS oid FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_depend d ON "
        "d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid AND "
        "d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass WHERE r.ev_class = part.oid "
        "UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits i WHERE i.inhparent = part.oid) AS below) "
        "SELECT pg_catalog.array_agg(c.oid)::text FROM part JOIN pg_catalog.pg_class c USING (oid) "
        "WHERE c.relkind IN ('r', 'm', 'f')",
        deadline, {table});
    if (!rows) return rows.error();
    TableStatistics statistics;
    if (rows->size() == 1) statistics.tables_ = rows->at(0, 0).value_or("");
    return statistics;
}

Result<std::optional<std::int64_t>> TableStatistics::deleted(PostgresTransaction& transaction,
                                                             base::Deadline deadline) const {
    std::optional<std::int64_t> out;
    if (tables_.empty()) return out;
    const auto rows = transaction.query(
        "SELECT sum(pg_stat_get_tuples_deleted(oid)) FROM pg_class WHERE oid = ANY ($1::oid[]) HAVING NOT "
        "pg_is_in_recovery() AND bool_and(relkind = 'r')",
        deadline, {tables_});
    if (!rows) return rows.error();
    const auto text = rows->size() == 1 ? rows->at(0, 0).value_or("") : std::string_view{};
    std::int64_t value = 0;
    if (!text.empty() && std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc{})
        out = value;
    return out;
}

Result<std::uint64_t> TableStatistics::rows(PostgresTransaction& transaction, base::Deadline deadline) const {
    if (tables_.empty()) return 0;
    const auto rows = transaction.query(
        "SELECT coalesce(sum(greatest(reltuples, 0)), 0)::bigint FROM pg_class WHERE oid = ANY ($1::oid[])",
        deadline, {tables_});
    if (!rows) return rows.error();
    const auto text = rows->at(0, 0).value_or("");
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

}  // namespace keyshift::collectors
