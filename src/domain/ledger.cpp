// SPDX-License-Identifier: Apache-2.0
#include "domain/ledger.hpp"

#include <algorithm>

namespace keyshift::domain {
namespace {

// KeySlot::bits: bit 0 census parity, 1 blocked, 2 over budget, 3-7 bcrypt cost (0: unknown), 16-31
// fingerprint of owner, name and expiry.
constexpr std::uint32_t kSeen = 1U;
constexpr std::uint32_t kCostShift = 3U;
constexpr std::uint32_t kCostMask = 31U;

std::uint32_t seconds(std::optional<base::Time> t) {
    if (!t) return 0;
    const auto count = std::chrono::floor<std::chrono::seconds>(*t).time_since_epoch().count();
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(count, 1, UINT32_MAX));
}

std::uint32_t describe(const Key& key) {
    std::uint64_t print =
        hash_id(key.owner.value_or("")) * 3 + hash_id(key.name.value_or("")) +
        (key.expires_at ? static_cast<std::uint64_t>(key.expires_at->time_since_epoch().count()) : 0U);
    print = (print ^ (print >> 32U)) * 0x9E37'79B9'7F4A'7C15ULL;
    const int cost = key.bcrypt_cost.value_or(0);
    return static_cast<std::uint32_t>(print >> 48U) << 16U |
           (static_cast<std::uint32_t>(std::clamp(cost, 0, 31)) << kCostShift) | (key.over_budget ? 4U : 0U) |
           (key.blocked ? 2U : 0U);
}

}  // namespace

void Ledger::clear() {
    keys_.clear();
    next_row_ = 1;
}

void Ledger::restore(const Key& key, std::uint32_t row) {
    keys_.insert(hash_id(key.id), {seconds(key.last_used_at), row, describe(key) | census_parity_});
    next_row_ = std::max(next_row_, row + 1);
}

void Ledger::begin_census() {
    census_parity_ ^= kSeen;
    owners_ = {};
    modern_so_far_ = 0;
    oldest_modern_so_far_.reset();
}

Change Ledger::observe(const Key& key) {
    if (key.owner) owners_.add(hash_id(*key.owner));
    const std::uint64_t hash = hash_id(key.id);
    const std::uint32_t used = seconds(key.last_used_at);
    const std::uint32_t bits = describe(key) | census_parity_;
    KeySlot* const slot = keys_.find(hash);
    if (slot == nullptr) {
        keys_.insert(hash, {used, next_row_, bits});
        return {.row = next_row_++, .last_used = used, .created = true};
    }
    const Change change{.row = slot->row,
                        .last_used = used,
                        .used = used > slot->last_used,
                        .set_back = used < slot->last_used,
                        .altered = (bits & ~kSeen) != (slot->bits & ~kSeen)};
    slot->last_used = used;
    slot->bits = bits;
    return change;
}

std::optional<std::uint32_t> Ledger::observe_modern(const Key& key) {
    ++modern_so_far_;
    if (!oldest_modern_so_far_ || key.created_at < *oldest_modern_so_far_)
        oldest_modern_so_far_ = key.created_at;
    const KeySlot* const slot = keys_.find(hash_id(key.id));
    if (slot == nullptr) return std::nullopt;
    return slot->row;
}

std::vector<std::uint32_t> Ledger::finish_census() {
    modern_keys_ = modern_so_far_;
    oldest_modern_ = oldest_modern_so_far_;
    legacy_owners_ = owners_.count();
    owners_ = {};
    std::vector<std::uint32_t> gone;
    keys_.remove_if([&](const KeySlot& slot) {
        if ((slot.bits & kSeen) == census_parity_) return false;
        gone.push_back(slot.row);
        return true;
    });
    return gone;
}

Inventory Ledger::inventory(base::Time taken_at) {
    Inventory out;
    out.taken_at = taken_at;
    out.legacy_keys = keys_.size();
    out.modern_keys = modern_keys_;
    out.legacy_owners = legacy_owners_;
    out.oldest_modern_created_at = oldest_modern_;
    std::array<std::uint32_t, kUseWindows.size()> since{};
    for (std::size_t i = 0; i < since.size(); ++i) since.at(i) = seconds(taken_at - kUseWindows.at(i).length);
    std::array<std::uint64_t, kCostMask + 1> by_cost{};
    std::uint32_t newest = 0;
    keys_.each([&](const KeySlot& slot) {
        for (std::size_t i = 0; i < since.size(); ++i)
            if (slot.last_used > since.at(i)) ++out.used.at(i);
        ++by_cost.at(slot.bits >> kCostShift & kCostMask);
        newest = std::max(newest, slot.last_used);
    });
    for (std::size_t cost = 1; cost < by_cost.size(); ++cost)
        if (by_cost.at(cost) != 0) out.by_bcrypt_cost[static_cast<int>(cost)] = by_cost.at(cost);
    if (newest != 0) out.legacy_last_used_at = base::Time{std::chrono::seconds{newest}};
    return out;
}

}  // namespace keyshift::domain
