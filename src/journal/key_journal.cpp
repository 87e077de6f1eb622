// SPDX-License-Identifier: Apache-2.0
#include "journal/key_journal.hpp"

#include <algorithm>
#include <utility>

#include "domain/keys/plausible.hpp"
#include "domain/ledger/key_slot.hpp"
#include "journal/saved_model.hpp"

namespace keyshift::journal {
namespace {

using base::Error;
using base::Result;
using base::Time;
using collectors::Scan;
using domain::Key;
using domain::KeyMemory;
using domain::Phase;
using namespace std::chrono_literals;

constexpr const char* kBaseline = "legacy_keys_baseline";
constexpr const char* kCreated = "legacy_keys_created";
constexpr const char* kUses = "legacy_uses_observed";
constexpr const char* kTableChanges = "table_changes";
constexpr const char* kTransitions = "phase_transitions";
constexpr const char* kCleanedAt = "cleaned_at";

/// The database's clock and ours may drift apart that much between two polls.
constexpr base::Duration kClockStep = 15min;

std::uint64_t value_or_zero(const store::Counters& counters, const char* name, std::string_view label = "") {
    const auto counter = counters.find({name, std::string(label)});
    return counter == counters.end() ? 0 : counter->second;
}

template <class T>
void raise(std::optional<T>& kept, const std::optional<T>& other) {
    if (other && (!kept || *other > *kept)) kept = other;
}

}  // namespace

domain::Totals saved_totals(const store::Counters& counters) {
    domain::Totals totals;
    totals.legacy_keys_created = value_or_zero(counters, kCreated);
    totals.legacy_uses_observed = value_or_zero(counters, kUses);
    totals.table_changes = value_or_zero(counters, kTableChanges);
    for (const Phase phase : domain::kPhases) {
        totals.transitions.at(static_cast<std::size_t>(phase)) =
            value_or_zero(counters, kTransitions, phase_name(phase));
    }
    return totals;
}

void KeyJournal::configure(JournalSettings settings) {
    if (settings.policy.canary != settings_.policy.canary) canary_uses_ = {};
    settings_ = std::move(settings);
}

void KeyJournal::record_counted(const domain::CountedFallback& counted, const domain::KeyUses& uses) {
    external_evidence_ = counted;
    canary_uses_.asked(counted.canary_accepted_at);
    logged_uses_.merge(uses);
}

/// Everything as it was saved.
Result<void> KeyJournal::load() {
    ledger_.clear();
    decisions_version_ = -1;
    const auto counters = state_.load_counters();
    if (!counters) return counters.error();
    const auto facts = state_.load_facts();
    if (!facts) return facts.error();
    const auto tables = state_.load_tables();
    if (!tables) return tables.error();
    tables_ = *tables;
    migration_ = load_migration(*facts);
    if (migration_) set_view(migration_->polled_at);
    const auto next_row =
        state_.load_keys([this](const Key& key, const KeyMemory& memory) { ledger_.restore(key, memory); });
    if (!next_row) return next_row.error();
    ledger_.next_row(*next_row);
    if (auto loaded = pairer_.load(); !loaded) return loaded;
    const auto uses = state_.load_key_uses();
    if (!uses) return uses.error();
    logged_uses_.merge(*uses);
    baseline_.reset();
    if (counters->count({kBaseline, ""}) != 0) baseline_ = counters->at({kBaseline, ""});
    // No census has been counted in a file that has just been begun.
    census_needed_ = census_needed_ || !baseline_;
    totals_ = saved_totals(*counters);
    for (const Phase phase : domain::kPhases)
        over_.at(static_cast<std::size_t>(phase)) = value_or_zero(*counters, store::kOver, phase_name(phase));
    cleaned_at_ = forecast_at_ = std::nullopt;
    if (const auto cleaned = facts->find(kCleanedAt); cleaned != facts->end())
        cleaned_at_ = base::parse_rfc3339(cleaned->second);
    return {};
}

Result<void> KeyJournal::begin(const collectors::ScanStart& start) {
    if (scan_) {
        forget_scan();
        if (auto prepared = prepare(); !prepared) return prepared.error();
    }
    scan_.emplace(ScanInProgress{.kind = start.scan,
                                 .now = start.data_at,
                                 .clock = start.moment,
                                 .table = start.table,
                                 .next = migration_.value_or(domain::Migration{})});
    // By the clock, not by the data: those of a standby that is behind are no sign that it was set back.
    forget_future(scan_->next, start.moment);
    set_view(start.data_at);
    if (start.scan == Scan::pulse) return {};
    // From here until settle() the ledger is half-way through a scan. Should it break off, prepare() reads
    // the state again.
    loaded_ = false;
    if (start.scan == Scan::active) {
        ledger_.begin_active(start.data_at - settings_.policy.windows.drain);
        return {};
    }
    ledger_.begin_census();
    return pairer_.begin_census();
}

Result<std::vector<std::string>> KeyJournal::missing(std::size_t limit) {
    std::vector<std::string> ids;
    const std::vector<std::uint32_t> rows = ledger_.unseen(limit + 1);
    // If not all can be looked up, none can be taken for gone.
    scan_->most_missing = rows.size() > limit ? 0 : limit;
    if (scan_->most_missing == 0) return ids;
    for (const std::uint32_t row : rows) {
        auto id = state_.load_id(row);
        if (!id) return id.error();
        if (*id) ids.push_back(std::move(**id));
    }
    return ids;
}

/// By what the last poll knew of the gateway.
void KeyJournal::set_view(Time now) {
    domain::View view = view_of(now, migration_.value_or(domain::Migration{}));
    if (scan_) view.clock = scan_->clock;
    ledger_.set_view(view, migration_ ? std::optional(migration_->polled_at) : std::nullopt);
}

domain::View KeyJournal::view_of(Time now, const domain::Migration& known) const {
    const domain::Policy& policy = settings_.policy;
    const auto fallback = with_assertion(known.detected, policy.asserted, known.evidence);
    return {.now = now,
            .windows = policy.windows,
            .fallback = fallback.state.rules_view(),
            .uses_recorded = policy.uses_recorded,
            .promotes_in_place = policy.promotes_in_place,
            .last_used_delay = policy.last_used_delay,
            .refused = external_evidence_.refused_keys};
}

/// The transaction of this scan, begun at the first change; null once the state has failed.
store::Transaction* KeyJournal::transaction() {
    if (!scan_->transaction && !scan_->state_error) {
        auto begun = state_.begin();
        if (begun) {
            scan_->transaction.emplace(std::move(*begun));
        } else {
            scan_->state_error = begun.error();
        }
    }
    return scan_->transaction ? &*scan_->transaction : nullptr;
}

void KeyJournal::note_error(const Result<void>& done) {
    if (!done && !scan_->state_error) scan_->state_error = done.error();
}

void KeyJournal::event(store::Event event) {
    event.at = scan_->now;
    save([&](store::Transaction& to) { to.add_event(event); });
}

Result<void> KeyJournal::key(const Key& key) {
    if (!settings_.policy.canary.empty() && key.id == settings_.policy.canary) {
        canary_uses_.used(key.last_used_at);
        return {};
    }
    if (!key.legacy) return modern_key(key);
    const auto told = key.use_ahead ? std::nullopt : key.last_used_at;
    raise(scan_->newest_row_use, told);
    const auto use = logged_uses_.latest().find(key.id);
    if (use == logged_uses_.latest().end() || (key.last_used_at && use->second <= *key.last_used_at))
        return legacy_key(key, told);
    // The log tells of a later use than the row: many gateways write last uses late, or in batches.
    Key used = key;
    domain::believe_use(used, std::min(use->second, scan_->now));
    return legacy_key(used, told);
}

/// A key that the last census did not find was created later, whatever its row says. One that the journal has
/// had before was there.
Key KeyJournal::dated(const Key& key) {
    Key out = key;
    if (!baseline_ || !scan_->next.census_at || ledger_.find(domain::hash_id(key.id)) != nullptr) return out;
    if (const auto over = state_.load_gone(key.id); over && *over) return out;
    out.created_at = std::max(key.created_at.value_or(scan_->now), *scan_->next.census_at);
    return out;
}

Result<void> KeyJournal::modern_key(const Key& row) {
    Key key = row;
    const std::uint64_t hash = domain::hash_id(key.id);
    if (key.use_ahead) key.last_used_at = future_uses_.use(hash, *key.use_ahead, scan_->now);
    const auto upgrade = ledger_.observe_modern(key);
    if (upgrade && upgrade->was_gone) upgraded(hash);
    if (upgrade && upgrade->by_use) {
        // Whatever the configuration says of the gateway.
        ++scan_->uses;
        ++scan_->next.upgrades_by_use;
        raise(scan_->next.evidence.newest_legacy_use, std::optional(key.last_used_at.value_or(scan_->now)));
    }
    if (upgrade && (upgrade->news || upgrade->by_use)) {
        // Its last use is not that of a modern key.
    } else if (key.last_used_at) {
        raise(scan_->next.evidence.newest_modern_use, key.last_used_at);
        if (!scan_->oldest_modern_use || *key.last_used_at < *scan_->oldest_modern_use)
            scan_->oldest_modern_use = key.last_used_at;
    } else if (key.use_ahead) {
        key.last_used_at = key.created_at.value_or(domain::from_seconds(1));  // some time after that
    }
    if (scan_->kind == Scan::census) note_error(pairer_.add_modern(key));
    return {};
}

/// `told_by_row`: its last use, unless that lies in the future.
/// Replacements are found by what the rows say of themselves.
Result<void> KeyJournal::legacy_key(const Key& row, std::optional<Time> told_by_row) {
    const Key key = dated(row);
    const domain::Change change = ledger_.observe(key);
    if (scan_->kind == Scan::census) note_error(pairer_.add_legacy(row));
    if (!key.use_ahead || change.created || change.used)
        raise(scan_->next.evidence.newest_legacy_use, key.last_used_at);
    if (key.created_at || change.created)
        raise(scan_->next.newest_legacy_created_at,
              std::optional(std::min(key.created_at.value_or(scan_->now), scan_->now)));
    if (!change.any()) return {};
    loaded_ = false;
    if (change.used) ++scan_->uses;
    scan_->row_advanced = scan_->row_advanced || (change.used && key.last_used_at == told_by_row);
    if (change.set_back) ++scan_->set_back;
    if (change.created) {
        new_key(key, change);
    } else if (change.altered || change.returned) {
        save([&](store::Transaction& to) { to.update_key(key, change.row); });
    }
    if (change.returned) returned(change.row);
    return {};
}

/// Of those that had gone before finish_census() knows nothing: one can come back with a lookup hash.
void KeyJournal::upgraded(std::uint64_t key) {
    const domain::KeySlot& slot = *ledger_.find(key);
    save([&](store::Transaction& to) { to.mark_gone(slot.row, store::GoneAs::upgraded, scan_->now); });
    pairer_.reserve(key);
}

void KeyJournal::new_key(const Key& key, const domain::Change& change) {
    const auto over = state_.load_gone(key.id);
    if (over && *over) {
        // It was in the journal before, had gone for good, and is back: restored from a backup.
        auto& count = over_.at(static_cast<std::size_t>((*over)->phase.value_or(Phase::retired)));
        if (count > 0) --count;
        if (ledger_.adopt(key, **over)) ++scan_->set_back;
        pairer_.release(domain::hash_id(key.id));
        returned((*over)->row);
        return save([&](store::Transaction& to) {
            to.update_key(key, (*over)->row);
            to.clear_pairing((*over)->row);
        });
    }
    ++scan_->new_keys;
    save([&](store::Transaction& to) { to.add_key(key, change.row, change.first_phase, scan_->now); });
    if (baseline_) event({.kind = store::event::kCreated, .row = change.row, .phase = change.first_phase});
}

/// Its replacement may be found anew.
void KeyJournal::returned(std::uint32_t row) {
    if (const auto pairing = state_.load_pairing(row); pairing && *pairing)
        pairer_.release(domain::hash_id((*pairing)->replacement));
    event({.kind = store::event::kReturned, .row = row});
}

/// The two refusals come first: with a table or a canary that is another one, all that the scan has written
/// is undone.
Result<domain::KeyPoll> KeyJournal::finish(base::Duration poll_every, std::optional<base::Duration> elapsed) {
    if (auto own = check_canary(); !own) return own.error();
    if (auto same = check_table(); !same) return same.error();
    check_clock(elapsed);
    record_logged_uses();
    scan_->next.polled_at = scan_->now;
    scan_->next.clock_at = scan_->clock;
    scan_->next.poll_every = poll_every;
    if (scan_->kind == Scan::census) settle_census();
    if (scan_->kind == Scan::active) settle_gone(ledger_.take_unseen(scan_->most_missing));
    return settle();
}

std::optional<domain::KeyPoll> KeyJournal::judge_again() {
    if (!migration_ || !baseline_) return std::nullopt;
    std::optional<domain::KeyPoll> poll;
    domain::PhaseChanges changes;
    // A phase is published when two polls come to it.
    for (int times = 0; times < 2; ++times) {
        scan_.emplace(ScanInProgress{.kind = Scan::pulse,
                                     .now = migration_->polled_at,
                                     .clock = migration_->clock_at,
                                     .table = {},
                                     .next = *migration_});
        set_view(migration_->polled_at);
        poll = settle();
        changes.add(std::move(poll->phase_changes));
    }
    poll->phase_changes = std::move(changes);
    return poll;
}

/// The end of each poll: phases, totals, progress, and all of it into the state. The order is one of needs:
/// the mode of the fallback decides phases, phases make totals and progress, and keys that are over are
/// forgotten when the last that reads them has. A state that cannot be written takes nothing from what is
/// shown, but the next scan begins with a census from the state as it is.
domain::KeyPoll KeyJournal::settle() {
    for (const auto& [key, at] : acknowledged_) ledger_.acknowledge(key, at);
    note_proof();
    note_backfill();
    judge_fallback_mode();
    settle_phases();
    write_totals();
    domain::KeyPoll poll;
    poll.inventory = ledger_.inventory(scan_->now);
    poll.inventory.baseline = *baseline_;
    measure_progress();
    write_model(poll.inventory);
    if (scan_->transaction && !scan_->state_error) note_error(scan_->transaction->commit());
    migration_ = poll.migration = scan_->next;
    poll.judged_by = settings_.policy;
    poll.state_error = scan_->state_error;
    poll.totals = never_back(totals_);
    poll.key_series = key_series();
    if (!scan_->state_error) poll.phase_changes = std::move(scan_->phase_changes);
    ledger_.forget_over();
    loaded_ = !scan_->state_error;
    census_needed_ = scan_->state_error.has_value() || (census_needed_ && scan_->kind != Scan::census);
    forget_scan();
    return poll;
}

/// Of `totals` and what was shown before, the greater.
const domain::Totals& KeyJournal::never_back(const domain::Totals& totals) {
    shown_.legacy_keys_created = std::max(shown_.legacy_keys_created, totals.legacy_keys_created);
    shown_.legacy_uses_observed = std::max(shown_.legacy_uses_observed, totals.legacy_uses_observed);
    shown_.table_changes = std::max(shown_.table_changes, totals.table_changes);
    for (std::size_t i = 0; i < shown_.transitions.size(); ++i)
        shown_.transitions.at(i) = std::max(shown_.transitions.at(i), totals.transitions.at(i));
    return shown_;
}

/// When the database's clock is set forward, every key looks idle: the verdict has to wait for W anew.
void KeyJournal::check_clock(std::optional<base::Duration> elapsed) {
    if (!baseline_) scan_->next.observed_since = scan_->now;
    if (!elapsed || !migration_) return;
    const base::Duration step = scan_->clock - migration_->clock_at - *elapsed;
    if (std::chrono::abs(step) <= kClockStep) return;
    scan_->next.observed_since = scan_->now;
    event(
        {.kind = store::event::kClockSet,
         .detail = (step.count() > 0 ? "forward by " : "back by ") +
                   base::format_duration(std::chrono::round<std::chrono::seconds>(std::chrono::abs(step)))});
}

/// The last use of a legacy key before modern keys came into use is asked for at the first census that knows
/// of a modern use, and kept: later censuses only have each key's newest use.
void KeyJournal::judge_fallback_mode() {
    domain::FallbackEvidence& evidence = scan_->next.evidence;
    static_cast<domain::CountedFallback&>(evidence) = external_evidence_;
    const auto began = evidence.modern_use_began;
    if (scan_->oldest_modern_use && (!began || *scan_->oldest_modern_use < *began))
        evidence.modern_use_began = scan_->oldest_modern_use;
    if (evidence.modern_use_began && scan_->kind == Scan::census &&
        !evidence.newest_legacy_use_before_modern) {
        evidence.newest_legacy_use_before_modern = ledger_.newest_use_until(*evidence.modern_use_began);
        // A key that is used all the time has moved on since the last poll.
        if (migration_ && migration_->evidence.newest_legacy_use <= evidence.modern_use_began)
            raise(evidence.newest_legacy_use_before_modern, migration_->evidence.newest_legacy_use);
    }
    evidence.promotes_in_place = settings_.policy.promotes_in_place;
    evidence.silent_without_reason =
        evidence.newest_legacy_use ? ledger_.silent_without_reason(*evidence.newest_legacy_use, scan_->now)
                                   : 0;
    const domain::FallbackMode before = scan_->next.detected.mode;
    scan_->next.detected =
        detect_fallback(scan_->next.detected, evidence, settings_.policy.windows, scan_->now);
    if (scan_->next.detected.mode == before || !migration_) return;
    event({.kind = store::event::kFallback,
           .detail = std::string(mode_name(before)) + " -> " +
                     std::string(mode_name(scan_->next.detected.mode)) + ": " +
                     scan_->next.detected.evidence});
}

void KeyJournal::write_totals() {
    if (!baseline_) {
        baseline_ = scan_->new_keys;
    } else {
        *baseline_ += scan_->new_keys;
        totals_.legacy_keys_created += scan_->new_keys;
    }
    if (scan_->of_another_table) ++totals_.table_changes;
    totals_.legacy_uses_observed += scan_->uses;
    // Where use upgrades a key, an upgrade is a use that no row shows any more; but not one of a backfill.
    if (settings_.policy.promotes_in_place && !scan_->backfilled)
        totals_.legacy_uses_observed += scan_->upgrades;
    if (scan_->set_back > 0) {
        // What was known of their use is lost: they only look idle, and the verdict has to wait for W anew.
        scan_->next.observed_since = scan_->now;
        event({.kind = store::event::kSetBack, .keys = scan_->set_back, .detail = "was a backup restored?"});
    }
    save([this](store::Transaction& to) {
        to.set_counter(kBaseline, "", *baseline_);
        to.set_counter(kCreated, "", totals_.legacy_keys_created);
        to.set_counter(kUses, "", totals_.legacy_uses_observed);
        to.set_counter(kTableChanges, "", totals_.table_changes);
        for (const Phase phase : domain::kPhases) {
            const auto i = static_cast<std::size_t>(phase);
            to.set_counter(kTransitions, phase_name(phase), totals_.transitions.at(i));
            if (!is_live(phase)) to.set_counter(store::kOver, phase_name(phase), over_.at(i));
        }
        to.set_observation_start("keys", scan_->now);
    });
}

void KeyJournal::write_model(const domain::Inventory& inventory) {
    const bool clean = !cleaned_at_ || scan_->now - *cleaned_at_ >= 24h;
    if (clean) cleaned_at_ = scan_->now;
    save([&](store::Transaction& to) {
        save_migration(scan_->next, to);
        save_inventory(inventory, to);
        save_keys_up(true, to);
        to.add_progress({scan_->now, domain::live_keys(scan_->next.tally.phases),
                         domain::removed_keys(scan_->next.tally.phases),
                         domain::count_of(scan_->next.tally.phases, Phase::drained)});
        if (clean) to.forget_before(scan_->now - settings_.retention);
        if (clean) to.set_fact(kCleanedAt, base::format_rfc3339(scan_->now));
    });
}

std::vector<domain::KeySeries> KeyJournal::key_series() {
    std::vector<domain::KeySeries> out;
    if (settings_.key_series == 0) return out;
    for (const KeyMemory& memory : ledger_.most_urgent(settings_.key_series)) {
        auto texts = state_.load_texts(memory.row);
        // One that could not be saved has none.
        if (!texts || !*texts) continue;
        domain::KeySeries& key = out.emplace_back();
        key.id = std::move((*texts)->id);
        key.name = std::move((*texts)->name);
        key.prefix = std::move((*texts)->prefix);
        key.owner = std::move((*texts)->owner);
        key.phase = memory.phase.value_or(memory.candidate);
        if (memory.last_used != 0) key.last_used_at = domain::from_seconds(memory.last_used);
    }
    return out;
}

}  // namespace keyshift::journal
