// SPDX-License-Identifier: Apache-2.0
#include "collectors/key_table/lookup_facts.hpp"

#include <string_view>

namespace keyshift::collectors {
namespace {

/// As pg_get_expr() writes them: NULL::text, ''::character varying, '\\x'::bytea.
bool is_harmless(std::string_view expression) {
    const std::string_view value = expression.substr(0, expression.find("::"));
    return value.empty() || value == "NULL" || value == "''" || value == "'\\x'";
}

}  // namespace

base::Result<LookupFacts> lookup_facts(drivers::PostgresTransaction& transaction, const LookupColumn& column,
                                       base::Deadline deadline) {
    // A unique index of other columns too, or of some rows, does not keep a value from standing in two rows.
    static const std::string kQuery =
        "SELECT coalesce(bool_or(a.attname = $4), false), "
        "max(pg_catalog.pg_get_expr(d.adbin, d.adrelid)) FILTER (WHERE a.attname = $4), "
        "coalesce(bool_or(i.indkey[0] = a.attnum) FILTER (WHERE a.attname = $4), false), "
        "coalesce(bool_or(i.indkey[0] = a.attnum AND i.indisunique AND i.indnkeyatts = 1 AND "
        "(i.indpred IS NULL OR pg_catalog.pg_get_expr(i.indpred, i.indrelid) = "
        "'(' || pg_catalog.quote_ident(a.attname) || ' IS NOT NULL)')) FILTER (WHERE a.attname = $4), "
        "false), "
        "coalesce(bool_or(i.indkey[0] = a.attnum AND i.indisunique AND i.indnkeyatts = 1 AND i.indpred IS "
        "NULL) "
        "FILTER (WHERE a.attname = $5), false), "
        "max(c.relkind::pg_catalog.text), "
        "coalesce(bool_or(a.attgenerated = 'v') FILTER (WHERE a.attname = $4), false) "
        "FROM pg_catalog.pg_class o JOIN pg_catalog.pg_namespace s ON s.oid = o.relnamespace, "
        "pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
        "JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND "
        "a.attname IN ($4, $5) "
        "LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum AND a.attgenerated = "
        "'' "
        "LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisvalid AND i.indkey[0] = a.attnum "
        "WHERE o.oid = pg_catalog.to_regclass($1)::pg_catalog.oid AND (CASE WHEN $2 = '' THEN c.oid = o.oid "
        "ELSE "
        "c.relname = $2 AND n.nspname = coalesce(nullif($3, ''), s.nspname) END)";
    const auto rows = transaction.query(
        kQuery, deadline,
        {column.table, column.base.name, column.base.schema, column.hash.name, column.id.name});
    if (!rows) return rows.error();
    LookupFacts facts;
    if (rows->size() != 1) return facts;
    const auto holds = [&](std::size_t at) { return rows->at(0, at) == "t"; };
    facts.found = holds(0);
    facts.has_default = !is_harmless(rows->at(0, 1).value_or(""));
    facts.indexed = holds(2);
    facts.unique = holds(3);
    facts.id_unique = holds(4);
    const auto kind = rows->at(0, 5).value_or("");
    facts.partitioned = kind == "p";
    facts.can_be_indexed = (facts.partitioned || kind == "r" || kind == "m") && !holds(6);
    return facts;
}

}  // namespace keyshift::collectors
