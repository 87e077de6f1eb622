// SPDX-License-Identifier: Apache-2.0
#include "store/transaction.hpp"

#include <string>
#include <utility>

#include "store/digest.hpp"
#include "store/statements.hpp"

namespace keyshift::store {
namespace {

using namespace std::chrono_literals;

std::optional<std::int64_t> micros(std::optional<base::Time> time) {
    return time ? std::optional(to_micros(*time)) : std::nullopt;
}

/// The columns of legacy_key, of a key that is there.
RowBytes& row_of(const domain::Key& key, std::uint32_t row, base::Time seen_at,
                 std::optional<std::int64_t> last_used, domain::Phase phase) {
    thread_local RowBytes out;
    const auto text = [](std::optional<std::string_view> value) { value ? out.text(*value) : out.null(); };
    const auto number = [](std::optional<std::int64_t> value) { value ? out.integer(*value) : out.null(); };
    out.clear();
    out.integer(row).text(key.id);
    text(key.owner);
    text(key.name);
    out.text(key.prefix).integer(to_micros(key.created_at.value_or(seen_at)));
    number(micros(key.expires_at));
    number(key.bcrypt_cost);
    out.integer(key.blocked ? 1 : 0)
        .integer(key.over_budget ? 1 : 0)
        .integer(to_micros(seen_at))
        .null()
        .null();
    number(last_used);
    out.integer(static_cast<std::int64_t>(phase));
    number(micros(key.use_ahead));
    return out;
}

/// The parameters that both statements of a key begin with.
void bind_key(Statement& statement, const domain::Key& key, std::uint32_t row) {
    statement.bind(1, static_cast<std::int64_t>(row)).bind(2, key.id);
    bind_text(statement, 3, key.owner);
    bind_text(statement, 4, key.name);
    statement.bind(5, key.prefix);
    bind_time(statement, 6, key.created_at);
    bind_time(statement, 7, key.expires_at);
    bind_number(statement, 8, key.bcrypt_cost);
    statement.bind(9, std::int64_t{key.blocked}).bind(10, std::int64_t{key.over_budget});
    bind_time(statement, 11, key.use_ahead);
}

}  // namespace

Transaction::Transaction(Transaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)),
      statements_(other.statements_),
      digest_(other.digest_),
      any_gone_(other.any_gone_),
      error_(std::move(other.error_)) {}

Transaction::~Transaction() {
    if (database_ == nullptr) return;
    // A failing rollback leaves nothing to do: SQLite has rolled back by itself.
    [[maybe_unused]] const auto done = database_->execute("ROLLBACK");
    digest_->forget();
}

void Transaction::run(Statement& statement) {
    if (error_) return statement.reset();
    const auto done = statement.step();
    if (!done) error_ = done.error();
}

void Transaction::add_key(const domain::Key& key, std::uint32_t row, domain::Phase phase,
                          base::Time seen_at) {
    Statement& add = statements_->add_key;
    bind_key(add, key, row);
    if (!key.created_at) add.bind(6, to_micros(seen_at));  // as good as created then
    add.bind(12, to_micros(seen_at));
    const auto last_used =
        key.last_used_at
            ? std::optional<std::int64_t>(
                  std::chrono::floor<std::chrono::seconds>(*key.last_used_at).time_since_epoch().count())
            : std::nullopt;
    bind_number(add, 13, last_used);
    run(add.bind(14, static_cast<std::int64_t>(phase)));
    digest_->note_key(row_of(key, row, seen_at, last_used, phase));
}

void Transaction::update_key(const domain::Key& key, std::uint32_t row) {
    bind_key(statements_->update_key, key, row);
    run(statements_->update_key);
}

void Transaction::remember(const domain::KeyMemory& memory) {
    Statement& remember = statements_->remember;
    remember.bind(1, std::int64_t{memory.row})
        .bind(2, std::int64_t{memory.last_used})
        .bind(3, std::int64_t{memory.longest_gap})
        .bind(4, std::int64_t{memory.since});
    bind_number(remember, 5, memory.phase);
    remember.bind(6, static_cast<std::int64_t>(memory.candidate))
        .bind(7, (memory.advanced ? kAdvanced : 0) | (memory.in_use ? kInUse : 0) |
                     (memory.with_owner ? kWithOwner : 0) | (memory.proved ? kProved : 0) |
                     (memory.beside ? kBeside : 0) | (memory.behind ? kBehind : 0));
    run(remember);
}

void Transaction::mark_gone(std::uint32_t row, GoneAs how, base::Time noticed_at) {
    *any_gone_ = true;
    const std::string_view as = how == GoneAs::upgraded ? "upgraded" : "removed";
    run(statements_->mark_gone.bind(1, std::int64_t{row}).bind(2, to_micros(noticed_at)).bind(3, as));
}

void Transaction::set_pairing(std::uint32_t row, std::string_view replacement, domain::PairRule rule,
                              base::Time at, std::optional<base::Time> used_at) {
    Statement& set = statements_->set_pairing;
    set.bind(1, std::int64_t{row})
        .bind(2, replacement)
        .bind(3, static_cast<std::int64_t>(rule))
        .bind(4, to_micros(at));
    bind_time(set, 5, used_at);
    run(set);
}

void Transaction::clear_pairing(std::uint32_t row) {
    run(statements_->clear_pairing.bind(1, std::int64_t{row}));
}

void Transaction::add_event(const Event& event) {
    Statement& add = statements_->add_event;
    add.bind(1, to_micros(event.at)).bind(2, event.kind);
    bind_number(add, 3, event.row);
    bind_number(add, 4, event.was);
    bind_number(add, 5, event.phase);
    bind_number(add, 6, event.keys);
    bind_text(add, 7, event.detail.empty() ? std::nullopt : std::optional<std::string_view>(event.detail));
    run(add);
}

void Transaction::set_counter(std::string_view name, std::string_view label, std::uint64_t value) {
    run(statements_->set_counter.bind(1, name).bind(2, label).bind(3, static_cast<std::int64_t>(value)));
}

void Transaction::set_fact(std::string_view name, std::string_view value) {
    run(statements_->set_fact.bind(1, name).bind(2, value));
}

void Transaction::set_observation_start(std::string_view source, base::Time at) {
    run(statements_->set_observation_start.bind(1, source).bind(2, to_micros(at)));
}

void Transaction::add_progress(const ProgressPoint& point) {
    run(statements_->add_progress.bind(1, to_micros(std::chrono::floor<std::chrono::minutes>(point.at)))
            .bind(2, static_cast<std::int64_t>(point.live))
            .bind(3, static_cast<std::int64_t>(point.removed))
            .bind(4, static_cast<std::int64_t>(point.drained)));
    run(statements_->thin_progress.bind(1, to_micros(point.at - 48h)));
}

void Transaction::set_part(std::string_view source, std::string_view part,
                           const domain::InstanceMemory* memory) {
    run(statements_->clear_series.bind(1, source).bind(2, part));
    if (memory == nullptr) return run(statements_->forget_part.bind(1, source).bind(2, part));
    run(statements_->set_part.bind(1, source).bind(2, part).bind(3, to_micros(memory->seen_at)));
    for (const auto& [name, series] : memory->series) {
        run(statements_->set_series.bind(1, source)
                .bind(2, part)
                .bind(3, name)
                .bind(4, static_cast<std::int64_t>(series.value))
                .bind(5, series.epoch));
    }
}

void Transaction::set_hourly(std::string_view name, std::int64_t hour, std::uint64_t value) {
    run(statements_->set_hourly.bind(1, name).bind(2, hour).bind(3, static_cast<std::int64_t>(value)));
}

void Transaction::set_cursor(std::string_view source, std::string_view name,
                             const std::optional<std::string>& value) {
    if (!value) return run(statements_->forget_cursor.bind(1, source).bind(2, name));
    run(statements_->set_cursor.bind(1, source).bind(2, name).bind(3, std::string_view(*value)));
}

void Transaction::add_failures(std::string_view source, const domain::FailureTally& failures) {
    for (const auto& [kind, times] : failures.kinds()) {
        run(statements_->add_failure.bind(1, kind.minute)
                .bind(2, source)
                .bind(3, event_label(kind.reason))
                .bind(4, std::string_view(kind.client))
                .bind(5, std::string_view(kind.user_agent))
                .bind(6, std::string_view(kind.path))
                .bind(7, static_cast<std::int64_t>(times.count))
                .bind(8, to_micros(times.first))
                .bind(9, to_micros(times.last)));
    }
    add_marked_failures(source, failures);
}

void Transaction::forget_failures(base::Time until, std::size_t most) {
    if (error_) return;
    const auto minute = std::chrono::floor<std::chrono::minutes>(until).time_since_epoch().count();
    const auto done = database_->execute("DELETE FROM failure WHERE minute < " + std::to_string(minute) +
                                         "; DELETE FROM failure WHERE minute <= (SELECT minute FROM failure "
                                         "ORDER BY minute DESC LIMIT 1 OFFSET " +
                                         std::to_string(most) + ")");
    if (!done) error_ = done.error();
}

void Transaction::add_key_uses(const domain::KeyUses& uses) {
    for (const auto& [id, at] : uses.latest())
        run(statements_->add_key_use.bind(1, std::string_view(id)).bind(2, to_micros(at)));
}

void Transaction::forget_key_use(std::string_view id) {
    run(statements_->forget_key_use.bind(1, id));
}

void Transaction::forget_before(base::Time until) {
    if (error_) return;
    const std::string limit = std::to_string(to_micros(until));
    // 8 and 9: upgraded and retired, as in schema.cpp.
    const auto done = database_->execute(
        "DELETE FROM event WHERE at < " + limit + "; DELETE FROM progress WHERE at < " + limit +
        "; DELETE FROM hourly WHERE hour * 3600000000 < " + limit +
        "; DELETE FROM legacy_key WHERE gone_at < " + limit +
        " AND coalesce((SELECT phase FROM legacy_state AS s WHERE s.row = legacy_key.row), phase) IN (8, 9)"
        "; DELETE FROM legacy_state WHERE row NOT IN (SELECT row FROM legacy_key)"
        "; DELETE FROM pairing WHERE row NOT IN (SELECT row FROM legacy_key)"
        "; DELETE FROM mark WHERE at < " +
        limit +
        " AND NOT EXISTS (SELECT 1 FROM mark WHERE settled = 0)"
        "; DELETE FROM mark_source WHERE mark NOT IN (SELECT id FROM mark)"
        "; DELETE FROM mark_client WHERE mark NOT IN (SELECT id FROM mark)");
    if (!done) error_ = done.error();
}

void Transaction::decide(const OperatorPair& pair) {
    run(statements_->decide_pair.bind(1, pair.legacy)
            .bind(2, pair.replacement)
            .bind(3, to_micros(pair.at))
            .bind(4, pair.by));
}

void Transaction::decide(const Acknowledgement& acknowledgement) {
    run(statements_->decide_acknowledgement.bind(1, acknowledgement.id)
            .bind(2, to_micros(acknowledgement.at))
            .bind(3, acknowledgement.by)
            .bind(4, acknowledgement.note));
}

void Transaction::undo_pair(std::string_view legacy) {
    run(statements_->undo_pair.bind(1, legacy));
}

void Transaction::undo_acknowledgement(std::string_view id) {
    run(statements_->undo_acknowledgement.bind(1, id));
}

base::Result<void> Transaction::commit() {
    if (error_) return *error_;
    if (auto done = digest_->write(*database_); !done) return done.error();
    if (auto done = database_->execute("COMMIT"); !done) return done.error();
    database_ = nullptr;
    return {};
}

}  // namespace keyshift::store
