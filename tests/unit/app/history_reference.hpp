// SPDX-License-Identifier: Apache-2.0
// What DESIGN.md sections 6 and 7 say, written down a second time as plainly as it goes: whole rows in maps,
// no hashes, nothing compacted, every number counted anew. The journal must agree with it, key by key.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "domain/model.hpp"
#include "domain/pairing.hpp"
#include "history_gateway.hpp"

namespace keyshift::app::history {

using domain::FallbackMode;
using domain::PairRule;
using domain::Phase;

/// A use counts for up to one second longer: the journal keeps seconds and must not take a key for idle too
/// early.
constexpr Duration kRounding = 999'999us;

/// A legacy key that was ever seen.
struct Known {
    Row row;               // as last shown
    bool expired = false;  // likewise
    bool advanced = false;
    Duration longest_gap{};

    bool gone = false;
    bool upgraded = false;
    bool in_use = false;
    bool over = false;  // gone for good, and published so
    Time gone_at;

    std::optional<std::string> replacement;
    PairRule rule = PairRule::none;
    std::optional<Time> replacement_used;

    bool fresh = true;  // no phase was published yet
    Phase found = {};   // by the last poll
    Phase published = {};
    Phase was = {};  // before the last poll
    Time since;
    bool active = false;

    Time latest_use() const { return row.used.value_or(row.created) + kRounding; }
};

class Reference {
 public:
    explicit Reference(const domain::Policy& policy) : policy_(policy) {}

    void pair(const std::string& legacy, const std::string& modern) { pairs_[legacy] = modern; }
    void acknowledge(const std::string& id, Time at) { acknowledged_[id] = at; }
    /// A completed scan, and what the journal then took the fallback for.
    void poll(const Shown& shown, const domain::Fallback& fallback, std::optional<Duration> elapsed);

    const std::map<std::string, Known>& keys() const { return keys_; }
    domain::PhaseCounts phases() const {
        domain::PhaseCounts counts{};
        for (const auto& [id, key] : keys_) ++counts.at(static_cast<std::size_t>(key.published));
        return counts;
    }
    const domain::Totals& totals() const { return totals_; }
    std::uint64_t live() const {
        std::uint64_t count = 0;
        for (const auto& [id, key] : keys_) count += key.gone ? 0U : 1U;
        return count;
    }
    std::uint64_t modern() const { return modern_.size(); }
    /// Why the fallback must not be removed.
    std::vector<std::string> doubts(const domain::FallbackJudgement& fallback) const;

 private:
    Duration window(const Known& key) const { return std::max(policy_.windows.drain, 3 * key.longest_gap); }
    bool is_active(const Known& key) const { return key.row.used && key.latest_use() > now_ - window(key); }
    bool is_acknowledged(const std::string& id, const Known& key) const {
        const auto ack = acknowledged_.find(id);
        if (ack == acknowledged_.end()) return false;
        if (key.gone) return ack->second >= key.gone_at;
        // Of a drained key it must have seen the replacement.
        const bool drained = key.published == Phase::drained || key.was == Phase::drained;
        if (drained && ack->second < key.since) return false;
        return !key.row.used || ack->second >= *key.row.used;
    }

    void show(Row row);
    void depart(const std::set<std::string>& shown);
    void pair_keys(const std::set<std::string>& watched);
    void pair_owner(std::vector<Known*> legacy, std::vector<const Row*> modern, bool has_owner);
    void pair_by_name(std::vector<Known*>& legacy, std::vector<const Row*>& modern,
                      const std::function<std::string(const Name&)>& name);
    Phase phase(const std::string& id, const Known& key, const domain::Fallback& fallback) const;
    Phase gone_phase(const std::string& id, const Known& key) const;
    void publish(Known& key, Phase found);

    domain::Policy policy_;
    std::map<std::string, Known> keys_;
    std::map<std::string, Row> modern_;  // of the last census
    std::map<std::string, std::string> pairs_;
    std::map<std::string, Time> acknowledged_;
    domain::Totals totals_;
    bool begun_ = false;
    Time now_;  // of the last poll
    Time observed_since_;
    std::optional<Time> newest_use_, newest_creation_;
};

inline void Reference::show(Row row) {
    newest_creation_ = std::max(newest_creation_.value_or(Time{}), std::min(row.created, now_));
    const auto [found, created] = keys_.try_emplace(row.id);
    Known& key = found->second;
    // A replica that lags behind.
    if (!created && !key.over && row.used && key.row.used && *key.row.used - *row.used <= 15min)
        row.used = std::max(*row.used, *key.row.used);
    if (created && begun_) ++totals_.legacy_keys_created;
    if (!created && row.used.value_or(Time{}) > key.row.used.value_or(Time{})) {
        if (!key.over) ++totals_.legacy_uses_observed;
        if (key.advanced) key.longest_gap = std::max(key.longest_gap, *row.used - *key.row.used);
        key.advanced = true;
    } else if (!created && row.used.value_or(Time{}) < key.row.used.value_or(Time{})) {
        key.advanced = false;
        if (!key.over) observed_since_ = now_;
    }
    if (key.over) {
        key.fresh = true;
        key.replacement.reset();
        key.replacement_used.reset();
        key.rule = PairRule::none;
    }
    key.over = key.gone = key.upgraded = key.in_use = false;
    key.row = row;
    key.expired = row.expires && *row.expires <= now_;
}

/// After a census: those that it did not show as legacy keys.
inline void Reference::depart(const std::set<std::string>& shown) {
    for (auto& [id, key] : keys_) {
        if (key.over || shown.count(id) != 0) continue;
        key.upgraded = key.upgraded || modern_.count(id) != 0;
        if (key.gone) continue;
        key.gone = true;
        key.gone_at = now_;
        const bool needed = key.active && (key.found == Phase::pending || key.found == Phase::issued ||
                                           key.found == Phase::overlap);
        key.in_use = !key.upgraded && (needed || key.found == Phase::stranded);
    }
}

inline void Reference::pair_keys(const std::set<std::string>& watched) {
    std::set<std::string> taken;
    for (const auto& [id, key] : keys_) {
        if (key.gone && key.replacement) taken.insert(*key.replacement);
        if (key.upgraded) taken.insert(id);
    }
    for (const auto& [legacy, modern] : pairs_) taken.insert(modern);

    std::map<std::string, std::pair<std::vector<Known*>, std::vector<const Row*>>> owners;  // "": nobody
    for (auto& [id, key] : keys_) {
        if (key.over) continue;
        if (const auto pair = pairs_.find(id); pair != pairs_.end()) {
            const auto modern = modern_.find(pair->second);
            if (modern != modern_.end()) {
                key.replacement = modern->first;
                key.rule = PairRule::pair;
                key.replacement_used = modern->second.used;
            } else if (!key.gone) {
                key.replacement.reset();
                key.rule = PairRule::none;
                key.replacement_used.reset();
            }
            continue;
        }
        if (key.gone && key.replacement) {
            if (const auto modern = modern_.find(*key.replacement);
                watched.count(id) != 0 && modern != modern_.end())
                key.replacement_used = modern->second.used;
            continue;
        }
        if (key.gone && watched.count(id) == 0) continue;
        key.replacement.reset();
        key.rule = PairRule::none;
        key.replacement_used.reset();
        owners[key.row.owner.value_or("")].first.push_back(&key);
    }
    for (const auto& [id, row] : modern_)
        if (taken.count(id) == 0) owners[row.owner.value_or("")].second.push_back(&row);
    for (const auto& [owner, keys] : owners) pair_owner(keys.first, keys.second, !owner.empty());
}

inline void Reference::pair_owner(std::vector<Known*> legacy, std::vector<const Row*> modern,
                                  bool has_owner) {
    std::sort(legacy.begin(), legacy.end(),
              [](const Known* a, const Known* b) { return a->row.created < b->row.created; });
    std::sort(modern.begin(), modern.end(), [](const Row* a, const Row* b) {
        return std::pair(!a->used, a->created) < std::pair(!b->used, b->created);
    });
    pair_by_name(legacy, modern, [](const Name& name) { return name.folded(); });
    pair_by_name(legacy, modern, [](const Name& name) { return name.base; });
    if (!has_owner || legacy.size() != 1 || modern.size() != 1) return;
    if (legacy.front()->row.created >= modern.front()->created) return;
    legacy.front()->replacement = modern.front()->id;
    legacy.front()->rule = PairRule::owner;
    legacy.front()->replacement_used = modern.front()->used;
}

inline void Reference::pair_by_name(std::vector<Known*>& legacy, std::vector<const Row*>& modern,
                                    const std::function<std::string(const Name&)>& name) {
    const auto fits = [&](const Known* old, const Row* key) {
        return !key->name.base.empty() && !old->row.name.base.empty() &&
               name(old->row.name) == name(key->name) && old->row.created < key->created;
    };
    for (auto key = modern.begin(); key != modern.end();) {
        const auto old =
            std::find_if(legacy.begin(), legacy.end(), [&](const Known* k) { return fits(k, *key); });
        if (old == legacy.end()) {
            ++key;
            continue;
        }
        (*old)->replacement = (*key)->id;
        (*old)->rule = PairRule::name;
        (*old)->replacement_used = (*key)->used;
        legacy.erase(old);
        key = modern.erase(key);
    }
}

inline Phase Reference::gone_phase(const std::string& id, const Known& key) const {
    if (key.upgraded) return Phase::upgraded;
    const bool settled = is_acknowledged(id, key) || now_ - key.gone_at >= 30 * kDay ||
                         (key.replacement_used && key.rule != PairRule::owner &&
                          *key.replacement_used > key.gone_at && *key.replacement_used <= now_);
    return key.in_use && !settled ? Phase::retired_in_use : Phase::retired;
}

inline Phase Reference::phase(const std::string& id, const Known& key,
                              const domain::Fallback& fallback) const {
    if (key.gone) return gone_phase(id, key);
    const bool absent = fallback.mode == FallbackMode::absent;
    const bool active = is_active(key);
    const bool replacement_is_used = key.replacement && key.replacement_used;
    if (key.row.blocked) return Phase::quarantined;
    if (key.expired || key.row.over_budget) return Phase::expired;
    if (absent && !replacement_is_used && key.row.used &&
        key.latest_use() > fallback.absent_since - policy_.windows.drain)
        return Phase::stranded;
    if (!absent && replacement_is_used && active) return Phase::overlap;
    if (replacement_is_used && (!active || absent)) return Phase::drained;
    if (key.replacement && !key.replacement_used && active) return Phase::issued;
    if (now_ - key.latest_use() > policy_.windows.dormant && !replacement_is_used) return Phase::dormant;
    return Phase::pending;
}

inline void Reference::publish(Known& key, Phase found) {
    const bool back = key.published >= Phase::upgraded && found < Phase::upgraded;
    const bool at_once = key.fresh || back || found == Phase::stranded || found == Phase::retired_in_use;
    const bool twice = found == key.found;
    key.found = found;
    if (key.fresh) {
        key.since = now_;
    } else if (found == key.published || !(at_once || twice)) {
        return;
    } else {
        ++totals_.transitions.at(static_cast<std::size_t>(found));
    }
    key.fresh = false;
    key.published = found;
    key.since = now_;
}

inline void Reference::poll(const Shown& shown, const domain::Fallback& fallback,
                            std::optional<Duration> elapsed) {
    if (!begun_ || (elapsed && std::chrono::abs(shown.now - now_ - *elapsed) > 15min))
        observed_since_ = shown.now;
    now_ = shown.now;
    std::set<std::string> watched;
    for (const auto& [id, key] : keys_)
        if (key.gone && key.published == Phase::retired_in_use) watched.insert(id);
    std::set<std::string> legacy;
    if (shown.scan == Scan::census) modern_.clear();
    for (const Row& row : shown.rows) {
        if (row.legacy) {
            show(row);
            legacy.insert(row.id);
        } else {
            modern_[row.id] = row;
        }
        if (row.used && *row.used <= now_ + 5min && (!newest_use_ || *row.used > *newest_use_))
            newest_use_ = row.used;
    }
    if (shown.scan == Scan::census) {
        depart(legacy);
        pair_keys(watched);
    }
    for (auto& [id, key] : keys_) {
        if (key.over) continue;
        key.was = key.published;
        publish(key, phase(id, key, fallback));
        key.active = is_active(key);
        key.over = key.gone && key.published >= Phase::upgraded && key.published != Phase::retired_in_use;
    }
    begun_ = true;
}

inline std::vector<std::string> Reference::doubts(const domain::FallbackJudgement& fallback) const {
    std::vector<std::string> out;
    const Duration drain = policy_.windows.drain;
    const auto doubt = [&out](bool there, std::string what) {
        if (there) out.push_back(std::move(what));
    };
    doubt(!newest_use_ || *newest_use_ <= now_ - kDay || *newest_use_ > now_ + 5min, "no key in use");
    doubt(now_ - observed_since_ < drain, "observed too short");
    doubt(newest_creation_ && *newest_creation_ > now_ - drain, "a new legacy key");
    doubt(fallback.state.mode == FallbackMode::unknown || fallback.contradicted, "fallback mode");
    const bool strict = policy_.inventory == domain::InventoryPolicy::strict;
    for (const auto& [id, key] : keys_) {
        doubt(strict && key.published < Phase::upgraded, id + " is left");
        const bool acknowledged = is_acknowledged(id, key);
        doubt(!key.gone && key.latest_use() + window(key) > now_, id + " lately in use");
        doubt(key.published == Phase::retired_in_use || key.published == Phase::stranded ||
                  key.published == Phase::pending || key.published == Phase::issued ||
                  key.published == Phase::overlap,
              id + " " + std::string(phase_name(key.published)));
        if (key.gone || acknowledged) continue;
        doubt(key.published == Phase::drained && key.rule == PairRule::owner, id + " drained, by owner only");
        doubt(key.published == Phase::dormant || key.found == Phase::dormant, id + " dormant");
        if (key.found != Phase::quarantined) continue;
        Known unblocked = key;
        unblocked.row.blocked = false;
        const Time enough = (key.published == Phase::quarantined ? key.since : now_) + drain;
        doubt(enough > now_ && phase(id, unblocked, fallback.state.rules_view()) == Phase::dormant,
              id + " blocked too short");
    }
    return out;
}

}  // namespace keyshift::app::history
