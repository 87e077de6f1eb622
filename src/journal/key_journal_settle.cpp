// SPDX-License-Identifier: Apache-2.0
// The end of a scan: who has gone, who replaces whom, and which phase each key is in.
#include <algorithm>
#include <map>

#include "domain/ledger/key_slot.hpp"
#include "domain/progress/forecast.hpp"
#include "domain/progress/progress.hpp"
#include "journal/key_journal.hpp"

namespace keyshift::journal {
namespace {

using domain::Gone;
using domain::Phase;
using domain::Settled;
using namespace std::chrono_literals;

/// 24 bytes each; written in ascending order of rows, so that each page of the state is written about once.
constexpr std::size_t kMostSettledHeld = 250'000;

constexpr base::Duration kForecastEvery = 10min;

}  // namespace

void KeyJournal::settle_census() {
    const std::vector<Gone> gone = ledger_.finish_census();
    scan_->next.census_at = scan_->now;
    settle_gone(gone);
    note_owners(gone);
    pair_keys();
    forget_uses_of_others();
}

/// Logs name modern keys as well, whose uses nobody has to be told of.
void KeyJournal::forget_uses_of_others() {
    domain::KeyUses of_legacy;
    for (const auto& [id, at] : logged_uses_.latest()) {
        if (ledger_.find(domain::hash_id(id)) != nullptr) {
            of_legacy.add(id, at);
        } else {
            save([&name = id](store::Transaction& to) { to.forget_key_use(name); });
        }
    }
    logged_uses_ = std::move(of_legacy);
}

void KeyJournal::settle_gone(const std::vector<Gone>& gone) {
    for (const Gone& key : gone) {
        const auto how = key.upgraded ? store::GoneAs::upgraded : store::GoneAs::removed;
        save([&](store::Transaction& to) { to.mark_gone(key.row, how, scan_->now); });
        if (key.upgraded) {
            if (!key.by_use) ++scan_->upgrades;
            scan_->next.evidence.newest_upgrade = scan_->now;
            pairer_.reserve(key.hash);
        }
        // Its replacement can replace no other key, which would then seem to have moved.
        if (key.rule == domain::PairRule::none) continue;
        if (const auto pairing = state_.load_pairing(key.row); pairing && *pairing)
            pairer_.reserve(domain::hash_id((*pairing)->replacement));
    }
}

/// Keys that went together, and with them the last of their owner's, are one event.
void KeyJournal::note_owners(const std::vector<Gone>& gone) {
    std::map<std::string, std::vector<std::uint64_t>> by_owner;
    for (const Gone& key : gone) {
        if (key.upgraded) continue;
        const auto owner = state_.load_owner(key.row);
        if (owner && *owner) by_owner[**owner].push_back(key.hash);
    }
    for (const auto& [owner, keys] : by_owner) {
        if (keys.size() < 2 || ledger_.owner_left(domain::hash_id(owner))) continue;
        for (const std::uint64_t key : keys) ledger_.went_with_owner(key);
        event({.kind = store::event::kOwnerGone, .keys = keys.size(), .detail = owner});
    }
}

void KeyJournal::pair_keys() {
    note_error(pairer_.finish(ledger_, [this](const Pairer::Found& found) {
        const auto used_at =
            found.last_used != 0 ? std::optional(domain::from_seconds(found.last_used)) : std::nullopt;
        save([&](store::Transaction& to) {
            to.set_pairing(found.news.row, found.replacement, found.rule, scan_->now, used_at);
        });
        if (!baseline_) return;                                   // what the first census finds is no news
        if (!found.news.another && found.last_used == 0) return;  // a backup has forgotten the use
        event({.kind = found.news.another ? store::event::kPaired : store::event::kReplacementUsed,
               .row = found.news.row,
               .detail = std::string(found.replacement) + " by " + std::string(rule_name(found.rule))});
    }));
}

void KeyJournal::settle_phases() {
    std::vector<Settled> changed;
    scan_->next.tally = ledger_.settle(view_of(scan_->now, scan_->next), [&](const Settled& key) {
        changed.push_back(key);
        if (changed.size() >= kMostSettledHeld) write_settled(changed);
    });
    write_settled(changed);
    // The ledger has forgotten keys that are over, and the phases are to add up to the baseline.
    for (std::size_t i = 0; i < over_.size(); ++i) scan_->next.tally.phases.at(i) += over_.at(i);
}

/// For the log. The texts of keys are asked of the state: only of those that are named.
void KeyJournal::note_phase_change(const Settled& key) {
    domain::PhaseChanges& changes = scan_->phase_changes;
    ++changes.count;
    if (changes.named.size() >= domain::PhaseChanges::kMostNamed) return;
    if (const auto id = state_.load_id(key.row); id && *id)
        changes.named.push_back({**id, *key.was, key.phase});
}

void KeyJournal::write_settled(std::vector<Settled>& keys) {
    loaded_ = loaded_ && keys.empty();
    std::sort(keys.begin(), keys.end(), [](const Settled& a, const Settled& b) { return a.row < b.row; });
    for (const Settled& key : keys) {
        const auto phase = static_cast<std::size_t>(key.phase);
        if (key.was) ++totals_.transitions.at(phase);
        if (key.over) ++over_.at(phase);
        save([&](store::Transaction& to) {
            to.remember(ledger_.recall(key.hash));
            if (key.unpaired) to.clear_pairing(key.row);
        });
        if (key.unpaired) event({.kind = store::event::kUnpaired, .row = key.row});
        if (!key.was || key.with_owner || (key.upgraded && scan_->backfilled)) continue;
        note_phase_change(key);
        const bool back = *key.was == Phase::drained && key.phase == Phase::overlap;
        event({.kind = back ? store::event::kRegression : store::event::kPhase,
               .row = key.row,
               .was = key.was,
               .phase = key.phase});
    }
    keys.clear();
}

void KeyJournal::measure_progress() {
    const std::uint64_t live = domain::live_keys(scan_->next.tally.phases);
    const std::uint64_t removed = domain::removed_keys(scan_->next.tally.phases);
    const domain::PhaseCounts before = migration_ ? migration_->tally.phases : scan_->next.tally.phases;
    const bool same = live == domain::live_keys(before) && removed == domain::removed_keys(before);
    if (removed > domain::removed_keys(before)) scan_->next.last_removal = scan_->now;
    const auto window = state_.load_progress(scan_->now - settings_.policy.windows.drain, 1);
    scan_->next.live_before = window && !window->empty() ? window->front().live : live;
    if (same && forecast_at_ && scan_->now >= *forecast_at_ && scan_->now - *forecast_at_ < kForecastEvery)
        return;
    // An estimate is of this state: one of another is worse than none.
    scan_->next.forecast = {};
    const auto points = state_.load_progress(scan_->now - domain::kForecastWindow - 24h);
    if (!points) return;
    std::vector<domain::RemovedAt> samples;
    for (const store::ProgressPoint& point : *points)
        if (point.at < scan_->now) samples.push_back({point.at, point.removed});
    samples.push_back({scan_->now, removed});
    scan_->next.forecast = domain::forecast(samples, live, live + removed, scan_->now);
    forecast_at_ = scan_->now;
}

}  // namespace keyshift::journal
