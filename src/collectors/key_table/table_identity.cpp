// SPDX-License-Identifier: Apache-2.0
#include "collectors/key_table/table_identity.hpp"

namespace keyshift::collectors {

base::Result<domain::TableIdentity> identity_of(drivers::PostgresTransaction& transaction,
                                                const std::string& table, base::Deadline deadline) {
    const auto rows = transaction.query(
        "WITH RECURSIVE part(oid) AS (SELECT to_regclass($1)::oid UNION SELECT d.refobjid FROM part JOIN "
        "pg_rewrite r ON r.ev_class = part.oid JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND "
        "d.objid = r.oid AND d.refclassid = 'pg_class'::regclass) "
        "SELECT (SELECT system_identifier::text FROM pg_control_system()), "
        "(SELECT datname || ' (' || oid::text || ')' FROM pg_database WHERE datname = current_database()), "
        "(SELECT string_agg(c.oid::text, ' ' ORDER BY c.oid) FROM part JOIN pg_class c USING (oid) "
        "WHERE c.relkind IN ('r', 'p', 'm', 'f'))",
        deadline, {table});
    if (!rows) return rows.error();
    domain::TableIdentity out;
    out.system = rows->at(0, 0).value_or("");
    out.database = rows->at(0, 1).value_or("");
    out.relations = rows->at(0, 2).value_or("");
    out.table = table;
    return out;
}

}  // namespace keyshift::collectors
