// SPDX-License-Identifier: Apache-2.0
// A phase is published only when two polls in a row find it. Otherwise a poll that falls between two
// statements of the gateway (the new row is there, the old one not gone yet) would show as a transition that
// nobody made. What needs somebody at once (stranded, retired in use) does not wait. The end of a scan: each
// key's phase, and what all keys come to.
#include <algorithm>
#include <array>

#include "domain/ledger/key_slot.hpp"
#include "domain/ledger/ledger.hpp"

namespace keyshift::domain {
namespace {

Phase find_phase(const KeySlot& slot, const KeyFacts& key, const View& view) {
    if (slot.gone == 0) return live_phase(key, view.fallback, view.windows, view.now);
    Departure departure;
    departure.upgraded = slot.upgraded != 0;
    departure.proved = slot.proved != 0 || view.promotes_in_place;
    departure.in_use = slot.in_use != 0;
    departure.beside = slot.beside != 0;
    departure.gone_at =
        slot.phase == static_cast<std::uint32_t>(Phase::retired_in_use) ? from_seconds(slot.since) : view.now;
    // That the owner uses some other key is no proof that this one is not missed; and a use in the future is
    // older than it says: the clock was set back.
    const base::Time used_at = from_seconds(slot.replacement_used);
    const bool recognised =
        slot.replacement_used != 0 && slot.rule != static_cast<std::uint32_t>(PairRule::owner);
    if (recognised && used_at <= view.now) departure.replacement_used_at = used_at;
    departure.acknowledged = slot.acknowledged != 0;
    if (departure.beside && departure.in_use)
        departure.quiet = is_quiet(view.refused, departure.gone_at, view.windows.drain, view.now);
    return gone_phase(departure, view.now);
}

/// Takes in what a poll came to; the phase that was left, if another one is published now.
std::optional<Phase> publish(KeySlot& slot, Phase found, base::Time now) {
    const auto phase = static_cast<Phase>(slot.phase);
    const bool equal = found == static_cast<Phase>(slot.candidate);
    const bool urgent = is_locked_out(found);
    const bool first = slot.fresh != 0;
    // A row that is back cannot wait in a phase of those that have gone.
    const bool back = is_live(found) && !is_live(phase);
    if (!equal) slot.dirty = 1;
    slot.candidate = static_cast<std::uint32_t>(found) & 15U;
    slot.fresh = 0;
    if (first) slot.since = to_seconds(now);
    if (found == phase || !(equal || urgent || first || back)) return std::nullopt;
    slot.phase = slot.candidate;
    slot.since = to_seconds(now);
    if (found == Phase::drained) slot.acknowledged = 0;  // it has not seen the replacement
    slot.dirty = 1;
    return first ? std::nullopt : std::optional(phase);
}

bool drop_lost_replacement(KeySlot& slot) {
    const bool lost = slot.rule != 0 && slot.matched == 0 && slot.gone == 0;
    slot.matched = 0;
    if (!lost) return false;
    slot.rule = 0;
    slot.replacement = 0;
    slot.replacement_used = 0;
    slot.beside = 0;
    return true;
}

bool is_over(const KeySlot& slot) {
    const auto phase = static_cast<Phase>(slot.phase);
    return slot.gone != 0 && (phase == Phase::retired || phase == Phase::upgraded);
}

void count_dormant(const KeySlot& slot, KeyFacts key, Phase found, const View& view, Tally& tally) {
    if (slot.acknowledged != 0) return;
    if (found == Phase::dormant || slot.phase == static_cast<std::uint32_t>(Phase::dormant)) {
        ++tally.dormant_unacknowledged;
    } else if (found == Phase::quarantined) {
        key.blocked = false;
        if (live_phase(key, view.fallback, view.windows, view.now) != Phase::dormant) return;
        const bool published = slot.phase == static_cast<std::uint32_t>(Phase::quarantined);
        const base::Time enough = (published ? from_seconds(slot.since) : view.now) + view.windows.drain;
        if (enough > view.now) ++tally.dormant_blocked_recently;
        tally.blocked_long_enough_at = std::max(tally.blocked_long_enough_at.value_or(enough), enough);
    }
}

void count(const KeySlot& slot, const KeyFacts& key, Phase found, const View& view, Tally& tally) {
    ++tally.phases.at(slot.phase);
    if (slot.gone != 0) {
        if (static_cast<Phase>(slot.phase) != Phase::retired_in_use) return;
        if (slot.upgraded != 0) ++tally.upgraded_unused;
        if (slot.upgraded == 0 && slot.beside != 0) ++tally.beside;
        return;
    }
    if (slot.advanced != 0 && is_active(key, view.windows, view.now)) ++tally.used_and_legacy;
    const base::Time quiet_at = key.created_at + drain_window(key.longest_gap, view.windows.drain);
    tally.live_use.quiet_at = std::max(tally.live_use.quiet_at.value_or(quiet_at), quiet_at);
    if (quiet_at > view.now) {
        ++tally.live_use.keys;
        if (found == Phase::overlap || found == Phase::issued || found == Phase::pending)
            ++tally.live_use.unswitched;
    }
    if (slot.phase == static_cast<std::uint32_t>(Phase::drained) &&
        slot.rule == static_cast<std::uint32_t>(PairRule::owner) && slot.acknowledged == 0)
        ++tally.drained_by_owner_only;
    count_dormant(slot, key, found, view, tally);
}

}  // namespace

Tally Ledger::settle(const View& view, const std::function<void(const Settled&)>& changed) {
    Tally tally;
    keys_.each([&](std::uint64_t hash, KeySlot& slot) {
        const bool unpaired = paired_anew_ && drop_lost_replacement(slot);
        slot.returned = 0;
        const KeyFacts key = facts(slot);
        const Phase found = find_phase(slot, key, view);
        const std::optional<Phase> was = publish(slot, found, view.now);
        const bool over = is_over(slot);
        if (!over) count(slot, key, found, view, tally);
        if (slot.dirty == 0 && !unpaired) return;
        slot.dirty = 0;
        changed({hash, slot.row, static_cast<Phase>(slot.phase), was, unpaired, over, slot.with_owner != 0,
                 slot.upgraded != 0});
    });
    owners_ = {};
    paired_anew_ = false;
    view_ = view;
    polled_at_ = view.now;
    return tally;
}

void Ledger::forget_over() {
    keys_.remove_if(is_over);
}

std::vector<KeyMemory> Ledger::most_urgent(std::size_t most) {
    constexpr std::array<Phase, kPhases.size()> kOrder{Phase::stranded, Phase::retired_in_use, Phase::overlap,
                                                       Phase::issued,   Phase::pending,        Phase::dormant,
                                                       Phase::drained,  Phase::quarantined,    Phase::expired,
                                                       Phase::retired,  Phase::upgraded};
    struct Place {
        std::size_t order;
        std::uint32_t idle;  // the longer, the larger
        std::uint64_t hash;
        auto operator<=>(const Place&) const = default;
    };
    std::vector<Place> places;  // a heap, the least urgent on top
    keys_.each([&](std::uint64_t hash, const KeySlot& slot) {
        const auto* const order = std::find(kOrder.begin(), kOrder.end(), static_cast<Phase>(slot.phase));
        places.push_back({static_cast<std::size_t>(order - kOrder.begin()), ~slot.reference, hash});
        std::push_heap(places.begin(), places.end());
        if (places.size() <= most) return;
        std::pop_heap(places.begin(), places.end());
        places.pop_back();
    });
    std::sort_heap(places.begin(), places.end());
    std::vector<KeyMemory> out;
    for (const Place& place : places) out.push_back(recall(place.hash));
    return out;
}

}  // namespace keyshift::domain
