// SPDX-License-Identifier: Apache-2.0
#include "formats/statements/tree.hpp"

#include "formats/statements/pg_query.hpp"
#include "formats/statements/sql_reader.hpp"

namespace keyshift::formats {

using base::Errc;
using base::Error;
using base::Result;

Result<StatementTree> read_statement(std::string_view sql) {
    const auto parsed = parse_sql(sql);
    if (!parsed) return parsed.error();
    simdjson::dom::parser parser;
    simdjson::dom::element document;
    if (parser.parse(*parsed).get(document) != simdjson::SUCCESS)
        return Error{Errc::parse, "the statement is nested too deep", {}};
    SqlReader reader;
    SqlNode(document).items("stmts", [&](SqlNode statement) { reader.read(statement["stmt"]); });
    if (!reader.complete()) return Error{Errc::parse, "the statement uses too many tables", {}};
    return reader.take();
}

Result<void> can_read_statements() {
    return load_pg_query();
}

}  // namespace keyshift::formats
