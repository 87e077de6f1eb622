// SPDX-License-Identifier: Apache-2.0
#include "app/key_journal.hpp"

#include <algorithm>

namespace keyshift::app {
namespace {

using base::Error;
using base::Result;
using base::Time;
using collectors::Scan;
using domain::Key;

constexpr const char* kBaseline = "legacy_keys_baseline";
constexpr const char* kCreated = "legacy_keys_created";
constexpr const char* kUses = "legacy_uses_observed";

/// Eight bytes each.
constexpr std::size_t kMostUsesHeld = 500'000;

std::uint64_t value_or_zero(const store::Counters& counters, const char* name) {
    const auto counter = counters.find({name, ""});
    return counter == counters.end() ? 0 : counter->second;
}

}  // namespace

domain::Totals saved_totals(const store::Counters& counters) {
    return {value_or_zero(counters, kCreated), value_or_zero(counters, kUses)};
}

Result<Scan> KeyJournal::prepare() {
    if (!loaded_) {
        if (auto loaded = load(); !loaded) {
            // A damaged file is replaced by an empty one; anything else is tried again later.
            auto replaced = state_.replace_if_damaged();
            if (!replaced) return replaced.error();
            if (replaced->empty()) return loaded.error();
            notice_ = *std::move(replaced);
            if (loaded = load(); !loaded) return loaded.error();
        }
        loaded_ = true;
    }
    return census_needed_ ? Scan::census : Scan::pulse;
}

/// The ledger and the totals as they were saved.
Result<void> KeyJournal::load() {
    ledger_.clear();
    const auto counters = state_.load_counters();
    if (!counters) return counters.error();
    const auto next_row =
        state_.load_keys([this](const Key& key, std::uint32_t row) { ledger_.restore(key, row); });
    if (!next_row) return next_row.error();
    ledger_.next_row(*next_row);
    baseline_.reset();
    if (counters->count({kBaseline, ""}) != 0) baseline_ = counters->at({kBaseline, ""});
    // No census has been counted in a file that has just been begun.
    census_needed_ = census_needed_ || !baseline_;
    totals_ = saved_totals(*counters);
    return {};
}

Result<void> KeyJournal::begin(Scan scan, Time database_now) {
    if (begun_) {
        forget_scan();
        if (auto prepared = prepare(); !prepared) return prepared.error();
    }
    begun_ = true;
    scan_ = scan;
    now_ = database_now;
    if (scan == Scan::census) {
        ledger_.begin_census();
        loaded_ = false;
    }
    return {};
}

/// The transaction of this scan, begun at the first change; null once the state has failed.
store::Transaction* KeyJournal::transaction() {
    if (!transaction_ && !state_error_) {
        auto begun = state_.begin();
        if (begun) {
            transaction_.emplace(std::move(*begun));
        } else {
            state_error_ = begun.error();
        }
    }
    return transaction_ ? &*transaction_ : nullptr;
}

Result<void> KeyJournal::key(const Key& key) {
    if (!key.legacy) {
        if (const auto row = ledger_.observe_modern(key)) upgraded_.push_back(*row);
        return {};
    }
    const domain::Change change = ledger_.observe(key);
    if (!change.any()) return {};
    loaded_ = false;
    if (change.used) ++uses_;
    if (change.used || change.set_back || (change.created && change.last_used != 0)) {
        last_uses_.emplace_back(change.row, change.last_used);
        if (last_uses_.size() >= kMostUsesHeld) write_last_uses();
    }
    if (change.created) {
        store::Transaction* const to = transaction();
        const bool back = to != nullptr && to->add_key(key, change.row, now_);
        if (!back) ++new_keys_;
    } else if (change.altered) {
        if (auto* const to = transaction()) to->update_key(key, change.row);
    }
    return {};
}

/// In ascending order, so that each page of the state is written once.
void KeyJournal::write_last_uses() {
    std::sort(last_uses_.begin(), last_uses_.end());
    for (const auto& [row, last_used] : last_uses_)
        if (auto* const to = transaction()) to->set_last_use(row, last_used);
    last_uses_.clear();
}

void KeyJournal::settle_gone(Time database_now) {
    for (const std::uint32_t row : upgraded_)
        if (auto* const to = transaction()) to->mark_gone(row, store::Gone::upgraded, database_now);
    for (const std::uint32_t row : ledger_.finish_census())
        if (auto* const to = transaction()) to->mark_gone(row, store::Gone::removed, database_now);
}

void KeyJournal::write_totals(Time database_now) {
    if (baseline_ && new_keys_ == 0 && uses_ == 0) return;
    if (!baseline_) {
        baseline_ = new_keys_;
    } else {
        *baseline_ += new_keys_;
        totals_.legacy_keys_created += new_keys_;
    }
    totals_.legacy_uses_observed += uses_;
    if (auto* const to = transaction()) {
        to->set_counter(kBaseline, "", *baseline_);
        to->set_counter(kCreated, "", totals_.legacy_keys_created);
        to->set_counter(kUses, "", totals_.legacy_uses_observed);
        to->set_observation_start("keys", database_now);
    }
}

KeyJournal::Outcome KeyJournal::finish(Time database_now) {
    if (scan_ == Scan::census) settle_gone(database_now);
    write_last_uses();
    write_totals(database_now);
    if (transaction_)
        if (auto committed = transaction_->commit(); !committed) state_error_ = committed.error();
    Outcome outcome{.inventory = ledger_.inventory(database_now), .totals = {}, .state_error = state_error_};
    outcome.inventory.baseline = *baseline_;
    shown_.legacy_keys_created = std::max(shown_.legacy_keys_created, totals_.legacy_keys_created);
    shown_.legacy_uses_observed = std::max(shown_.legacy_uses_observed, totals_.legacy_uses_observed);
    outcome.totals = shown_;
    loaded_ = !state_error_;
    census_needed_ = state_error_.has_value() || (census_needed_ && scan_ != Scan::census);
    forget_scan();
    return outcome;
}

void KeyJournal::forget_scan() {
    transaction_.reset();
    state_error_.reset();
    upgraded_.clear();
    last_uses_.clear();
    new_keys_ = uses_ = 0;
    begun_ = false;
}

}  // namespace keyshift::app
