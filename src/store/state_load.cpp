// SPDX-License-Identifier: Apache-2.0
// Reading the state.
#include <algorithm>
#include <future>
#include <limits>

#include "store/state.hpp"
#include "store/statements.hpp"

namespace keyshift::store {
namespace {

using base::Result;
using domain::Phase;

/// The same, until `handle` fails.
template <class Handle>
Result<void> each_row_until(Statement& statement, const Handle& handle) {
    for (auto row = statement.step();; row = statement.step()) {
        if (!row) return row.error();
        if (!*row) return {};
        if (auto handled = handle(statement); !handled) return handled;
    }
}

constexpr const char* kKey =
    "SELECT k.row, k.id, k.owner, k.name, k.prefix, k.created_at, k.expires_at, k.bcrypt_cost, k.blocked, "
    "k.over_budget, k.first_seen_at, k.gone_at, k.gone_as, coalesce(s.last_used, k.last_used, 0), "
    "coalesce(s.longest_gap, 0), coalesce(s.since, k.first_seen_at / 1000000), coalesce(s.phase, k.phase), "
    "coalesce(s.candidate, k.phase, 0), coalesce(s.flags, 0), p.replacement, "
    "p.rule, p.at, "
    "p.used_at, k.use_ahead FROM legacy_key AS k LEFT JOIN legacy_state AS s USING (row) LEFT JOIN pairing "
    "AS p USING "
    "(row) ";

std::optional<std::string_view> text_or_none(const Statement& row, int column) {
    return row.is_null(column) ? std::nullopt : std::optional(row.text(column));
}

std::uint32_t small(const Statement& row, int column) {
    return static_cast<std::uint32_t>(row.integer(column));
}

/// The columns of kKey.
domain::Key read_key(const Statement& row) {
    domain::Key key;
    key.legacy = true;
    key.id = row.text(1);
    key.owner = text_or_none(row, 2);
    key.name = text_or_none(row, 3);
    key.prefix = row.text(4);
    key.created_at = from_micros(row.integer(5));
    key.expires_at = time_at(row, 6);
    if (!row.is_null(7)) key.bcrypt_cost = static_cast<int>(row.integer(7));
    key.blocked = row.integer(8) != 0;
    key.over_budget = row.integer(9) != 0;
    if (row.integer(13) != 0) key.last_used_at = base::Time{std::chrono::seconds{row.integer(13)}};
    key.use_ahead = time_at(row, 23);
    return key;
}

domain::KeyMemory read_memory(const Statement& row) {
    domain::KeyMemory memory;
    memory.row = small(row, 0);
    memory.gone = !row.is_null(11);
    memory.upgraded = row.text(12) == "upgraded";
    memory.last_used = small(row, 13);
    memory.longest_gap = small(row, 14);
    memory.since = small(row, 15);
    if (!row.is_null(16)) memory.phase = static_cast<Phase>(row.integer(16));
    memory.candidate = static_cast<Phase>(row.integer(17));
    memory.advanced = (row.integer(18) & kAdvanced) != 0;
    memory.in_use = (row.integer(18) & kInUse) != 0;
    memory.with_owner = (row.integer(18) & kWithOwner) != 0;
    memory.proved = (row.integer(18) & kProved) != 0;
    memory.beside = (row.integer(18) & kBeside) != 0;
    memory.behind = (row.integer(18) & kBehind) != 0;
    if (!row.is_null(19)) {
        memory.rule = static_cast<domain::PairRule>(row.integer(20));
        memory.replacement = domain::hash_id(row.text(19));
        memory.replacement_used =
            static_cast<std::uint32_t>(row.is_null(22) ? 0 : row.integer(22) / 1'000'000);
    }
    return memory;
}

Pairing read_pairing(const Statement& row, int first) {
    return {std::string(row.text(first)), static_cast<domain::PairRule>(row.integer(first + 1)),
            from_micros(row.integer(first + 2)), time_at(row, first + 3)};
}

/// Without events.
void read_history(const Statement& row, KeyHistory& out) {
    out.key = read_key(row);
    out.id = row.text(1);
    out.owner = row.text(2);
    out.name = row.text(3);
    out.prefix = row.text(4);
    out.key.id = out.id;
    out.key.prefix = out.prefix;
    if (out.key.owner) out.key.owner = out.owner;
    if (out.key.name) out.key.name = out.name;
    out.memory = read_memory(row);
    out.first_seen_at = from_micros(row.integer(10));
    out.gone_at = time_at(row, 11);
    out.pairing.reset();
    if (!row.is_null(19)) out.pairing = read_pairing(row, 19);
}

/// The one row of kKey that it finds; null: none.
Result<std::unique_ptr<KeyHistory>> find_history(Statement& keys) {
    std::unique_ptr<KeyHistory> out;
    const auto done = each_row(keys, [&](const Statement& row) {
        out = std::make_unique<KeyHistory>();
        read_history(row, *out);
    });
    if (!done) return done.error();
    return out;
}

constexpr const char* kEvent = "SELECT id, at, kind, row, was, phase, keys, detail FROM event ";

Event read_event(const Statement& row) {
    Event event;
    event.id = row.integer(0);
    event.at = from_micros(row.integer(1));
    event.kind = row.text(2);
    if (!row.is_null(3)) event.row = small(row, 3);
    if (!row.is_null(4)) event.was = static_cast<Phase>(row.integer(4));
    if (!row.is_null(5)) event.phase = static_cast<Phase>(row.integer(5));
    if (!row.is_null(6)) event.keys = static_cast<std::uint64_t>(row.integer(6));
    event.detail = row.text(7);
    return event;
}

Result<std::string> damaged_journal(const std::filesystem::path& file) {
    const auto database = Sqlite::open(file);
    if (!database) return database.error();
    if (auto defined = Digest::define(**database); !defined) return defined.error();
    return damaged_tables(**database, DigestOf::journal);
}

}  // namespace

Result<std::uint32_t> State::load_keys(
    const std::function<void(const domain::Key&, const domain::KeyMemory&)>& handle) {
    if (!database_) return not_open();
    // Beside, since all rows are read twice.
    auto digest = std::async(std::launch::async, [file = file_, whole = !daemons_ || !shared_] {
        return whole ? Result<std::string>(std::string()) : damaged_journal(file);
    });
    Statement keys(*database_,
                   std::string(kKey) + "WHERE k.gone_at IS NULL OR coalesce(s.phase, k.phase) NOT IN (8, 9)");
    if (auto done = each_row(keys, [&](const Statement& row) { handle(read_key(row), read_memory(row)); });
        !done)
        return done.error();
    const auto last = database_->integer("SELECT coalesce(max(row), 0) FROM legacy_key");
    if (!last) return last.error();
    const auto damaged = digest.get();
    if (!damaged) return damaged.error();
    if (!damaged->empty())
        return database_->note_damage("what it holds is not what was written (" + *damaged + ")");
    return static_cast<std::uint32_t>(*last + 1);
}

Result<void> State::load_watched(
    const std::function<void(const domain::Key&, const std::optional<Pairing>&)>& handle) {
    if (!database_) return not_open();
    Statement keys(*database_, std::string(kKey) + "WHERE s.phase = 10");
    return each_row(keys, [&](const Statement& row) {
        handle(read_key(row), row.is_null(19) ? std::nullopt : std::optional(read_pairing(row, 19)));
    });
}

Result<void> State::load_reserved(const std::function<void(std::string_view id)>& handle) {
    if (!database_) return not_open();
    Statement taken(
        *database_,
        "SELECT p.replacement FROM legacy_key AS k JOIN pairing AS p USING (row) WHERE k.gone_at IS NOT "
        "NULL UNION ALL SELECT id FROM legacy_key WHERE gone_at IS NOT NULL AND gone_as = 'upgraded'");
    return each_row(taken, [&](const Statement& row) { handle(row.text(0)); });
}

Result<Counters> State::load_counters() {
    if (!database_) return not_open();
    Statement counters(*database_, "SELECT name, label, value FROM counter");
    Counters out;
    const auto done = each_row(counters, [&](const Statement& row) {
        out[{std::string(row.text(0)), std::string(row.text(1))}] =
            static_cast<std::uint64_t>(row.integer(2));
    });
    if (!done) return done.error();
    return out;
}

Result<Facts> State::load_facts() {
    if (!database_) return not_open();
    Statement facts(*database_, "SELECT name, value FROM fact");
    Facts out;
    const auto done =
        each_row(facts, [&](const Statement& row) { out[std::string(row.text(0))] = row.text(1); });
    if (!done) return done.error();
    return out;
}

Result<std::map<std::string, domain::Meter::Instances>> State::load_parts() {
    if (!database_) return not_open();
    std::map<std::string, domain::Meter::Instances> out;
    Statement parts(*database_, "SELECT source, name, seen_at FROM part");
    auto done = each_row(parts, [&](const Statement& row) {
        out[std::string(row.text(0))][std::string(row.text(1))].seen_at = from_micros(row.integer(2));
    });
    if (!done) return done.error();
    Statement series(*database_, "SELECT source, part, name, value, epoch FROM series");
    done = each_row(series, [&](const Statement& row) {
        auto& part = out[std::string(row.text(0))][std::string(row.text(1))];
        part.series[std::string(row.text(2))] = {static_cast<std::uint64_t>(row.integer(3)),
                                                 std::string(row.text(4))};
    });
    if (!done) return done.error();
    return out;
}

Result<domain::Hourly> State::load_hourly() {
    if (!database_) return not_open();
    domain::Hourly out;
    Statement hourly(*database_, "SELECT name, hour, value FROM hourly");
    const auto done = each_row(hourly, [&](const Statement& row) {
        out.series()[std::string(row.text(0))][row.integer(1)] = static_cast<std::uint64_t>(row.integer(2));
    });
    if (!done) return done.error();
    return out;
}

Result<std::map<std::string, std::map<std::string, std::string>>> State::load_cursors() {
    if (!database_) return not_open();
    Statement cursors(*database_, "SELECT source, name, value FROM cursor");
    std::map<std::string, std::map<std::string, std::string>> out;
    const auto done = each_row(cursors, [&](const Statement& row) {
        out[std::string(row.text(0))][std::string(row.text(1))] = row.text(2);
    });
    if (!done) return done.error();
    return out;
}

Result<std::map<std::string, domain::FailureTally>> State::load_failures(base::Time since) {
    if (!database_) return not_open();
    Statement failures(*database_,
                       "SELECT source, minute, reason, client, user_agent, path, count, first_at, last_at "
                       "FROM failure WHERE minute >= ?1");
    failures.bind(1, std::chrono::floor<std::chrono::minutes>(since).time_since_epoch().count());
    std::map<std::string, domain::FailureTally> out;
    const auto done = each_row(failures, [&](const Statement& row) {
        const auto reason = domain::event_named("failure_" + std::string(row.text(2)));
        auto& tally = out.try_emplace(std::string(row.text(0)), kMostFailures + 1).first->second;
        tally.add({row.integer(1), reason.value_or(domain::Event::failure_other), row.text(3), row.text(4),
                   row.text(5)},
                  {static_cast<std::uint64_t>(row.integer(6)), from_micros(row.integer(7)),
                   from_micros(row.integer(8))});
    });
    if (!done) return done.error();
    return out;
}

Result<domain::KeyUses> State::load_key_uses() {
    if (!database_) return not_open();
    Statement uses(*database_, "SELECT id, at FROM key_use");
    domain::KeyUses out;
    const auto done =
        each_row(uses, [&](const Statement& row) { out.add(row.text(0), from_micros(row.integer(1))); });
    if (!done) return done.error();
    return out;
}

Result<std::map<std::string, base::Time>> State::load_observation_starts() {
    if (!database_) return not_open();
    Statement sources(*database_, "SELECT name, observation_start FROM source");
    std::map<std::string, base::Time> out;
    const auto done = each_row(
        sources, [&](const Statement& row) { out[std::string(row.text(0))] = from_micros(row.integer(1)); });
    if (!done) return done.error();
    return out;
}

Result<Decisions> State::load_decisions() {
    if (!database_) return not_open();
    Decisions out;
    Statement pairs(*database_, "SELECT legacy, replacement, at, by FROM operator_pair ORDER BY at");
    auto done = each_row(pairs, [&](const Statement& row) {
        out.pairs.push_back({std::string(row.text(0)), std::string(row.text(1)), from_micros(row.integer(2)),
                             std::string(row.text(3))});
    });
    if (!done) return done.error();
    Statement acknowledgements(*database_, "SELECT id, at, by, note FROM acknowledgement ORDER BY at");
    done = each_row(acknowledgements, [&](const Statement& row) {
        out.acknowledgements.push_back({std::string(row.text(0)), from_micros(row.integer(1)),
                                        std::string(row.text(2)), std::string(row.text(3))});
    });
    if (!done) return done.error();
    const auto facts = load_facts();
    if (!facts) return facts.error();
    out.table = accepted_table(*facts);
    return out;
}

Result<std::vector<ProgressPoint>> State::load_progress(base::Time since, std::size_t limit) {
    if (!database_) return not_open();
    Statement points(*database_,
                     "SELECT at, live, removed, drained FROM progress WHERE at >= ?1 ORDER BY at LIMIT ?2");
    points.bind(1, to_micros(since)).bind(2, static_cast<std::int64_t>(limit));
    std::vector<ProgressPoint> out;
    const auto done = each_row(points, [&](const Statement& row) {
        out.push_back({from_micros(row.integer(0)), static_cast<std::uint64_t>(row.integer(1)),
                       static_cast<std::uint64_t>(row.integer(2)),
                       static_cast<std::uint64_t>(row.integer(3))});
    });
    if (!done) return done.error();
    return out;
}

Result<std::vector<Event>> State::load_events(std::size_t limit) {
    return load_events(limit, base::kInfinitePast, std::nullopt);
}

Result<std::vector<Event>> State::load_events(std::size_t limit, base::Time since,
                                              std::optional<std::int64_t> before) {
    if (!database_) return not_open();
    Statement events(*database_,
                     std::string(kEvent) + "WHERE id < ?1 AND at >= ?2 ORDER BY id DESC LIMIT ?3");
    events.bind(1, before.value_or(std::numeric_limits<std::int64_t>::max()))
        .bind(2, to_micros(since))
        .bind(3, static_cast<std::int64_t>(limit));
    std::vector<Event> out;
    const auto done = each_row(events, [&](const Statement& row) { out.push_back(read_event(row)); });
    if (!done) return done.error();
    return out;
}

Result<NewEvents> State::load_new_events(std::int64_t after, std::size_t limit) {
    if (!database_) return not_open();
    NewEvents out;
    Statement numbers(*database_,
                      "SELECT (SELECT count(*) FROM event WHERE id > ?1), (SELECT max(id) FROM event)");
    const auto counted = each_row(numbers.bind(1, after), [&](const Statement& row) {
        out.count = static_cast<std::uint64_t>(row.integer(0));
        out.newest = row.integer(1);
    });
    if (!counted) return counted.error();
    // What is written from now on is not counted, and so it is not handed over.
    Statement events(*database_, std::string(kEvent) + "WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3");
    events.bind(1, after).bind(2, out.newest).bind(3, static_cast<std::int64_t>(limit));
    const auto done = each_row(events, [&](const Statement& row) { out.first.push_back(read_event(row)); });
    if (!done) return done.error();
    return out;
}

Result<std::unique_ptr<KeyHistory>> State::load_key(std::string_view id) {
    if (!database_) return not_open();
    Statement keys(*database_, std::string(kKey) + "WHERE k.id = ?1 ORDER BY k.row DESC LIMIT 1");
    auto out = find_history(keys.bind(1, id));
    if (!out || !*out) return out;
    Statement events(*database_, std::string(kEvent) + "WHERE row = ?1 ORDER BY id");
    events.bind(1, std::int64_t{(*out)->memory.row});
    const auto done =
        each_row(events, [&](const Statement& row) { (*out)->events.push_back(read_event(row)); });
    if (!done) return done.error();
    return out;
}

Result<void> State::each_key(const std::function<Result<void>(const KeyHistory&)>& handle) {
    if (!database_) return not_open();
    Statement keys(*database_, std::string(kKey) + "ORDER BY k.row");
    KeyHistory history;
    return each_row_until(keys, [&](const Statement& row) {
        read_history(row, history);
        return handle(history);
    });
}

Result<void> State::each_event(
    const std::function<Result<void>(const Event&, std::optional<std::string_view>)>& handle) {
    if (!database_) return not_open();
    Statement events(*database_,
                     "SELECT e.id, e.at, e.kind, e.row, e.was, e.phase, e.keys, e.detail, k.id FROM event AS "
                     "e LEFT JOIN legacy_key AS k ON k.row = e.row ORDER BY e.id");
    return each_row_until(
        events, [&](const Statement& row) { return handle(read_event(row), text_or_none(row, 8)); });
}

Result<void> State::each_pair(const std::function<Result<void>(const OperatorPair&)>& handle) {
    if (!database_) return not_open();
    Statement pairs(*database_, "SELECT legacy, replacement, at, by FROM operator_pair ORDER BY legacy");
    return each_row_until(pairs, [&](const Statement& row) {
        return handle({std::string(row.text(0)), std::string(row.text(1)), from_micros(row.integer(2)),
                       std::string(row.text(3))});
    });
}

Result<void> State::each_acknowledgement(const std::function<Result<void>(const Acknowledgement&)>& handle) {
    if (!database_) return not_open();
    Statement acknowledged(*database_, "SELECT id, at, by, note FROM acknowledgement ORDER BY id");
    return each_row_until(acknowledged, [&](const Statement& row) {
        return handle({std::string(row.text(0)), from_micros(row.integer(1)), std::string(row.text(2)),
                       std::string(row.text(3))});
    });
}

Result<void> State::at_one_moment(const std::function<Result<void>()>& read) {
    if (!database_) return not_open();
    if (auto begun = database_->execute("BEGIN"); !begun) return begun;
    auto done = read();
    if (auto ended = database_->execute("COMMIT"); !ended && done) return ended;
    return done;
}

Result<std::vector<std::unique_ptr<KeyHistory>>> State::load_rows(const std::vector<std::uint32_t>& rows) {
    if (!database_) return not_open();
    Statement key(*database_, std::string(kKey) + "WHERE k.row = ?1");
    std::vector<std::unique_ptr<KeyHistory>> out;
    out.reserve(rows.size());
    for (const std::uint32_t row : rows) {
        auto history = find_history(key.bind(1, std::int64_t{row}));
        if (!history) return history.error();
        if (*history) out.push_back(*std::move(history));
    }
    return out;
}

Result<std::optional<Pairing>> State::load_pairing(std::uint32_t row) {
    if (!database_) return not_open();
    std::optional<Pairing> out;
    const auto done = each_row(statements_->find_pairing.bind(1, std::int64_t{row}),
                               [&](const Statement& found) { out = read_pairing(found, 0); });
    if (!done) return done.error();
    return out;
}

Result<std::optional<std::string>> State::load_text(PreparedLater Statements::* find, std::uint32_t row) {
    if (!database_) return not_open();
    std::optional<std::string> out;
    const auto done = each_row((*statements_.*find).bind(1, std::int64_t{row}), [&](const Statement& found) {
        if (!found.is_null(0)) out = found.text(0);
    });
    if (!done) return done.error();
    return out;
}

Result<std::optional<KeyTexts>> State::load_texts(std::uint32_t row) {
    if (!database_) return not_open();
    std::optional<KeyTexts> out;
    const auto done =
        each_row(statements_->find_texts.bind(1, std::int64_t{row}), [&](const Statement& found) {
            out = KeyTexts{std::string(found.text(0)), std::string(found.text(1)), std::string(found.text(2)),
                           std::string(found.text(3))};
        });
    if (!done) return done.error();
    return out;
}

Result<std::optional<std::string>> State::load_id(std::uint32_t row) {
    return load_text(&Statements::find_id, row);
}

Result<std::optional<std::string>> State::load_owner(std::uint32_t row) {
    return load_text(&Statements::find_owner, row);
}

Result<std::optional<domain::KeyMemory>> State::load_gone(std::string_view id) {
    if (!database_) return not_open();
    if (!any_gone_) return std::optional<domain::KeyMemory>();
    std::optional<domain::KeyMemory> out;
    const auto done = each_row(statements_->find_gone.bind(1, id), [&](const Statement& row) {
        out.emplace();
        out->row = small(row, 0);
        out->phase = static_cast<Phase>(row.integer(1));
        out->last_used = small(row, 2);
        out->longest_gap = small(row, 3);
        out->advanced = (row.integer(4) & kAdvanced) != 0;
        out->created = static_cast<std::uint32_t>(std::max<std::int64_t>(0, row.integer(5) / 1'000'000));
    });
    if (!done) return done.error();
    return out;
}

Result<std::int64_t> State::data_version() {
    if (!database_) return not_open();
    return database_->integer("PRAGMA data_version");
}

}  // namespace keyshift::store
