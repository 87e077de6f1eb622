// SPDX-License-Identifier: Apache-2.0
#include "collectors/keys/value_examine.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "collectors/key_table/columns.hpp"
#include "collectors/keys/clock_examine.hpp"
#include "collectors/keys/row_reader.hpp"
#include "collectors/keys/shared_hashes.hpp"
#include "domain/keys/plausible.hpp"

namespace keyshift::collectors {
namespace {

using base::Deadline;
using base::Duration;
using base::Errc;
using base::Result;
using domain::RowProblem;
using Kind = Finding::Kind;

/// Of fewer rows a lookup without an index costs little.
constexpr std::uint64_t kFew = 1'000;

struct Values {
    std::uint64_t rows = 0;
    domain::RowProblemCounts problems{};
    Duration ahead{};                         // the last use that lies farthest in the future
    bool ahead_for_ever = false;              // it is infinite
    base::Time newest = base::kInfinitePast;  // use or creation, as far as it is not ahead
    bool hash_as_id = false;
};

void add(const domain::KeyRow& row, base::Time now, Values& values) {
    ++values.rows;
    const domain::Key key = domain::plausible(row, now);
    domain::add(key.problems, values.problems);
    for (const auto& at : {key.created_at, key.use_ahead ? std::nullopt : key.last_used_at})
        if (at) values.newest = std::max(values.newest, *at);
    values.hash_as_id = values.hash_as_id || domain::holds_a_hash(row.id);
    if (!key.use_ahead) return;
    values.ahead_for_ever = values.ahead_for_ever || *key.use_ahead == base::kInfiniteFuture;
    if (*key.use_ahead != base::kInfiniteFuture) values.ahead = std::max(values.ahead, *key.use_ahead - now);
}

Result<Values> read_values(const KeyTableSnapshot& table, const SharedHashes& shared, Deadline deadline) {
    Values values;
    const base::Time now = table.transaction.moment();
    auto copied = table.transaction.copy(table.source.select_all(), deadline,
                                         [&](drivers::PostgresRow& bytes) -> Result<void> {
                                             domain::KeyRow row = KeySource::read(bytes);
                                             row.hash_shared = shared.count(domain::hash_id(row.id)) != 0;
                                             add(row, now, values);
                                             return {};
                                         });
    if (!copied) return copied.error();
    return values;
}

std::string keys(std::uint64_t count, std::string_view one, std::string_view several) {
    return std::to_string(count) + " " + std::string(count == 1 ? one : several);
}

struct Sentence {
    RowProblem problem;
    std::string_view one, several;  // behind the number
    std::string_view remedy;
};
constexpr std::array<Sentence, domain::kRowProblems.size()> kSentences{{
    {RowProblem::expiry_before_creation,
     "key expires before it was created: taken for one that never expires",
     "keys expire before they were created: taken for ones that never expire",
     "where a zero time means never, the gateway should write NULL"},
    {RowProblem::expiry_before_use, "key was used after it expired: taken for one that never expires",
     "keys were used after they expired: taken for ones that never expire",
     "see whether the gateway looks at the expiry at all; if not, set gateway.columns.expires_at: null"},
    {RowProblem::budget_not_positive, "key has a budget of zero or less: taken for none",
     "keys have a budget of zero or less: taken for none",
     "where zero means unlimited, the gateway should write NULL"},
    {RowProblem::use_before_creation, "key was last used before it was created: taken for never used",
     "keys were last used before they were created: taken for never used",
     "where a zero time means never, the gateway should write NULL"},
    {RowProblem::use_in_future, "key was last used ahead of the database's clock",
     "keys were last used ahead of the database's clock",
     "the column should hold UTC, or be a timestamptz; what it says counts as now, each time that it "
     "changes"},
    {RowProblem::creation_unknown,
     "key has no time of creation: taken for one created when keyshift first saw it",
     "keys have no time of creation: taken for ones created when keyshift first saw them",
     "name a column that holds it in gateway.columns.created_at"},
    {RowProblem::flag_unknown,
     "key has NULL where it should say whether it is blocked, or legacy: taken for not blocked, and for "
     "legacy",
     "keys have NULL where they should say whether they are blocked, or legacy: taken for not blocked, and "
     "for legacy",
     "where NULL means no, a view with coalesce(…, false) says so"},
    {RowProblem::hash_empty, "key has an empty lookup hash: taken for legacy",
     "keys have an empty lookup hash: taken for legacy", "the gateway should write NULL where there is none"},
    {RowProblem::hash_malformed,
     "key has a lookup hash that is none by its length or characters: taken for legacy",
     "keys have a lookup hash that is none by its length or characters: taken for legacy",
     "if the gateway writes them so, say how they table in gateway.columns.lookup_hash: {column, length, "
     "characters}"},
    {RowProblem::hash_short,
     "key has a lookup hash of fewer than 16 octets, which is hardly one: taken for modern all the same",
     "keys have a lookup hash of fewer than 16 octets, which is hardly one: taken for modern all the same",
     "if they are placeholders, say how a real one looks in gateway.columns.lookup_hash: {column, length, "
     "characters}; those keys are legacy then"},
    {RowProblem::hash_shared, "key has the same lookup hash as another one: taken for legacy",
     "keys share their lookup hash with another one, in a column that is not unique: taken for legacy",
     "a gateway finds one of them, or refuses all: give each a new key"},
    {RowProblem::neither,
     "key fits neither gateway.legacy_when nor the shape of a lookup hash: taken for legacy",
     "keys fit neither gateway.legacy_when nor the shape of a lookup hash: taken for legacy",
     "complete gateway.legacy_when or gateway.columns.lookup_hash"},
}};

std::string ahead(const Values& values) {
    std::string out;
    if (values.ahead > Duration{0})
        out = ", up to " + base::format_duration(std::chrono::round<std::chrono::minutes>(values.ahead)) +
              " ahead";
    if (values.ahead_for_ever) out += ", infinitely far";
    return out + ": local time?";
}

/// West of Greenwich local times look like uses long ago, which no single value shows.
bool is_behind(const Values& values, const ZonelessColumns& columns, base::Time now) {
    return columns.offset < Duration{0} && values.newest != base::kInfinitePast &&
           values.newest <= now + columns.offset + domain::kFutureTolerance;
}

void append_problems(const Values& values, const std::optional<ZonelessColumns>& zoneless, base::Time now,
                     std::vector<Finding>& out) {
    const std::size_t before = out.size();
    if (zoneless && is_behind(values, *zoneless, now)) {
        out.push_back({Kind::warning,
                       "times without a zone (" + zoneless->names +
                           ") are read as UTC, and none is later than the local time of the database, " +
                           zoneless->zone + ": local time? A use would then look " +
                           base::format_duration(-zoneless->offset) + " older than it is",
                       zoneless->remedy});
    }
    for (const Sentence& sentence : kSentences) {
        const std::uint64_t count = values.problems.at(static_cast<std::size_t>(sentence.problem));
        if (count == 0) continue;
        std::string what = keys(count, sentence.one, sentence.several);
        if (sentence.problem == RowProblem::use_in_future) what += ahead(values);
        const bool zone = sentence.problem == RowProblem::use_in_future && zoneless;
        out.push_back(
            {Kind::warning, std::move(what), zone ? zoneless->remedy : std::string(sentence.remedy)});
    }
    if (values.hash_as_id) {
        out.push_back({Kind::failure,
                       "the column gateway.columns.id holds password hashes: they are not shown",
                       "name a column without a hash, such as the prefix of the key", Errc::schema});
    }
    if (out.size() == before) {
        out.push_back({Kind::ok, "no value of the " + keys(values.rows, "row", "rows") +
                                     " of the key table contradicts another one"});
    }
}

Result<std::uint64_t> count(const KeyTableSnapshot& table, const std::string& query, Deadline deadline) {
    const auto rows = table.transaction.query(query, deadline);
    if (!rows) return rows.error();
    return rows->size() == 1 ? count_in(rows->at(0, 0)) : 0;
}

void append_index(const KeyTableSnapshot& table, std::uint64_t rows, std::vector<Finding>& out) {
    const LookupFacts& lookup = table.source.lookup();
    if (!lookup.found || lookup.indexed || !lookup.can_be_indexed || rows < kFew) return;
    const std::string& column = table.source.lookup_name();
    out.push_back({Kind::warning,
                   "lookups by " + column + " have no index: the gateway reads all " + std::to_string(rows) +
                       " rows for each of them",
                   "as the table's owner, run" +
                       std::string(lookup.partitioned ? ", when it may hold up writes (or on each partition "
                                                        "before, CONCURRENTLY): CREATE INDEX ON "
                                                      : ": CREATE INDEX CONCURRENTLY ON ") +
                       base_table(table.gateway).sql() + " (" + config::Identifier{column}.sql() + ");"});
}

Result<void> append_counts(const KeyTableSnapshot& table, std::vector<Finding>& out, Deadline deadline) {
    if (const std::string slow = table.source.slow_count_query();
        !slow.empty() && !table.source.is_shapeless()) {
        const auto found = count(table, slow, deadline);
        if (!found) return found.error();
        if (*found > 0) {
            out.push_back({Kind::ok, keys(*found, "value", "values") + " of column " +
                                         table.source.lookup_name() +
                                         " begin like a slow hash: those are the legacy ones"});
        }
    }
    if (table.source.lookup().id_unique) return {};
    const auto twice = count(table, table.source.repeated_count_query(), deadline);
    if (!twice) return twice.error();
    if (*twice > 0) {
        out.push_back({Kind::warning,
                       "ids are not unique: " + keys(*twice, "id stands", "ids stand") +
                           " in several rows of " + table.source.title() + ", and each counts once",
                       "where a view joins other tables, let it show each key once, as SELECT DISTINCT ON "
                       "(id) does; where "
                       "rows are valid for a time, a view of those that are valid now"});
    }
    return {};
}

Result<void> append_values(const KeyTableSnapshot& table, std::vector<Finding>& out, Deadline deadline) {
    if (auto told = check_forms(table.transaction, table.source, deadline); !told) {
        if (told.error().code != Errc::schema) return told;
        out.push_back(failure(told.error()));
    }
    if (auto counted = append_counts(table, out, deadline); !counted) return counted;
    SharedHashFinder shared(1.0);
    if (auto found = shared.refresh(table.transaction, table.source, deadline); !found) return found;
    const auto values = read_values(table, shared.keys(), deadline);
    if (!values) return values.error();
    append_index(table, values->rows, out);
    const auto zoneless = zoneless_columns(table, deadline);
    if (!zoneless) return zoneless.error();
    append_problems(*values, *zoneless, table.transaction.moment(), out);
    return {};
}

}  // namespace

std::vector<Finding> examine_values(const KeyTableSnapshot& table, Deadline deadline) {
    std::vector<Finding> out;
    const auto done = append_values(table, out, deadline);
    if (done) return out;
    if (done.error().code == Errc::timeout) {
        out.push_back({Kind::warning, "the key table is too large to be read within the collector's timeout",
                       "keyshift_rows_implausible of the daemon counts the rows with wrong values"});
    } else {
        out.push_back(failure(done.error()));
    }
    return out;
}

}  // namespace keyshift::collectors
