// SPDX-License-Identifier: Apache-2.0
#include "domain/ledger/ledger.hpp"

#include <algorithm>

#include "domain/ledger/key_slot.hpp"

namespace keyshift::domain {
namespace {

/// A replica that was asked may lag so far behind the one that was asked before.
constexpr base::Duration kReplicaLag = std::chrono::minutes{15};

std::uint16_t fold(std::uint64_t hash) {
    hash = (hash ^ (hash >> 32U)) * 0x9E37'79B9'7F4A'7C15ULL;
    return static_cast<std::uint16_t>(hash >> 48U);
}

/// What fits KeySlot::replacement.
std::uint16_t fold_short(std::uint64_t hash) {
    return fold(hash) & 0x7FFFU;
}

std::uint64_t number(std::optional<base::Time> at) {
    return at ? static_cast<std::uint64_t>(at->time_since_epoch().count()) : 0U;
}

std::uint16_t fingerprint(const Key& key) {
    return fold(hash_id(key.owner.value_or("")) * 3 + hash_id(key.name.value_or("")) +
                number(key.expires_at) + number(key.use_ahead) * 5);
}

/// Everything but what only time and polls can tell. A key counts as created now where that is not known.
KeySlot describe(const Key& key, base::Time now) {
    KeySlot slot;
    slot.reference = to_seconds(key.last_used_at ? *key.last_used_at : key.created_at.value_or(now));
    slot.used = key.last_used_at ? 1U : 0U;
    slot.blocked = key.blocked ? 1U : 0U;
    slot.over_budget = key.over_budget ? 1U : 0U;
    slot.expired = key.expires_at && *key.expires_at <= now ? 1U : 0U;
    slot.cost = static_cast<std::uint32_t>(std::clamp(key.bcrypt_cost.value_or(0), 0, 31)) & 31U;
    slot.fingerprint = fingerprint(key);
    return slot;
}

/// A last use in the future, which counts as now, has not changed since the last poll.
bool stands_still(const KeySlot& known, const KeySlot& seen) {
    return known.fingerprint == seen.fingerprint;
}

}  // namespace

void Ledger::clear() {
    keys_.clear();
    owners_ = {};
    paired_anew_ = false;
    next_row_ = 1;
}

void Ledger::restore(const Key& key, const KeyMemory& memory) {
    // After a scan that broke off; a new process sees every key first, and knows no time yet.
    KeySlot slot = describe(key, view_.now);
    slot.row = memory.row;
    if (memory.last_used != 0) slot.reference = memory.last_used;
    slot.used = memory.last_used != 0 ? 1U : 0U;
    slot.longest_gap = memory.longest_gap;
    slot.since = memory.since;
    slot.fresh = memory.phase ? 0U : 1U;
    slot.phase = static_cast<std::uint32_t>(memory.phase.value_or(memory.candidate)) & 15U;
    slot.candidate = static_cast<std::uint32_t>(memory.candidate) & 15U;
    slot.advanced = memory.advanced ? 1U : 0U;
    slot.gone = memory.gone ? 1U : 0U;
    slot.upgraded = memory.upgraded ? 1U : 0U;
    slot.in_use = memory.in_use ? 1U : 0U;
    slot.with_owner = memory.with_owner ? 1U : 0U;
    slot.proved = memory.proved ? 1U : 0U;
    slot.beside = memory.beside ? 1U : 0U;
    slot.behind = memory.behind ? 1U : 0U;
    slot.rule = static_cast<std::uint32_t>(memory.rule) & 3U;
    slot.replacement = fold_short(memory.replacement) & 0x7FFFU;
    slot.replacement_used = memory.replacement_used;
    slot.seen = parity_ & 1U;
    keys_.insert(hash_id(key.id), slot);
    next_row_ = std::max(next_row_, memory.row + 1);
}

void Ledger::set_view(const View& view, std::optional<base::Time> polled_at) {
    view_ = view;
    polled_at_ = polled_at.value_or(view.now);
}

void Ledger::begin_census() {
    parity_ ^= 1U;
    modern_so_far_ = 0;
    implausible_so_far_ = {};
    oldest_modern_so_far_.reset();
}

/// A last use that is so much earlier than the known one was not written late, and no lagging replica has
/// told it: a backup was restored.
bool Ledger::is_far(std::uint32_t known, std::uint32_t told) const {
    return told < known &&
           from_seconds(known) - from_seconds(told) > std::max(kReplicaLag, view_.last_used_delay);
}

/// It was told before a clock was set back: by the clock, not by the data, since those of a standby that is
/// behind are no sign of that.
bool Ledger::is_to_come(std::uint32_t known) const {
    return from_seconds(known) > view_.clock.value_or(view_.now);
}

/// From the use that is known to the one at `after`: should an upgraded row be restored, it is its holder's
/// pace, too.
void Ledger::record_gap(KeySlot& slot, std::uint32_t after) {
    if (slot.advanced != 0 && after > slot.reference)
        slot.longest_gap = std::max(slot.longest_gap, after - slot.reference);
}

void Ledger::record_use(KeySlot& slot, std::uint32_t after) {
    record_gap(slot, after);
    slot.advanced = 1;
    slot.acknowledged = 0;
    if (slot.replacement_used != 0 && after > slot.replacement_used) slot.beside = 1;
}

Change Ledger::observe(const Key& key) {
    if (key.owner) owners_.add(hash_id(*key.owner));
    domain::add(key.problems, implausible_so_far_);
    const std::uint64_t hash = hash_id(key.id);
    KeySlot seen = describe(key, view_.now);
    KeySlot* const known = keys_.find(hash);
    if (known == nullptr) {
        seen.row = next_row_;
        seen.seen = parity_ & 1U;
        seen.fresh = 1;
        const Phase phase = live_phase(facts(seen), view_.fallback, view_.windows, view_.now);
        seen.phase = seen.candidate = static_cast<std::uint32_t>(phase) & 15U;
        keys_.insert(hash, seen);
        return {.row = next_row_++, .created = true, .first_phase = phase};
    }
    KeySlot& slot = *known;
    // What is not known counts as the moment at which the key was first seen, and a row that came later was
    // created no earlier than the census before, whatever it says.
    if (seen.used == 0 && slot.used == 0)
        seen.reference = key.created_at ? std::max(seen.reference, slot.reference) : slot.reference;
    const std::uint32_t before = slot.used != 0 ? slot.reference : 0;
    std::uint32_t after = seen.used != 0 ? seen.reference : 0;
    const bool far = is_far(before, after);
    if (after < before && (!far || !is_to_come(before))) {
        // The key was used all the same.
        after = seen.reference = before;
        seen.used = 1;
    }
    if (key.expires_at && after != 0 && from_seconds(after) > *key.expires_at) seen.expired = 0;
    // Between two polls in one second "now" does not advance, but the value does.
    const Change change{.row = slot.row,
                        .returned = slot.gone != 0,
                        .used = key.use_ahead ? !stands_still(slot, seen) : after > before,
                        .set_back = far && slot.behind == 0,
                        .altered = seen.blocked != slot.blocked || seen.over_budget != slot.over_budget ||
                                   seen.cost != slot.cost || seen.fingerprint != slot.fingerprint};
    if (change.used) {
        record_use(slot, after);
    } else if (change.set_back) {
        slot.advanced = 0;  // the next advance does not tell a gap
    }
    // Where the row's own value was taken over, it is the known one.
    const bool behind = far && after == before;
    const bool caught_up = slot.behind != 0 && !behind;
    slot.behind = behind ? 1U : 0U;
    slot.dirty |= caught_up || change.used || change.set_back ? 1U : 0U;
    slot.reference = seen.reference;
    slot.used = seen.used;
    slot.blocked = seen.blocked;
    slot.over_budget = seen.over_budget;
    slot.expired = seen.expired;
    slot.cost = seen.cost;
    slot.fingerprint = seen.fingerprint;
    slot.returned |= change.returned ? 1U : 0U;
    slot.gone = slot.upgraded = slot.in_use = slot.with_owner = slot.proved = 0;
    slot.seen = parity_ & 1U;
    return change;
}

bool Ledger::adopt(const Key& key, const KeyMemory& memory) {
    KeySlot* const slot = keys_.find(hash_id(key.id));
    if (slot == nullptr) return false;
    const std::uint32_t used = slot->used != 0 ? slot->reference : 0;
    const bool far = is_far(memory.last_used, used);
    slot->row = memory.row;
    slot->longest_gap = memory.longest_gap;
    if (used > memory.last_used) {
        if (memory.advanced) slot->longest_gap = std::max(slot->longest_gap, used - memory.last_used);
        slot->advanced = 1;
    } else {
        slot->advanced = memory.advanced && !far ? 1U : 0U;
    }
    slot->dirty = 1;
    if (slot->used == 0) slot->reference = std::max(slot->reference, memory.created);
    if (memory.last_used > used && (!far || !is_to_come(memory.last_used))) {
        slot->reference = memory.last_used;
        slot->used = 1;
        slot->behind = far ? 1U : 0U;
    }
    if (slot->used != 0 && key.expires_at && from_seconds(slot->reference) > *key.expires_at)
        slot->expired = 0;
    return far;
}

std::optional<Upgrade> Ledger::observe_modern(const Key& key) {
    ++modern_so_far_;
    domain::add(key.problems, implausible_so_far_);
    if (key.created_at && (!oldest_modern_so_far_ || *key.created_at < *oldest_modern_so_far_))
        oldest_modern_so_far_ = key.created_at;
    KeySlot* const slot = keys_.find(hash_id(key.id));
    if (slot == nullptr) return std::nullopt;
    const bool first = slot->upgraded == 0;
    Upgrade upgrade{.news = slot->gone == 0 && first, .was_gone = slot->gone != 0};
    slot->dirty |= slot->upgraded ^ 1U;
    slot->upgraded = 1;
    // One in the future that the legacy row did not have was written since, and counts as now.
    const bool ahead = first && key.use_ahead && !stands_still(*slot, describe(key, view_.now));
    const std::uint32_t used = ahead              ? to_seconds(view_.now)
                               : key.last_used_at ? to_seconds(*key.last_used_at)
                                                  : 0;
    upgrade.by_use = first && used > (slot->used != 0 ? slot->reference : 0);
    if (upgrade.by_use) {
        record_gap(*slot, used);
        slot->reference = used;
        slot->used = 1;
        slot->in_use |= upgrade.news ? 1U : 0U;
    } else {
        prove(*slot, used);
    }
    return upgrade;
}

/// A use at the moment at which the upgrade was noticed may be one of before.
void Ledger::prove(KeySlot& slot, std::uint32_t used) {
    const bool proved =
        slot.gone != 0 && static_cast<Phase>(slot.phase) == Phase::retired_in_use && used > slot.since;
    if (!proved) return;
    record_gap(slot, used);
    slot.proved = slot.used = 1;  // settle() finds another phase, and hands it over
    slot.reference = std::max(slot.reference, used);
}

bool Ledger::used(std::uint64_t hash, base::Time at) {
    KeySlot* const slot = keys_.find(hash);
    if (slot == nullptr) return false;
    const std::uint32_t after = to_seconds(std::min(at, view_.now));
    if (slot->upgraded != 0) prove(*slot, after);
    const std::uint32_t before = slot->used != 0 ? slot->reference : 0;
    if (slot->gone != 0 || slot->upgraded != 0 || after <= before) return false;
    record_use(*slot, after);
    slot->reference = after;
    slot->used = slot->dirty = 1;
    return true;
}

Recognised Ledger::recognise() {
    Recognised out;
    keys_.each([&](std::uint64_t, const KeySlot& slot) {
        // One that had gone and is back was not there at the last poll.
        if (slot.gone != 0 || slot.fresh != 0 || slot.returned != 0) return;
        ++out.known;
        const bool found = slot.seen == parity_ || slot.upgraded != 0;
        if (found) ++out.found;
        if (!found && is_active(facts(slot), view_.windows, polled_at_)) ++out.missing_in_use;
    });
    return out;
}

std::vector<Gone> Ledger::finish_census() {
    modern_keys_ = modern_so_far_;
    oldest_modern_ = oldest_modern_so_far_;
    implausible_ = implausible_so_far_;
    legacy_owners_ = owners_.count();
    paired_anew_ = true;
    keys_.each([](std::uint64_t, KeySlot& slot) { slot.matched = 0; });
    return settle_unseen();
}

std::vector<Gone> Ledger::settle_unseen() {
    std::vector<Gone> gone;
    keys_.each([&](std::uint64_t hash, KeySlot& slot) {
        if (slot.seen == parity_ || slot.gone != 0) return;
        const bool active = !view_.uses_recorded || is_active(facts(slot), view_.windows, polled_at_);
        slot.gone = slot.dirty = 1;
        slot.acknowledged = 0;
        const bool by_use = slot.upgraded != 0 && slot.in_use != 0;
        if (was_in_use(static_cast<Phase>(slot.candidate), active)) slot.in_use = 1;
        gone.push_back(
            {slot.row, hash, slot.upgraded != 0, slot.in_use != 0, by_use, static_cast<PairRule>(slot.rule)});
    });
    return gone;
}

void Ledger::begin_active(base::Time since) {
    // A second later than asked for: a slot's time is rounded down.
    const std::uint32_t from = to_seconds(since) + 1;
    keys_.each([&](std::uint64_t, KeySlot& slot) {
        if (slot.gone == 0 && slot.reference >= from) slot.seen = (parity_ ^ 1U) & 1U;
    });
}

std::vector<std::uint32_t> Ledger::unseen(std::size_t limit) {
    std::vector<std::uint32_t> rows;
    keys_.each([&](std::uint64_t, const KeySlot& slot) {
        if (slot.seen != parity_ && slot.gone == 0 && rows.size() < limit) rows.push_back(slot.row);
    });
    return rows;
}

std::vector<Gone> Ledger::take_unseen(std::size_t limit) {
    if (unseen(limit + 1).size() <= limit) return settle_unseen();
    keys_.each([&](std::uint64_t, KeySlot& slot) {
        if (slot.gone == 0) slot.seen = parity_ & 1U;
    });
    return {};
}

void Ledger::went_with_owner(std::uint64_t hash) {
    if (KeySlot* const slot = keys_.find(hash)) slot->with_owner = 1;
}

std::optional<PairNews> Ledger::pair(std::uint64_t hash, std::uint64_t replacement, std::uint32_t used,
                                     PairRule rule) {
    KeySlot* const slot = keys_.find(hash);
    if (slot == nullptr) return std::nullopt;
    const auto as_bits = static_cast<std::uint32_t>(rule);
    const std::uint16_t id = fold_short(replacement);
    const bool another = slot->rule != as_bits || slot->replacement != id;
    if (another) {
        slot->dirty |= slot->beside;
        slot->replacement_used = slot->beside = 0;
    }
    const std::uint32_t last_used = slot->used != 0 ? slot->reference : 0;
    const bool first_use = slot->replacement_used == 0 && used != 0;
    if (first_use && last_used > used) slot->beside = slot->dirty = 1;
    // What the phase depends on: whether it was used at all, and since a watched key went.
    const std::uint32_t gone_at = static_cast<Phase>(slot->phase) == Phase::retired_in_use ? slot->since : 0;
    const auto differs = [&](std::uint32_t t) { return (slot->replacement_used > t) != (used > t); };
    const bool use = differs(0) || differs(gone_at);
    slot->matched = 1;
    slot->rule = as_bits & 3U;
    slot->replacement = id & 0x7FFFU;
    if (!another && !use) return std::nullopt;
    slot->replacement_used = used;  // as the journal keeps it
    return PairNews{slot->row, another};
}

KeyMemory Ledger::recall(std::uint64_t hash) {
    const KeySlot& slot = *keys_.find(hash);
    KeyMemory memory;
    memory.row = slot.row;
    memory.last_used = slot.used != 0 ? slot.reference : 0;
    memory.longest_gap = slot.longest_gap;
    memory.since = slot.since;
    memory.phase = static_cast<Phase>(slot.phase);
    memory.candidate = static_cast<Phase>(slot.candidate);
    memory.advanced = slot.advanced != 0;
    memory.gone = slot.gone != 0;
    memory.upgraded = slot.upgraded != 0;
    memory.in_use = slot.in_use != 0;
    memory.with_owner = slot.with_owner != 0;
    memory.proved = slot.proved != 0;
    memory.beside = slot.beside != 0;
    memory.behind = slot.behind != 0;
    memory.rule = static_cast<PairRule>(slot.rule);
    memory.replacement_used = slot.replacement_used;
    return memory;
}

void Ledger::acknowledge(std::uint64_t hash, std::uint32_t at) {
    KeySlot* const slot = keys_.find(hash);
    if (slot == nullptr) return;
    const auto phase = static_cast<Phase>(slot->phase);
    bool later = at >= slot->reference;
    if (phase == Phase::drained) {
        later = later && at >= slot->since;  // it confirms a replacement that it has seen
    } else if (slot->blocked == 0) {
        later = is_idle(facts(*slot), view_.windows, from_seconds(at));
    }
    if (slot->gone != 0) later = phase == Phase::retired_in_use && at >= slot->since;
    slot->acknowledged = later ? 1U : 0U;
}

void Ledger::withdraw_acknowledgement(std::uint64_t hash) {
    if (KeySlot* const slot = keys_.find(hash)) slot->acknowledged = 0;
}

Inventory Ledger::inventory(base::Time taken_at) {
    Inventory out;
    out.taken_at = taken_at;
    out.modern_keys = modern_keys_;
    out.legacy_owners = legacy_owners_;
    out.oldest_modern_created_at = oldest_modern_;
    out.implausible = implausible_;
    std::array<std::uint32_t, kUseWindows.size()> since{};
    for (std::size_t i = 0; i < since.size(); ++i)
        since.at(i) = to_seconds(taken_at - kUseWindows.at(i).length);
    std::array<std::uint64_t, 32> by_cost{};
    std::uint32_t newest = 0;
    keys_.each([&](std::uint64_t, const KeySlot& slot) {
        if (slot.gone != 0) return;
        ++out.legacy_keys;
        ++by_cost[slot.cost];
        if (slot.used == 0) return;
        for (std::size_t i = 0; i < since.size(); ++i)
            if (slot.reference > since[i]) ++out.used[i];
        newest = std::max(newest, slot.reference);
    });
    for (std::size_t cost = 1; cost < by_cost.size(); ++cost)
        if (by_cost.at(cost) != 0) out.by_bcrypt_cost[static_cast<int>(cost)] = by_cost.at(cost);
    if (newest != 0) out.legacy_last_used_at = from_seconds(newest);
    return out;
}

std::uint64_t Ledger::silent_without_reason(base::Time newest_use, base::Time now) {
    std::uint64_t keys = 0;
    const std::uint32_t since = to_seconds(newest_use - view_.windows.drain);
    keys_.each([&](std::uint64_t, const KeySlot& slot) {
        // A weekly job is not silent on the third day.
        if (now - from_seconds(slot.reference) <= 3 * std::chrono::seconds{slot.longest_gap}) return;
        const bool reason = slot.gone != 0 || slot.blocked != 0 || slot.expired != 0 ||
                            slot.over_budget != 0 || slot.replacement_used != 0;
        if (!reason && slot.used != 0 && slot.reference >= since) ++keys;
    });
    return keys;
}

std::optional<base::Time> Ledger::newest_use_until(base::Time until) {
    std::uint32_t newest = 0;
    keys_.each([&](std::uint64_t, const KeySlot& slot) {
        if (slot.used != 0 && from_seconds(slot.reference) <= until)
            newest = std::max(newest, slot.reference);
    });
    return newest == 0 ? std::nullopt : std::optional(from_seconds(newest));
}

}  // namespace keyshift::domain
