// SPDX-License-Identifier: Apache-2.0
#include "app/pairer.hpp"

#include <algorithm>
#include <string>

#include "domain/key_slot.hpp"
#include "domain/pairing.hpp"

namespace keyshift::app {

using base::Result;
using domain::hash_id;
using domain::Key;
using domain::PairRule;
using store::SpooledKey;

Result<void> Pairer::load() {
    spool_.clear();
    fixed_.clear();
    taken_.clear();
    newly_taken_.clear();
    return state_.load_taken([this](std::string_view id) { take(hash_id(id)); });
}

void Pairer::settle_taken() {
    if (newly_taken_.empty()) return;
    taken_.insert(taken_.end(), newly_taken_.begin(), newly_taken_.end());
    newly_taken_.clear();
    std::sort(taken_.begin(), taken_.end());
}

bool Pairer::is_taken(std::uint64_t modern) const {
    return std::binary_search(taken_.begin(), taken_.end(), modern);
}

void Pairer::release(std::uint64_t modern) {
    settle_taken();
    const auto [first, last] = std::equal_range(taken_.begin(), taken_.end(), modern);
    taken_.erase(first, last);
}

bool Pairer::decided(const std::vector<store::OperatorPair>& pairs) {
    if (pairs == pairs_) return false;
    pairs_ = pairs;
    paired_by_operator_.clear();
    for (const store::OperatorPair& pair : pairs) paired_by_operator_.insert(hash_id(pair.legacy));
    return true;
}

void Pairer::fix(std::string_view replacement, std::uint64_t legacy, PairRule rule) {
    Fixed& fixed = fixed_[hash_id(replacement)];
    fixed.id = replacement;
    fixed.legacy.emplace_back(legacy, rule);
}

/// Keys that went while in use keep their replacement; those that have none can still get one.
Result<void> Pairer::begin_census() {
    spool_.clear();
    fixed_.clear();
    settle_taken();
    for (const store::OperatorPair& pair : pairs_)
        fix(pair.replacement, hash_id(pair.legacy), PairRule::pair);
    Result<void> spooled;
    auto loaded = state_.load_watched([&](const Key& key, const std::optional<store::Pairing>& pairing) {
        const std::uint64_t hash = hash_id(key.id);
        if (paired_by_operator_.count(hash) != 0) return;
        if (pairing) {
            fix(pairing->replacement, hash, pairing->rule);
        } else if (spooled) {
            spooled = spool(key, hash);
        }
    });
    return loaded ? spooled : loaded;
}

Result<void> Pairer::spool(const Key& key, std::uint64_t hash) {
    SpooledKey spooled;
    spooled.owned = key.owner.has_value();
    if (key.name) {
        const std::string name = domain::normalise_name(*key.name);
        if (!name.empty()) {
            spooled.name = hash_id(name);
            spooled.folded = hash_id(domain::fold_name(*key.name));
        }
    }
    if (!spooled.owned && spooled.name == 0) return {};  // no rule can match it
    // Nobody's keys can only match by name, and there may be very many of them.
    spooled.owner = key.owner ? hash_id(*key.owner) : ~spooled.name;
    spooled.key = hash;
    spooled.created = domain::to_seconds(key.created_at);
    spooled.last_used = key.last_used_at ? domain::to_seconds(*key.last_used_at) : 0;
    spooled.legacy = key.legacy;
    if (!key.legacy) spooled.id = key.id;
    return spool_.add(spooled);
}

Result<void> Pairer::add_legacy(const Key& key) {
    const std::uint64_t hash = hash_id(key.id);
    if (paired_by_operator_.count(hash) != 0) return {};
    return spool(key, hash);
}

Result<void> Pairer::add_modern(const Key& key) {
    const std::uint64_t hash = hash_id(key.id);
    if (const auto fixed = fixed_.find(hash); fixed != fixed_.end()) {
        fixed->second.seen = true;
        fixed->second.last_used = key.last_used_at ? domain::to_seconds(*key.last_used_at) : 0;
        return {};
    }
    if (is_taken(hash)) return {};
    return spool(key, hash);
}

Result<void> Pairer::finish(domain::Ledger& ledger, const std::function<void(const Found&)>& news) {
    for (const auto& [modern, fixed] : fixed_) {
        if (!fixed.seen) continue;
        for (const auto& [legacy, rule] : fixed.legacy) {
            const auto found = ledger.pair(legacy, modern, fixed.last_used, rule);
            if (found) news({*found, fixed.id, rule, fixed.last_used});
        }
    }
    fixed_.clear();
    settle_taken();  // this census may have found that a key went which one of them replaced
    std::vector<domain::Candidate> legacy;
    std::vector<domain::Candidate> modern;
    return spool_.each_owner([&](std::span<const SpooledKey> keys) {
        legacy.clear();
        modern.clear();
        for (std::size_t i = 0; i < keys.size(); ++i) {
            const SpooledKey& key = keys[i];
            if (!key.legacy && is_taken(key.key)) continue;
            auto& candidates = key.legacy ? legacy : modern;
            candidates.push_back(
                {key.name, key.created, key.last_used, static_cast<std::uint32_t>(i), key.folded});
        }
        if (legacy.empty() || modern.empty()) return;
        const auto owner = keys.front().owned ? domain::Owner::someone : domain::Owner::nobody;
        for (const domain::Match& match : domain::pair_owner(legacy, modern, owner)) {
            const SpooledKey& to = keys[match.modern_tag];
            const auto found = ledger.pair(keys[match.legacy_tag].key, to.key, to.last_used, match.rule);
            if (found) news({*found, to.id, match.rule, to.last_used});
        }
    });
}

}  // namespace keyshift::app
