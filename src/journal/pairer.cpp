// SPDX-License-Identifier: Apache-2.0
#include "journal/pairer.hpp"

#include <algorithm>
#include <string>

#include "domain/ledger/key_slot.hpp"
#include "domain/phases/pairing.hpp"

namespace keyshift::journal {

using base::Result;
using domain::hash_id;
using domain::Key;
using domain::PairRule;
using store::SpooledKey;

namespace {

bool is_gone(domain::Ledger& ledger, std::uint64_t legacy) {
    const domain::KeySlot* const slot = ledger.find(legacy);
    return slot != nullptr && slot->gone != 0;
}

}  // namespace

Result<void> Pairer::load() {
    spool_.clear();
    fixed_.clear();
    reserved_.clear();
    newly_reserved_.clear();
    return state_.load_reserved([this](std::string_view id) { reserve(hash_id(id)); });
}

void Pairer::settle_reserved() {
    if (newly_reserved_.empty()) return;
    reserved_.insert(reserved_.end(), newly_reserved_.begin(), newly_reserved_.end());
    newly_reserved_.clear();
    std::sort(reserved_.begin(), reserved_.end());
}

bool Pairer::is_reserved(std::uint64_t modern) const {
    return std::binary_search(reserved_.begin(), reserved_.end(), modern);
}

void Pairer::release(std::uint64_t modern) {
    settle_reserved();
    // Once: another key that it replaced may have gone too, or it may be an upgraded one.
    const auto found = std::lower_bound(reserved_.begin(), reserved_.end(), modern);
    if (found != reserved_.end() && *found == modern) reserved_.erase(found);
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
    watched_.clear();
    settle_reserved();
    for (const store::OperatorPair& pair : pairs_)
        fix(pair.replacement, hash_id(pair.legacy), PairRule::pair);
    return state_.load_watched([this](const Key& key, const std::optional<store::Pairing>& pairing) {
        const std::uint64_t hash = hash_id(key.id);
        if (paired_by_operator_.count(hash) != 0) return;
        if (pairing) {
            fix(pairing->replacement, hash, pairing->rule);
        } else {
            watched_.push_back(describe(key, hash));
        }
    });
}

SpooledKey Pairer::describe(const Key& key, std::uint64_t hash) {
    SpooledKey spooled;
    if (key.name) {
        const std::string name = domain::normalise_name(*key.name);
        if (!name.empty()) {
            spooled.name = hash_id(name);
            spooled.folded = hash_id(domain::fold_name(*key.name));
        }
    }
    spooled.owned = key.owner.has_value();
    // Nobody's keys can only match by name, and there may be very many of them.
    spooled.owner = key.owner ? hash_id(*key.owner) : ~spooled.name;
    spooled.key = hash;
    // Of unknown age it replaces nothing, and nothing replaces it.
    spooled.created = key.created_at ? domain::to_seconds(*key.created_at) : key.legacy ? UINT32_MAX : 0;
    spooled.last_used = key.last_used_at ? domain::to_seconds(*key.last_used_at) : 0;
    spooled.legacy = key.legacy;
    return spooled;
}

Result<void> Pairer::spool(SpooledKey key, std::string_view id) {
    if (!key.owned && key.name == 0) return {};  // no rule can match it
    if (!key.legacy) key.id = id;
    return spool_.add(key);
}

Result<void> Pairer::add_legacy(const Key& key) {
    const std::uint64_t hash = hash_id(key.id);
    if (paired_by_operator_.count(hash) != 0) return {};
    return spool(describe(key, hash), key.id);
}

Result<void> Pairer::add_modern(const Key& key) {
    const std::uint64_t hash = hash_id(key.id);
    if (const auto fixed = fixed_.find(hash); fixed != fixed_.end()) {
        fixed->second.seen = describe(key, hash);
        return {};
    }
    if (is_reserved(hash)) return {};
    return spool(describe(key, hash), key.id);
}

/// Those whose row is there again are matched like any other.
Result<void> Pairer::finish_fixed(domain::Ledger& ledger, const std::function<void(const Found&)>& news) {
    for (const auto& [modern, fixed] : fixed_) {
        if (!fixed.seen) continue;
        bool free = true;
        for (const auto& [legacy, rule] : fixed.legacy) {
            if (rule != PairRule::pair && !is_gone(ledger, legacy)) continue;
            free = false;
            const auto found = ledger.pair(legacy, modern, fixed.seen->last_used, rule);
            if (found) news({*found, fixed.id, rule, fixed.seen->last_used});
        }
        if (!free) continue;
        if (auto spooled = spool(*fixed.seen, fixed.id); !spooled) return spooled;
    }
    for (const SpooledKey& key : watched_) {
        if (!is_gone(ledger, key.key)) continue;
        if (auto spooled = spool(key, {}); !spooled) return spooled;
    }
    fixed_.clear();
    watched_.clear();
    return {};
}

Result<void> Pairer::finish(domain::Ledger& ledger, const std::function<void(const Found&)>& news) {
    if (auto finished = finish_fixed(ledger, news); !finished) return finished;
    settle_reserved();  // this census may have found that a key went which one of them replaced
    std::vector<domain::Candidate> legacy;
    std::vector<domain::Candidate> modern;
    return spool_.each_owner([&](std::span<const SpooledKey> keys) {
        legacy.clear();
        modern.clear();
        for (std::size_t i = 0; i < keys.size(); ++i) {
            const SpooledKey& key = keys[i];
            if (!key.legacy && is_reserved(key.key)) continue;
            auto& candidates = key.legacy ? legacy : modern;
            candidates.push_back(
                {key.name, key.created, key.last_used, static_cast<std::uint32_t>(i), key.folded});
        }
        if (legacy.empty() || modern.empty()) return;
        const auto owner = keys.front().owned ? domain::Owner::someone : domain::Owner::nobody;
        for (const domain::Match& match : domain::pair_owner(legacy, modern, owner)) {
            const SpooledKey& to = keys[match.modern_tag];
            const std::uint64_t from = keys[match.legacy_tag].key;
            const auto found = ledger.pair(from, to.key, to.last_used, match.rule);
            if (found) news({*found, to.id, match.rule, to.last_used});
            if (is_gone(ledger, from)) reserve(to.key);
        }
    });
}

}  // namespace keyshift::journal
