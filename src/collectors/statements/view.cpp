// SPDX-License-Identifier: Apache-2.0
#include "collectors/statements/view.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include "collectors/shared/database.hpp"
#include "collectors/shared/provider.hpp"
#include "config/presets/preset.hpp"

namespace keyshift::collectors {

using base::Deadline;
using base::Errc;
using base::Error;
using base::Result;
using drivers::PostgresTransaction;

namespace {

Error standby() {
    return {Errc::schema,
            "the server is a standby: its statistics do not hold what the gateway runs on the primary",
            "name the primary in database_url, or all hosts with target_session_attrs=read-write"};
}

/// `libraries`: those that are loaded, as the server writes them; empty: it does not tell this user.
Error not_loaded(std::optional<std::string_view> libraries, Provider provider) {
    constexpr std::string_view kWhat = "pg_stat_statements is not loaded";
    if (!libraries && provider == Provider::nobody) {
        return {Errc::schema, std::string(kWhat),
                "as superuser, run in psql, which keeps what is loaded now, and restart PostgreSQL: SELECT "
                "'ALTER SYSTEM SET "
                "shared_preload_libraries = ' || string_agg(quote_literal(btrim(name, ' \"')), ', ' ORDER BY "
                "place) FROM unnest(array_append(string_to_array(nullif(current_setting("
                "'shared_preload_libraries'), ''), ','), 'pg_stat_statements')) WITH ORDINALITY AS l(name, "
                "place) \\gexec"};
    }
    std::string names;
    for (std::string_view rest = libraries.value_or(""); !rest.empty();) {
        const std::size_t end = std::min(rest.find(','), rest.size());
        std::string_view name = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        while (name.starts_with(' ') || name.starts_with('"')) name.remove_prefix(1);
        while (name.ends_with(' ') || name.ends_with('"')) name.remove_suffix(1);
        if (!name.empty()) names += "'" + std::string(name) + "', ";
    }
    return {Errc::schema, std::string(kWhat), load_statistics(provider, names)};
}

Error not_created(Provider provider) {
    return {Errc::schema, "the extension pg_stat_statements is not in this database",
            "run there " + as_administrator(provider) + ": CREATE EXTENSION pg_stat_statements;"};
}

Error not_tracked(std::string_view track, Provider provider) {
    return {Errc::schema, "pg_stat_statements.track is " + std::string(track) + ": no statement is counted",
            set_parameter(provider, "pg_stat_statements.track", "'top'", false)};
}

/// compute_query_id may be off; and after a start with `off`, `auto` does not switch it on.
Error not_counted(Provider provider) {
    return {Errc::schema, "no statement is counted, for want of query ids",
            set_parameter(provider, "compute_query_id", "'on'", false)};
}

Error not_permitted(std::string_view user, const std::string& grant, Provider provider) {
    return {Errc::permission, "user " + std::string(user) + " may not read the statements of other users",
            as_administrator(provider) + ", run: " + grant};
}

std::uint64_t number(std::optional<std::string_view> text) {
    std::uint64_t value = 0;
    if (text) std::from_chars(text->data(), text->data() + text->size(), value);
    return value;
}

std::string text(std::optional<std::string_view> value) {
    return std::string(value.value_or(""));
}

/// For ILIKE: `%name%`, as an item of an array.
std::string item_of_array(const std::string& name) {
    std::string pattern = "%";
    for (const char c : name) {
        // A double quote is doubled in a statement.
        if (c == '%' || c == '_' || c == '\\') pattern += '\\';
        pattern += c == '"' ? '%' : c;
    }
    pattern += "%";
    std::string out = "\"";
    for (const char c : pattern) out += c == '\\' ? "\\\\" : std::string(1, c);
    return out + "\"";
}

std::string array_of(const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& name : names) {
        out += out.empty() ? "\"" : ",\"";
        for (const char c : name) out += c == '"' || c == '\\' ? std::string{'\\', c} : std::string(1, c);
        out += '"';
    }
    return "{" + out + "}";
}

constexpr const char* kTime = "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'";

}  // namespace

/// What can tell that something came between two queries.
struct StatementView::Moment {
    base::Time now;
    std::string reset_at;
    std::optional<std::uint64_t> evictions;
};

/// What one transaction read. Its rows belong to one time between two resets only if these are the same.
struct StatementView::Snapshot {
    Moment before, after;
    drivers::PostgresRows rows;
    bool may_have_evicted = false;
};

Result<std::vector<std::string>> StatementView::tables(PostgresTransaction& transaction,
                                                       const config::Gateway& gateway, Deadline deadline) {
    if (gateway.statements.table) return std::vector<std::string>{gateway.statements.table->name};
    const auto oid = find_table(transaction, gateway.table, deadline);
    if (!oid && oid.error().code != Errc::permission) return oid.error();
    if (!oid || oid->empty()) return std::vector<std::string>{gateway.table.name};
    // A view may join other tables: the one that is meant has the columns. The gateway may read the view,
    // too, if there are hashes in it.
    const config::Columns& presumed = config::facts_of(gateway.preset).gateway.columns;
    const auto hash = [](const auto& column, const auto& otherwise) {
        return column ? column->name : otherwise ? otherwise->name : std::string();
    };
    const auto rows = transaction.query(
        "WITH RECURSIVE below(oid) AS (SELECT $1::pg_catalog.oid UNION "
        "SELECT d.refobjid FROM below JOIN pg_catalog.pg_rewrite r ON r.ev_class = below.oid "
        "JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND "
        "d.objid = r.oid AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass) "
        "SELECT DISTINCT c.relname FROM below JOIN pg_catalog.pg_class c USING (oid) "
        "WHERE 2 = (SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute a "
        "WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.attname IN ($2, $3)) "
        "AND (c.relkind IN ('r', 'p', 'f') OR EXISTS (SELECT 1 FROM pg_catalog.pg_attribute a "
        "WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.attname IN ($4, $5))) ORDER BY 1",
        deadline,
        {*oid, gateway.columns.id.name,
         gateway.columns.last_used_at.value_or(gateway.columns.created_at).name,
         hash(gateway.columns.bcrypt_hash, presumed.bcrypt_hash),
         hash(gateway.columns.legacy_hash, presumed.legacy_hash)});
    if (!rows) return rows.error();
    std::vector<std::string> names;
    for (std::size_t i = 0; i < rows->size(); ++i) names.push_back(text(rows->at(i, 0)));
    if (names.empty()) names.push_back(gateway.table.name);
    return names;
}

Result<std::vector<std::string>> StatementView::functions(PostgresTransaction& transaction,
                                                          const std::vector<std::string>& tables,
                                                          Deadline deadline) const {
    std::vector<std::string> names;
    if (track_ == "all") return names;
    const auto rows = transaction.query(
        "SELECT DISTINCT p.proname FROM pg_catalog.pg_proc p WHERE p.pronamespace NOT IN "
        "('pg_catalog'::pg_catalog.regnamespace, 'information_schema'::pg_catalog.regnamespace) AND "
        "(EXISTS (SELECT 1 FROM pg_catalog.unnest($1::pg_catalog.text[]) t "
        "WHERE pg_catalog.strpos(pg_catalog.lower(p.prosrc), pg_catalog.lower(t)) > 0) OR "
        "EXISTS (SELECT 1 FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class c ON c.oid = d.refobjid "
        "WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND "
        "d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND "
        "c.relname = ANY ($1::pg_catalog.text[]))) AND p.prorettype <> "
        "'pg_catalog.trigger'::pg_catalog.regtype "
        "ORDER BY 1 LIMIT 100",
        deadline, {array_of(tables)});
    if (!rows) return rows.error();
    for (std::size_t i = 0; i < rows->size(); ++i) names.push_back(text(rows->at(i, 0)));
    return names;
}

Result<bool> StatementView::shares_identities(PostgresTransaction& transaction,
                                              const std::vector<std::string>& tables, Deadline deadline) {
    const auto rows = transaction.query(
        "SELECT current_setting('server_version_num')::int >= 180000 AND EXISTS (SELECT 1 FROM pg_class "
        "WHERE relname = ANY ($1::text[]) AND relkind IN ('r', 'p', 'v', 'm', 'f') "
        "GROUP BY relname HAVING count(*) > 1)",
        deadline, {array_of(tables)});
    if (!rows) return rows.error();
    return rows->at(0, 0) == "t";
}

Result<StatementView> StatementView::resolve(PostgresTransaction& transaction, Deadline deadline) {
    // Its settings are known only where the library was loaded when the server started; elsewhere they can
    // stand in postgresql.conf all the same, where current_setting() finds them.
    const auto rows = transaction.query(
        "SELECT (SELECT setting FROM pg_settings WHERE name = 'pg_stat_statements.max'), "
        "current_setting('pg_stat_statements.track', true), "
        "(SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace "
        "WHERE e.extname = 'pg_stat_statements'), "
        "pg_has_role(current_user, 'pg_read_all_stats', 'USAGE'), current_user, pg_is_in_recovery(), "
        "(SELECT setting FROM pg_settings WHERE name = 'shared_preload_libraries'), "
        "(SELECT oid FROM pg_roles WHERE rolname = current_user), " +
            std::string(kGrantOfStatistics) + ", " + provider_signs(),
        deadline);
    if (!rows) return rows.error();
    StatementView view;
    view.provider_ = provider_of(rows->at(0, 9));
    view.capacity_ = text(rows->at(0, 0));
    view.track_ = text(rows->at(0, 1));
    view.user_ = text(rows->at(0, 4));
    view.user_id_ = text(rows->at(0, 7));
    view.grant_ = text(rows->at(0, 8));
    if (rows->at(0, 5) == "t") return standby();
    if (view.capacity_.empty()) return not_loaded(rows->at(0, 6), view.provider_);
    if (!rows->at(0, 2)) return not_created(view.provider_);
    if (view.track_ == "none") return not_tracked(view.track_, view.provider_);
    if (rows->at(0, 3) != "t") return not_permitted(view.user_, view.grant_, view.provider_);
    if (auto columns = view.read_columns(transaction, text(rows->at(0, 2)), deadline); !columns)
        return columns.error();
    if (auto named = view.name_database(transaction, deadline); !named) return named.error();
    return view;
}

Result<void> StatementView::read_columns(PostgresTransaction& transaction, const std::string& schema,
                                         Deadline deadline) {
    view_ = schema + ".pg_stat_statements";
    const auto rows = transaction.query(
        "SELECT to_regclass($1 || '_info') IS NOT NULL, "
        "coalesce(bool_or(attname = 'toplevel'), false), coalesce(bool_or(attname = 'stats_since'), false), "
        "current_setting('server_version_num')::int >= 140000 "
        "FROM pg_attribute WHERE attrelid = to_regclass($1) AND NOT attisdropped",
        deadline, {view_});
    if (!rows) return rows.error();
    if (rows->at(0, 0) == "t") info_ = view_ + "_info";
    id_ = "userid::text || '/' || queryid::text || '/' || " +
          std::string(rows->at(0, 1) == "t" ? "toplevel::text" : "'true'");
    outdated_ = rows->at(0, 1) != "t" && rows->at(0, 3) == "t";
    since_ = rows->at(0, 2) == "t" ? "to_char(stats_since, " + std::string(kTime) + ")" : "''";
    return {};
}

Result<void> StatementView::name_database(PostgresTransaction& transaction, Deadline deadline) {
    const auto rows =
        transaction.query("SELECT oid FROM pg_database WHERE datname = current_database()", deadline);
    if (!rows) return rows.error();
    database_ = text(rows->at(0, 0));
    // Some hosted servers keep it to themselves.
    const auto may =
        transaction.query("SELECT has_function_privilege('pg_control_system()', 'EXECUTE')", deadline);
    if (!may) return may.error();
    if (may->at(0, 0) != "t") return {};
    const auto system = transaction.query("SELECT system_identifier FROM pg_control_system()", deadline);
    if (!system) return system.error();
    database_ = text(system->at(0, 0)) + "/" + database_;
    return {};
}

std::string StatementView::from(bool with_texts) const {
    return " FROM " + view_ + (with_texts ? "(true)" : "(false)") +
           " WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())";
}

Result<StatementView::Moment> StatementView::moment(PostgresTransaction& transaction,
                                                    Deadline deadline) const {
    const std::string time = "to_char(clock_timestamp(), " + std::string(kTime) +
                             "), pg_is_in_recovery(), current_setting('pg_stat_statements.track')";
    const auto rows = transaction.query(
        info_.empty() ? "SELECT " + time + ", NULL, NULL"
                      : "SELECT " + time + ", to_char(stats_reset, " + kTime + "), dealloc FROM " + info_,
        deadline);
    if (!rows) return rows.error();
    const auto now = rows->size() == 1 ? base::parse_rfc3339(rows->at(0, 0).value_or("")) : std::nullopt;
    if (!now) return Error{Errc::parse, "the database's clock gave no time", {}};
    if (rows->at(0, 1) == "t") return standby();
    // It may have been switched off since, and then nothing grows.
    if (rows->at(0, 2) == "none") return not_tracked("none", provider_);
    Moment moment{*now, text(rows->at(0, 3)), std::nullopt};
    if (!info_.empty()) moment.evictions = number(rows->at(0, 4));
    return moment;
}

// Its own query is counted before the next one begins.
Result<void> StatementView::prove_counting(PostgresTransaction transaction, Deadline deadline) const {
    const std::string own = "SELECT coalesce(sum(calls), 0)" + from(false) + " AND userid = " + user_id_;
    std::uint64_t before = 0;
    // An eviction in between takes calls away: once more then.
    for (int attempt = 0; attempt < 4; ++attempt) {
        const auto calls = transaction.query(own, deadline);
        if (!calls) return calls.error();
        const std::uint64_t now = number(calls->at(0, 0));
        if (attempt > 0 && now > before) return transaction.commit(deadline);
        before = now;
    }
    return not_counted(provider_);
}

Result<StatementView::Snapshot> StatementView::snapshot(PostgresTransaction& transaction,
                                                        Deadline deadline) const {
    auto before = moment(transaction, deadline);
    if (!before) return before.error();
    auto rows = transaction.query("SELECT " + id_ + ", calls, rows, " + since_ + from(false), deadline);
    if (!rows) return rows.error();
    auto after = moment(transaction, deadline);
    if (!after) return after.error();
    Snapshot out{*std::move(before), *std::move(after), *std::move(rows)};
    if (!info_.empty()) return out;
    const auto full = nearly_full(transaction, deadline);
    if (!full) return full.error();
    out.may_have_evicted = *full;
    return out;
}

Result<StatementStatistics> StatementView::read(drivers::Postgres& connection,
                                                PostgresTransaction::Limits limits, Deadline deadline) {
    // What is read between a reset and the poll at its time would count twice.
    for (;;) {
        auto transaction = PostgresTransaction::begin(connection, limits, deadline);
        if (!transaction) return transaction.error();
        const auto seen = snapshot(*transaction, deadline);
        if (!seen) return seen.error();
        if (auto ended = transaction->commit(deadline); !ended) return ended.error();
        if (seen->after.reset_at != seen->before.reset_at) continue;
        StatementStatistics out{database_,
                                seen->before.now,
                                seen->before.reset_at,
                                seen->before.evictions,
                                seen->may_have_evicted,
                                {},
                                user_id_};
        const drivers::PostgresRows& rows = seen->rows;
        std::map<std::string, std::size_t> at;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            if (!rows.at(i, 0)) return not_permitted(user_, grant_, provider_);
            const std::string id = text(rows.at(i, 0));
            const std::uint64_t calls = number(rows.at(i, 1));
            if (out.is_own(id)) out.own_calls += calls;
            // An extension older than its library shows one statement twice, nested and not, by one identity.
            const auto [known, is_new] = at.try_emplace(id, out.entries.size());
            if (is_new) {
                out.entries.push_back({id, text(rows.at(i, 3)), calls, number(rows.at(i, 2))});
            } else {
                out.entries[known->second].calls += calls;
                out.entries[known->second].rows += number(rows.at(i, 2));
            }
        }
        // As long as keyshift's own queries are counted, so are the gateway's, and no growth means no use.
        if (!own_calls_ || out.own_calls <= *own_calls_) {
            auto again = PostgresTransaction::begin(connection, limits, deadline);
            if (!again) return again.error();
            if (auto proven = prove_counting(*std::move(again), deadline); !proven) return proven.error();
        }
        own_calls_ = out.own_calls;
        return out;
    }
}

// An eviction drops a twentieth of the entries, or ten: as long as a tenth is free there was none.
Result<bool> StatementView::nearly_full(PostgresTransaction& transaction, Deadline deadline) const {
    const auto full = transaction.query(
        "SELECT count(*) >= 0.9 * current_setting('pg_stat_statements.max')::int FROM " + view_ + "(false)",
        deadline);
    if (!full) return full.error();
    return full->at(0, 0) == "t";
}

Result<std::vector<StatementText>> StatementView::texts(drivers::Postgres& connection,
                                                        PostgresTransaction::Limits limits,
                                                        const std::vector<std::string>& names,
                                                        Deadline deadline) const {
    std::string array;
    for (const std::string& name : names) array += (array.empty() ? "" : ",") + item_of_array(name);
    if (names.empty()) array = "%";
    auto transaction = PostgresTransaction::begin(connection, limits, deadline);
    if (!transaction) return transaction.error();
    const auto rows = transaction->query(
        "SELECT " + id_ +
            ", CASE WHEN query IS NULL OR query ILIKE ANY ($1::text[]) THEN query ELSE '' END, "
            "pg_get_userbyid(userid)" +
            from(true),
        deadline, {"{" + array + "}"});
    if (!rows) return rows.error();
    if (auto ended = transaction->commit(deadline); !ended) return ended.error();
    std::vector<StatementText> out;
    for (std::size_t i = 0; i < rows->size(); ++i) {
        const auto query = rows->at(i, 1);
        out.push_back({text(rows->at(i, 0)), query ? std::optional(std::string(*query)) : std::nullopt,
                       text(rows->at(i, 2))});
    }
    return out;
}

}  // namespace keyshift::collectors
