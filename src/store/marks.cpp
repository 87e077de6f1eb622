// SPDX-License-Identifier: Apache-2.0
// Marks, and who failed before and since. What is counted goes into them in the transaction that saves it, so
// that a mark misses nothing and counts nothing twice, whoever set it and whether a daemon runs.
#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

#include "store/state.hpp"
#include "store/statements.hpp"
#include "store/transaction.hpp"

namespace keyshift::store {
namespace {

using base::Result;
using base::Time;
using domain::FailureCounts;
using domain::Mark;
using domain::MarkKind;
using domain::MarkWindow;

/// So many clients are told apart for one mark: those of the failures of a day, and as many as hardly fail
/// since. What further ones fail counts without their names.
constexpr std::int64_t kMostMarkedClients = 25'000;

/// "unknown_key=3 blocked=1".
std::string text_of(const domain::ReasonCounts& counts) {
    std::string out;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        if (counts.at(i) == 0) continue;
        out += (out.empty() ? "" : " ") + std::string(event_label(after(domain::kFirstFailure, i))) + "=" +
               std::to_string(counts.at(i));
    }
    return out;
}

domain::ReasonCounts counts_of(std::string_view text) {
    domain::ReasonCounts out{};
    for (std::size_t i = 0; i < out.size(); ++i) {
        const std::string name = std::string(event_label(after(domain::kFirstFailure, i))) + "=";
        const std::size_t at = text.rfind(name, 0) == 0 ? 0 : text.find(" " + name);
        if (at == std::string_view::npos) continue;
        const char* const number = text.data() + text.find('=', at) + 1;
        std::from_chars(number, text.data() + text.size(), out.at(i));
    }
    return out;
}

Mark read_mark(const Statement& row) {
    Mark mark;
    mark.id = row.integer(0);
    mark.kind = domain::mark_named(row.text(1)).value_or(MarkKind::cutover);
    mark.at = from_micros(row.integer(2));
    mark.host_at = from_micros(row.integer(3));
    mark.by = row.text(4);
    mark.note = row.text(5);
    return mark;
}

/// The words of an event: "brownout begin: nightly test".
std::string detail_of(const Mark& mark, const char* before = "") {
    std::string out = before + std::string(mark_name(mark.kind));
    std::replace(out.begin(), out.end(), '_', ' ');
    return mark.note.empty() ? out : out + ": " + mark.note;
}

/// A mark in whose time failures may be.
struct Span {
    std::int64_t id;
    Time host_at;
    std::optional<Time> until;
    domain::MarkMinutes minutes;
};

bool certainly_inside(const Span& span, const domain::FailureTimes& times) {
    return times.first >= span.host_at && (!span.until || times.last <= *span.until);
}

Result<std::vector<Span>> load_spans(Sqlite& database) {
    Statement marks(database, "SELECT id, host_at, until FROM mark WHERE kind <> 'brownout_end'");
    std::vector<Span> out;
    for (auto row = marks.step();; row = marks.step()) {
        if (!row) return row.error();
        if (!*row) return out;
        const Time host_at = from_micros(marks.integer(1));
        const auto until = time_at(marks, 2);
        out.push_back({marks.integer(0), host_at, until, domain::minutes_of(host_at, until)});
    }
}

/// How what is inserted comes to what is there.
const std::string kMerge =
    " ON CONFLICT DO UPDATE SET before = before + excluded.before, first_at = CASE WHEN excluded.since = 0 "
    "THEN first_at WHEN since = 0 THEN excluded.first_at ELSE min(first_at, excluded.first_at) END, last_at "
    "= "
    "CASE WHEN excluded.since = 0 THEN last_at WHEN since = 0 THEN excluded.last_at ELSE max(last_at, "
    "excluded.last_at) END, since = since + excluded.since, inside = inside + excluded.inside";

/// Puts the failures of one client into one mark.
class MarkedFailures {
 public:
    MarkedFailures(Sqlite& database, const Span& span)
        : span_(span),
          add_(database, "INSERT INTO mark_client VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)" + kMerge),
          known_(database,
                 "SELECT count(*) FROM mark_client WHERE mark = ?1 AND source = ?2 AND reason = ?3 AND "
                 "client = ?4"),
          clients_(
              database.integer("SELECT count(*) FROM mark_client WHERE mark = " + std::to_string(span.id))) {}

    Result<void> add(std::string_view source, const domain::FailureKind& kind,
                     const domain::FailureTimes& times) {
        if (!clients_) return clients_.error();
        const bool before = kind.minute < span_.minutes.first;
        const bool long_before =
            kind.minute < span_.minutes.first - domain::kCompareWith / std::chrono::minutes{1};
        const bool behind = span_.minutes.last && kind.minute > *span_.minutes.last;
        if (long_before || behind) return {};
        const auto count = static_cast<std::int64_t>(times.count);
        const std::string_view reason = event_label(kind.reason);
        const auto room = has_room(source, reason, kind.client);
        if (!room) return room.error();
        add_.bind(1, span_.id).bind(2, source).bind(3, reason);
        add_.bind(4, *room ? std::string_view(kind.client) : std::string_view());
        add_.bind(5, before ? count : 0).bind(6, before ? 0 : count);
        add_.bind(7, !before && certainly_inside(span_, times) ? count : 0);
        add_.bind(8, to_micros(times.first)).bind(9, to_micros(times.last));
        if (auto done = add_.step(); !done) return done.error();
        return {};
    }

 private:
    /// There may be fewer clients than counted here, never more.
    Result<bool> has_room(std::string_view source, std::string_view reason, const std::string& client) {
        if (*clients_ < kMostMarkedClients) {
            ++*clients_;
            return true;
        }
        known_.bind(1, span_.id).bind(2, source).bind(3, reason).bind(4, std::string_view(client));
        const auto row = known_.step();
        if (!row) return row.error();
        const bool known = known_.integer(0) > 0;
        known_.reset();
        return known;
    }

    Span span_;
    Statement add_, known_;
    Result<std::int64_t> clients_;
};

/// The sources and clients of the window.
Result<void> load_marked(Sqlite& database, MarkWindow& window) {
    Statement sources(database,
                      "SELECT source, base_counts, base_read_at, base_since, counts, read_at, complete_at, "
                      "since, poll_every, base_odd_lines, odd_lines FROM mark_source WHERE mark = ?1");
    auto done = each_row(sources.bind(1, window.mark.id), [&](const Statement& row) {
        domain::MarkedSource& source = window.sources.emplace_back();
        source.base = {
            std::string(row.text(0)), counts_of(row.text(1)), time_at(row, 2), {}, time_at(row, 3)};
        source.now = {std::string(row.text(0)),
                      counts_of(row.text(4)),
                      time_at(row, 5),
                      time_at(row, 6),
                      time_at(row, 7),
                      base::Duration{row.integer(8)},
                      static_cast<std::uint64_t>(row.integer(10))};
        source.base.odd_lines = static_cast<std::uint64_t>(row.integer(9));
    });
    if (!done) return done;
    Statement clients(database,
                      "SELECT source, reason, client, before, since, inside, first_at, last_at FROM "
                      "mark_client WHERE mark = ?1 AND since > 0");
    return each_row(clients.bind(1, window.mark.id), [&](const Statement& row) {
        domain::MarkedClient& client = window.clients.emplace_back();
        client.source = row.text(0);
        client.reason =
            domain::event_named("failure_" + std::string(row.text(1))).value_or(domain::Event::failure_other);
        client.client = row.text(2);
        client.before = static_cast<std::uint64_t>(row.integer(3));
        client.since = static_cast<std::uint64_t>(row.integer(4));
        client.inside = static_cast<std::uint64_t>(row.integer(5));
        client.first_at = from_micros(row.integer(6));
        client.last_at = from_micros(row.integer(7));
    });
}

/// What the mark of this id has begun; empty: there is none.
Result<std::optional<MarkWindow>> load_window(Sqlite& database, std::int64_t id) {
    Statement marks(
        database,
        "SELECT id, kind, at, host_at, by, note, until, settled, used_at FROM mark WHERE id >= ?1 "
        "ORDER BY id LIMIT 2");
    std::optional<MarkWindow> out;
    auto done = each_row(marks.bind(1, id), [&](const Statement& row) {
        Mark mark = read_mark(row);
        if (mark.id == id) {
            out = MarkWindow{std::move(mark), {}, time_at(row, 6), row.integer(7) != 0, time_at(row, 8)};
        } else if (out && mark.kind == MarkKind::brownout_end) {
            out->end = std::move(mark);
        }
    });
    if (!done) return done.error();
    if (!out) return out;
    if (auto loaded = load_marked(database, *out); !loaded) return loaded.error();
    return out;
}

}  // namespace

void Transaction::run(const std::string& sql) {
    if (error_) return;
    if (const auto done = database_->execute(sql); !done) error_ = done.error();
}

/// Failures that are kept already, of the minute `from` and later ones.
void Transaction::take_failures_before(std::int64_t mark, const domain::MarkMinutes& span,
                                       std::int64_t from) {
    Statement take(
        *database_,
        "INSERT INTO mark_client SELECT ?1, source, reason, client, sum(CASE WHEN minute < ?2 THEN "
        "count ELSE 0 END), sum(CASE WHEN minute < ?2 THEN 0 ELSE count END), 0, coalesce(min(CASE "
        "WHEN minute >= ?2 THEN first_at END), 0), max(last_at) FROM failure WHERE minute >= ?3 "
        "GROUP BY source, reason, client" +
            kMerge);
    run(take.bind(1, mark).bind(2, span.first).bind(3, from));
}

void Transaction::set_mark(const Mark& mark, std::optional<Time> until,
                           const std::vector<FailureCounts>& sources) {
    if (error_) return;
    const auto id = database_->integer("SELECT coalesce(max(id), 0) + 1 FROM mark");
    if (!id) {
        error_ = id.error();
        return;
    }
    const bool ends = mark.kind == MarkKind::brownout_end;
    if (ends)
        run("UPDATE mark SET until = " + std::to_string(to_micros(mark.host_at)) +
            " WHERE kind = 'brownout_begin' AND until IS NULL");
    Statement add(*database_, "INSERT INTO mark VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, NULL)");
    add.bind(1, *id)
        .bind(2, mark_name(mark.kind))
        .bind(3, to_micros(mark.at))
        .bind(4, to_micros(mark.host_at));
    add.bind(5, mark.by).bind(6, mark.note).bind(8, std::int64_t{ends ? 1 : 0});
    bind_time(add, 7, until);
    run(add);
    add_event({.at = mark.at, .kind = event::kMark, .detail = detail_of(mark)});
    if (ends) return;
    for (const FailureCounts& source : sources) {
        const std::string counts = text_of(source.counts);
        Statement base(*database_,
                       "INSERT INTO mark_source VALUES (?1, ?2, ?3, ?4, ?5, ?3, ?4, ?6, ?5, ?7, ?8, ?8)");
        base.bind(1, *id).bind(2, source.source).bind(3, counts);
        bind_time(base, 4, source.read_at);
        bind_time(base, 5, source.counted_since);
        bind_time(base, 6, source.complete_at);
        base.bind(7, std::int64_t{source.poll_every.count()});
        run(base.bind(8, static_cast<std::int64_t>(source.odd_lines)));
    }
    const domain::MarkMinutes span = domain::minutes_of(mark.host_at, until);
    take_failures_before(*id, span, span.first - domain::kCompareWith / std::chrono::minutes{1});
}

void Transaction::remove_mark(const Mark& mark, Time at) {
    const std::string id = std::to_string(mark.id);
    run("DELETE FROM mark WHERE id = " + id + "; DELETE FROM mark_source WHERE mark = " + id +
        "; DELETE FROM mark_client WHERE mark = " + id);
    add_event({.at = at, .kind = event::kMark, .detail = detail_of(mark, "taken back: ")});
    if (mark.kind != MarkKind::brownout_end || error_) return;
    const auto spans = load_spans(*database_);
    if (!spans) {
        error_ = spans.error();
        return;
    }
    if (spans->empty()) return;
    const Span& again = spans->back();
    run("UPDATE mark SET until = NULL, settled = 0 WHERE id = " + std::to_string(again.id));
    // What has failed in between was none of its time until now.
    take_failures_before(again.id, again.minutes, again.minutes.last.value_or(again.minutes.first) + 1);
}

void Transaction::follow_marks(const std::vector<FailureCounts>& sources, std::optional<Time> legacy_use,
                               Time now) {
    if (error_) return;
    std::vector<std::pair<std::int64_t, std::optional<Time>>> open;
    auto done = each_row(statements_->find_open_marks, [&open](const Statement& row) {
        open.emplace_back(row.integer(0), time_at(row, 1));
    });
    if (!done) error_ = done.error();
    for (const auto& [id, until] : open) {
        for (const FailureCounts& source : sources) {
            const std::string counts = text_of(source.counts);
            Statement& follow = statements_->follow_mark;
            follow.bind(1, id).bind(2, source.source).bind(3, counts);
            bind_time(follow, 4, source.read_at);
            bind_time(follow, 5, source.complete_at);
            bind_time(follow, 6, source.counted_since);
            follow.bind(7, std::int64_t{source.poll_every.count()});
            run(follow.bind(8, static_cast<std::int64_t>(source.odd_lines)));
        }
        if (legacy_use) run(statements_->note_marked_use.bind(1, id).bind(2, to_micros(*legacy_use)));
        if (until && now >= *until + domain::kBehindEnd) settle_mark(id, *until, now);
    }
}

/// Unless a source is waited for; with an event that says what it came to.
void Transaction::settle_mark(std::int64_t id, Time until, Time now) {
    const auto waits = database_->integer(
        "SELECT EXISTS (SELECT 1 FROM mark_source WHERE mark = " + std::to_string(id) +
        " AND coalesce(complete_at, 0) < " + std::to_string(to_micros(until + domain::kBehindEnd)) + ")");
    if (waits && *waits != 0 && now <= until + domain::kWaitForSources) return;
    run("UPDATE mark SET settled = 1 WHERE id = " + std::to_string(id));
    const auto window = load_window(*database_, id);
    if (!error_ && (!waits || !window)) error_ = waits ? window.error() : waits.error();
    if (error_ || !*window) return;
    const domain::MarkWindow& settled = **window;
    add_event({.at = now - (settled.mark.host_at - settled.mark.at),
               .kind = event::kMark,
               .detail = sentence(settled, effect_of(settled, now))});
}

void Transaction::add_marked_failures(std::string_view source, const domain::FailureTally& failures) {
    if (error_ || failures.empty()) return;
    const auto spans = load_spans(*database_);
    if (!spans) {
        error_ = spans.error();
        return;
    }
    for (const Span& span : *spans) {
        if (span.minutes.last && failures.kinds().begin()->first.minute > *span.minutes.last) continue;
        MarkedFailures marked(*database_, span);
        for (const auto& [kind, times] : failures.kinds()) {
            const auto done = marked.add(source, kind, times);
            if (done) continue;
            error_ = done.error();
            return;
        }
    }
}

Result<std::vector<Mark>> State::load_marks() {
    if (!database_) return not_open();
    Statement marks(*database_, "SELECT id, kind, at, host_at, by, note FROM mark ORDER BY id");
    std::vector<Mark> out;
    if (auto done = each_row(marks, [&](const Statement& row) { out.push_back(read_mark(row)); }); !done)
        return done.error();
    return out;
}

Result<std::vector<MarkWindow>> State::load_mark_windows() {
    if (!database_) return not_open();
    Statement marks(*database_,
                    "SELECT id, kind, at, host_at, by, note, until, settled, used_at FROM mark ORDER BY id");
    std::vector<MarkWindow> out;
    auto done = each_row(marks, [&](const Statement& row) {
        Mark mark = read_mark(row);
        if (mark.kind != MarkKind::brownout_end) {
            out.push_back({std::move(mark), {}, time_at(row, 6), row.integer(7) != 0, time_at(row, 8)});
        } else if (!out.empty()) {
            out.back().end = std::move(mark);
        }
    });
    if (!done) return done.error();
    for (MarkWindow& window : out)
        if (auto loaded = load_marked(*database_, window); !loaded) return loaded.error();
    return out;
}

Result<std::optional<MarkWindow>> State::load_last_mark_window() {
    if (!database_) return not_open();
    const auto id = database_->integer("SELECT coalesce(max(id), 0) FROM mark WHERE kind <> 'brownout_end'");
    if (!id) return id.error();
    return load_window(*database_, *id);
}

Result<State::MarksVersion> State::marks_version() {
    if (!database_) return not_open();
    MarksVersion out;
    const auto done = each_row(statements_->find_marks_version, [&out](const Statement& row) {
        out.marks = row.integer(0);
        out.unsettled = row.integer(1);
    });
    if (!done) return done.error();
    return out;
}

}  // namespace keyshift::store
