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

#include "contract/journal/history_gateway.hpp"
#include "domain/model.hpp"
#include "domain/phases/pairing.hpp"

namespace keyshift::journal::history {

using domain::FallbackMode;
using domain::PairRule;
using domain::Phase;

/// A use counts for up to one second longer: the journal keeps seconds and must not take a key for idle too
/// early.
constexpr Duration kRounding = 999'999us;

/// A legacy key that was ever seen.
struct Known {
    Row row;               // as last shown, with the latest use that is known
    Time created;          // no earlier than the last census without it
    bool behind = false;   // the row tells of a much earlier use
    bool expired = false;  // likewise
    bool advanced = false;
    bool moved = false;  // its last use was seen to move
    Duration longest_gap{};

    bool gone = false;
    bool upgraded = false;
    bool in_use = false;
    bool proved = false;  // used since it was upgraded
    bool over = false;    // gone for good, and published so
    Time gone_at;

    std::optional<std::string> replacement;
    PairRule rule = PairRule::none;
    std::optional<Time> replacement_used;
    bool beside = false;  // used after a use of its replacement
    void replace_by(const Row& modern, PairRule by) {
        if (replacement != modern.id || rule != by) unpair();
        if (!replacement_used && modern.used && row.used && *row.used > *modern.used) beside = true;
        const auto passes = [this](const std::optional<Time>& use) {
            return published == Phase::retired_in_use && use && *use > since;
        };
        // Remembered is the first use that was found, and the first one after a deletion in use.
        const bool news = replacement_used.has_value() != modern.used.has_value() ||
                          passes(replacement_used) != passes(modern.used);
        replacement = modern.id;
        rule = by;
        if (news) replacement_used = modern.used;
    }
    void unpair() {
        replacement.reset();
        rule = PairRule::none;
        replacement_used.reset();
        beside = false;
    }

    bool fresh = true;  // no phase was published yet
    Phase found = {};   // by the last poll
    Phase published = {};
    Time since;
    bool active = false;
    bool acknowledged = false;

    /// A row is compared with others by what it says itself; what has gone by what is remembered of it.
    Time paired_as_of() const { return gone ? created : row.created; }
    Time latest_use() const { return row.used.value_or(created) + kRounding; }
};

class Reference {
 public:
    explicit Reference(const domain::Policy& policy) : policy_(policy) {}

    void pair(const std::string& legacy, const std::string& modern) { pairs_[legacy] = modern; }
    void acknowledge(const std::string& id, Time at) { acknowledged_[id] = at; }
    /// Which keys an active scan should have shown, and has not.
    std::set<std::string> missing(const Shown& shown) const;
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
    Time nothing_missing_since(const domain::FallbackJudgement& fallback) const;
    /// Why the fallback must not be removed.
    std::vector<std::string> doubts(const domain::FallbackJudgement& fallback) const;

 private:
    Duration window(const Known& key) const { return std::max(policy_.windows.drain, 3 * key.longest_gap); }
    bool is_active(const Known& key) const { return key.row.used && key.latest_use() > now_ - window(key); }
    /// What was said of a key that was used, or has gone, since, or before it was drained, is void.
    bool is_acknowledged(const std::string& id, const Known& key) const {
        const auto was_idle = [&](Time at) {
            return at - key.latest_use() > std::min(policy_.windows.dormant, window(key));
        };
        const auto ack = acknowledged_.find(id);
        if (ack == acknowledged_.end()) return false;
        if (key.gone) return key.published == Phase::retired_in_use && ack->second >= key.gone_at;
        if (key.published == Phase::drained && ack->second < key.since) return false;
        if (key.published != Phase::drained && !key.row.blocked) return was_idle(ack->second);
        return !key.row.used || ack->second >= *key.row.used;
    }

    void show(Row row);
    /// A legacy key a moment ago: its last use is not that of a modern key.
    bool is_upgrade(const Row& row) const {
        const auto known = keys_.find(row.id);
        return !row.legacy && known != keys_.end() && !known->second.gone;
    }
    void note_use(const Row& row);
    void prove(const Shown& shown);
    void forget_future();
    void depart(Known& key, const Row* modern);
    void record(const Shown& shown);
    std::set<std::string> taken() const;
    bool needs_match(const std::string& id, Known& key, bool is_watched);
    void pair_keys(const std::set<std::string>& watched);
    void pair_owner(std::vector<Known*> legacy, std::vector<const Row*> modern, bool has_owner);
    void pair_by_name(std::vector<Known*>& legacy, std::vector<const Row*>& modern,
                      const std::function<std::string(const Name&)>& name);
    Phase phase(const Known& key, const domain::Fallback& fallback) const;
    Phase gone_phase(const Known& key) const;
    void publish(Known& key, Phase found);

    domain::Policy policy_;
    std::map<std::string, Known> keys_;
    std::map<std::string, Row> modern_;  // of the last census
    std::optional<Time> census_at_;
    std::map<std::string, std::string> pairs_;
    std::map<std::string, Time> acknowledged_;
    domain::Totals totals_;
    bool begun_ = false;
    Time now_;  // of the last poll
    Time observed_since_;
    std::optional<Time> newest_creation_, newest_legacy_use_, newest_modern_use_, proved_at_;
    std::set<const Known*> matched_;  // by the census under way
};

inline void Reference::show(Row row) {
    const auto [found, created] = keys_.try_emplace(row.id);
    Known& key = found->second;
    key.created = std::max(row.created, created ? census_at_.value_or(row.created) : key.created);
    newest_creation_ = std::max(newest_creation_.value_or(Time{}), std::min(key.created, now_));
    const Time told = row.used.value_or(Time{});
    const Time known = key.row.used.value_or(Time{});
    const bool far = !created && known - told > std::max<Duration>(15min, policy_.last_used_delay);
    if (far && (key.over || !key.behind)) {
        observed_since_ = now_;
        key.advanced = false;
    }
    const bool keeps = !created && told < known && (!far || known <= now_);
    if (keeps) row.used = known;
    key.behind = far && keeps;
    if (created && begun_) ++totals_.legacy_keys_created;
    if (!created && row.used.value_or(Time{}) > key.row.used.value_or(Time{})) {
        if (!key.over) ++totals_.legacy_uses_observed;
        key.moved = true;
        if (key.advanced) key.longest_gap = std::max(key.longest_gap, *row.used - *key.row.used);
        key.advanced = true;
        if (key.replacement_used && *row.used > *key.replacement_used) key.beside = true;
    }
    if (key.over) {
        key.fresh = true;
        key.unpair();
    }
    key.over = key.gone = key.upgraded = key.in_use = key.proved = false;
    key.row = row;
    // The rows come here without their contradictions; one with an earlier use that is known remains.
    const bool disproved = !created && row.expires && row.used &&
                           std::chrono::floor<std::chrono::seconds>(*row.used) > *row.expires;
    key.expired = row.expires && *row.expires <= now_ && !disproved;
}

inline std::set<std::string> Reference::missing(const Shown& shown) const {
    std::set<std::string> out;
    for (const auto& [id, key] : keys_)
        if (!key.gone && key.row.used.value_or(key.created) > shown.now - policy_.windows.drain)
            out.insert(id);
    for (const Row& row : shown.rows) out.erase(row.id);
    return out.size() > shown.most_missing ? std::set<std::string>() : out;
}

/// It is no legacy key any more.
inline void Reference::depart(Known& key, const Row* modern) {
    key.upgraded = key.upgraded || modern != nullptr;
    if (key.gone) {
        if (key.proved || modern == nullptr || key.published != Phase::retired_in_use) return;
        if (modern->used <= key.since) return;
        key.proved = true;
        key.row.used = modern->used;
        return;
    }
    const bool by_use = modern != nullptr && modern->used > key.row.used;
    key.gone = true;
    key.gone_at = now_;
    const bool needed = key.active && (key.found == Phase::pending || key.found == Phase::issued ||
                                       key.found == Phase::overlap);
    key.in_use = by_use || needed || key.found == Phase::stranded;
    if (!by_use) return;
    key.row.used = modern->used;
    // The gateway upgraded it when it was used: by its fallback.
    newest_legacy_use_ = std::max(newest_legacy_use_.value_or(Time{}), std::min(*modern->used, now_));
    ++totals_.legacy_uses_observed;
}

/// What can replace no other key: what replaced one that has gone, upgraded keys, and those that operators
/// gave.
inline std::set<std::string> Reference::taken() const {
    std::set<std::string> out;
    for (const auto& [id, key] : keys_) {
        if (key.gone && key.replacement) out.insert(*key.replacement);
        if (key.upgraded) out.insert(id);
    }
    for (const auto& [legacy, modern] : pairs_) out.insert(modern);
    return out;
}

/// True if rules 2 and 3 are to find its replacement.
inline bool Reference::needs_match(const std::string& id, Known& key, bool is_watched) {
    const auto modern = [this](const std::string& wanted) {
        const auto found = modern_.find(wanted);
        return found == modern_.end() ? nullptr : &found->second;
    };
    if (const auto pair = pairs_.find(id); pair != pairs_.end()) {
        if (const Row* const row = modern(pair->second)) {
            key.replace_by(*row, PairRule::pair);
        } else if (!key.gone) {
            key.unpair();
        }
        return false;
    }
    if (key.gone && !is_watched) return false;
    if (key.gone && key.replacement) {
        if (const Row* const row = modern(*key.replacement)) key.replace_by(*row, key.rule);
        return false;
    }
    return true;
}

inline void Reference::pair_keys(const std::set<std::string>& watched) {
    const std::set<std::string> taken = this->taken();
    matched_.clear();
    std::vector<Known*> to_match;
    std::map<std::string, std::pair<std::vector<Known*>, std::vector<const Row*>>> owners;  // "": nobody
    for (auto& [id, key] : keys_)
        if (!key.over && needs_match(id, key, watched.count(id) != 0)) {
            owners[key.row.owner.value_or("")].first.push_back(&key);
            to_match.push_back(&key);
        }
    for (const auto& [id, row] : modern_)
        if (taken.count(id) == 0) owners[row.owner.value_or("")].second.push_back(&row);
    for (const auto& [owner, keys] : owners) pair_owner(keys.first, keys.second, !owner.empty());
    for (Known* const key : to_match)
        if (matched_.count(key) == 0) key->unpair();
}

inline void Reference::pair_owner(std::vector<Known*> legacy, std::vector<const Row*> modern,
                                  bool has_owner) {
    std::sort(legacy.begin(), legacy.end(),
              [](const Known* a, const Known* b) { return a->paired_as_of() < b->paired_as_of(); });
    std::sort(modern.begin(), modern.end(), [](const Row* a, const Row* b) {
        return std::pair(!a->used, a->created) < std::pair(!b->used, b->created);
    });
    pair_by_name(legacy, modern, [](const Name& name) { return name.folded(); });
    pair_by_name(legacy, modern, [](const Name& name) { return name.base; });
    if (!has_owner || legacy.size() != 1 || modern.size() != 1) return;
    if (legacy.front()->paired_as_of() >= modern.front()->created) return;
    legacy.front()->replace_by(*modern.front(), PairRule::owner);
    matched_.insert(legacy.front());
}

inline void Reference::pair_by_name(std::vector<Known*>& legacy, std::vector<const Row*>& modern,
                                    const std::function<std::string(const Name&)>& name) {
    const auto fits = [&](const Known* old, const Row* key) {
        return !key->name.base.empty() && !old->row.name.base.empty() &&
               name(old->row.name) == name(key->name) && old->paired_as_of() < key->created;
    };
    for (auto key = modern.begin(); key != modern.end();) {
        const auto old =
            std::find_if(legacy.begin(), legacy.end(), [&](const Known* k) { return fits(k, *key); });
        if (old == legacy.end()) {
            ++key;
            continue;
        }
        (*old)->replace_by(**key, PairRule::name);
        matched_.insert(*old);
        legacy.erase(old);
        key = modern.erase(key);
    }
}

inline Phase Reference::gone_phase(const Known& key) const {
    if (key.upgraded && key.proved) return Phase::upgraded;
    // Nobody counts refusals here.
    const bool settled = key.acknowledged || now_ - key.gone_at >= 30 * kDay ||
                         (key.replacement_used && !key.beside && key.rule != PairRule::owner &&
                          *key.replacement_used > key.gone_at && *key.replacement_used <= now_);
    return key.in_use && !settled ? Phase::retired_in_use : Phase::retired;
}

inline Phase Reference::phase(const Known& key, const domain::Fallback& fallback) const {
    if (key.gone) return gone_phase(key);
    const bool absent = fallback.mode == FallbackMode::absent;
    const bool active = is_active(key);
    const bool replacement_is_used = key.replacement && key.replacement_used;
    if (key.row.blocked) return Phase::quarantined;
    if (key.expired || key.row.over_budget) return Phase::expired;
    if (absent && (!replacement_is_used || key.beside) && key.row.used &&
        key.latest_use() > fallback.absent_since - policy_.windows.drain)
        return Phase::stranded;
    if (!absent && replacement_is_used && active) return Phase::overlap;
    if (replacement_is_used && (!active || absent)) return Phase::drained;
    if (key.replacement && !key.replacement_used && active) return Phase::issued;
    const Duration idle = now_ - key.latest_use();
    const bool sleeps = idle > policy_.windows.dormant || (idle > window(key) && key.acknowledged);
    if (sleeps && !replacement_is_used) return Phase::dormant;
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

inline void Reference::record(const Shown& shown) {
    std::set<std::string> legacy;
    std::map<std::string, Row> modern;
    for (const auto* const rows : {&shown.rows, &shown.found}) {
        for (const Row& row : *rows) {
            if (row.used && !is_upgrade(row)) note_use(row);
            if (row.legacy) {
                show(row);
                legacy.insert(row.id);
            } else {
                modern[row.id] = row;
            }
        }
    }
    const bool census = shown.scan == Scan::census;
    for (auto& [id, key] : keys_)
        if (!key.over && legacy.count(id) == 0 && (census || shown.missing.count(id) != 0))
            depart(key, modern.count(id) != 0 ? &modern.at(id) : nullptr);
    if (census) modern_ = std::move(modern);
    prove(shown);
}

/// A last use of the future counts as now.
inline void Reference::note_use(const Row& row) {
    std::optional<Time>& newest = row.legacy ? newest_legacy_use_ : newest_modern_use_;
    newest = std::max(newest.value_or(Time{}), std::min(*row.used, now_));
}

/// Last uses are evidence once one was seen to move, or lies after the first modern key was made.
inline void Reference::prove(const Shown& shown) {
    if (proved_at_) return;
    const auto after_modern = [this](const Row& row) {
        return row.legacy && row.used &&
               std::any_of(modern_.begin(), modern_.end(),
                           [&row](const auto& item) { return item.second.created < *row.used; });
    };
    const bool after = std::any_of(shown.rows.begin(), shown.rows.end(), after_modern) ||
                       std::any_of(shown.found.begin(), shown.found.end(), after_modern);
    const bool moved =
        std::any_of(keys_.begin(), keys_.end(), [](const auto& item) { return item.second.moved; });
    if (moved || after) proved_at_ = now_;
}

inline void Reference::poll(const Shown& shown, const domain::Fallback& fallback,
                            std::optional<Duration> elapsed) {
    if (!begun_ || (elapsed && std::chrono::abs(shown.now - now_ - *elapsed) > 15min))
        observed_since_ = shown.now;
    now_ = shown.now;
    forget_future();
    std::set<std::string> watched;
    for (const auto& [id, key] : keys_)
        if (key.gone && key.published == Phase::retired_in_use) watched.insert(id);
    record(shown);
    if (shown.scan == Scan::census) census_at_ = now_;
    if (shown.scan == Scan::census) pair_keys(watched);
    for (auto& [id, key] : keys_) {
        if (key.over) continue;
        key.acknowledged = is_acknowledged(id, key);
        publish(key, phase(key, fallback));
        // Whoever said it must have seen the replacement.
        if (key.published == Phase::drained) key.acknowledged = is_acknowledged(id, key);
        key.active = is_active(key);
        key.over = key.gone && key.published >= Phase::upgraded && key.published != Phase::retired_in_use;
    }
    begun_ = true;
}

/// The clock was set back: what speaks against SAFE counts as now, what speaks for it is not known.
inline void Reference::forget_future() {
    const Time latest = now_ + 5min;
    for (auto* const at : {&newest_creation_, &newest_legacy_use_, &proved_at_, &census_at_})
        if (*at > latest) *at = now_;
    if (observed_since_ > latest) observed_since_ = now_;
    if (newest_modern_use_ > latest) newest_modern_use_.reset();
}

/// As far as time alone decides.
inline Time Reference::nothing_missing_since(const domain::FallbackJudgement& fallback) const {
    const Duration drain = policy_.windows.drain;
    Time since = observed_since_ + drain;
    if (newest_creation_) since = std::max(since, *newest_creation_ + drain);
    if (fallback.state.mode != FallbackMode::absent || fallback.contradicted) {
        if (proved_at_) since = std::max(since, *proved_at_ + drain);
        if (newest_legacy_use_) since = std::max(since, *newest_legacy_use_ + drain);
    }
    for (const auto& [id, key] : keys_)
        if (!key.gone) since = std::max(since, key.latest_use() + window(key));
    return since;
}

inline std::vector<std::string> Reference::doubts(const domain::FallbackJudgement& fallback) const {
    std::vector<std::string> out;
    const Duration drain = policy_.windows.drain;
    const auto doubt = [&out](bool there, std::string what) {
        if (there) out.push_back(std::move(what));
    };
    doubt(std::max(newest_legacy_use_, newest_modern_use_) <= now_ - kDay, "no key in use");
    doubt(now_ - observed_since_ < drain, "observed too short");
    doubt(newest_creation_ && *newest_creation_ > now_ - drain, "a new legacy key");
    doubt(fallback.state.mode == FallbackMode::unknown || fallback.contradicted, "fallback mode");
    doubt(!newest_modern_use_ || *newest_modern_use_ <= now_ - policy_.quiet_period, "no modern key in use");
    // Without a fallback there is no use of one to be counted.
    if (fallback.state.mode != FallbackMode::absent || fallback.contradicted) {
        doubt(!proved_at_ || now_ - *proved_at_ < drain, "not proved for long enough");
        doubt(newest_legacy_use_ && *newest_legacy_use_ > now_ - drain, "a use of the fallback");
    }
    doubt(!census_at_ || *census_at_ < nothing_missing_since(fallback),
          "no census since nothing else is missing");
    const bool strict = policy_.inventory == domain::InventoryPolicy::strict;
    for (const auto& [id, key] : keys_) {
        doubt(strict && key.published < Phase::upgraded, id + " is left");
        doubt(!key.gone && key.latest_use() + window(key) > now_, id + " lately in use");
        doubt(key.published == Phase::retired_in_use || key.published == Phase::stranded ||
                  key.published == Phase::pending || key.published == Phase::issued ||
                  key.published == Phase::overlap,
              id + " " + std::string(phase_name(key.published)));
        if (key.gone || key.acknowledged) continue;
        doubt(key.published == Phase::drained && key.rule == PairRule::owner, id + " drained, by owner only");
        doubt(key.published == Phase::dormant || key.found == Phase::dormant, id + " dormant");
        if (key.found != Phase::quarantined) continue;
        Known unblocked = key;
        unblocked.row.blocked = false;
        const Time enough = (key.published == Phase::quarantined ? key.since : now_) + drain;
        doubt(enough > now_ && phase(unblocked, fallback.state.rules_view()) == Phase::dormant,
              id + " blocked too short");
    }
    return out;
}

}  // namespace keyshift::journal::history
