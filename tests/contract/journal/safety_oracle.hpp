// SPDX-License-Identifier: Apache-2.0
// An independent reading of one sentence: never SAFE while a legacy key was used within its window, or while
// its holder has not moved, as far as any source has shown it. It knows what polls and sources have shown,
// and nothing of how keyshift works.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "contract/journal/safety_world.hpp"
#include "domain/assess.hpp"

namespace keyshift::journal::safety {

/// What polls of the key table have shown of a key that was ever legacy.
struct Shown {
    std::string owner;
    std::optional<Time> used = {};  ///< the latest use ever shown while it was legacy
    bool advanced = false;          ///< its last use was seen to move, and not to be set back since
    Duration longest_gap{};         ///< between two uses, as far as they were shown
    std::optional<Time> appeared_at =
        {};  ///< the last census without it; empty: it was there at the first one
    bool gone = false;
    bool upgraded = false;
    bool blocked = false;
    Time gone_at = {};
    bool used_since = false;
    std::optional<Time> any_use = {};  ///< also while it was upgraded
    std::optional<Time> ahead = {};    ///< the row says that it was used in the future

    void use(Time at) {
        measure(at);
        if (!used || at > *used) used = at;
    }
    void measure(Time at) {
        if (any_use >= at) return;
        if (advanced) longest_gap = std::max(longest_gap, at - *any_use);
        advanced = any_use.has_value();
        any_use = at;
    }
};

/// What the key table has shown, as keyshift's state may know it.
struct Seen {
    std::map<std::string, Shown> keys;
    std::map<std::string, Time> modern_used;   ///< by owner
    std::map<std::string, Time> acknowledged;  ///< by the key's id, when
    std::vector<std::pair<std::string, Time>> upgrades_with_use;
    std::optional<Time> census_at;
};

class Oracle {
 public:
    explicit Oracle(const World& world) : world_(world) {}

    /// A poll of the key table, and what logs have told of single keys before it.
    void show(const KeySnapshot& snapshot) {
        const auto before = seen.keys;
        for (const auto& [id, row] : snapshot.rows)
            if (id != kCanary) show(id, row, snapshot.data_at);
        for (const auto& [id, at] : snapshot.told.latest()) {
            const auto key = seen.keys.find(id);
            if (key == seen.keys.end() || key->second.gone) continue;
            key->second.use(std::min(at, snapshot.data_at));
            if (before.count(id) == 0) key->second.advanced = false;  // what was known at first
        }
        const bool census = snapshot.scan == Scan::census;
        for (auto& [id, key] : seen.keys) {
            if (snapshot.rows.count(id) > 0 || key.gone || !(census || snapshot.missing.count(id) > 0))
                continue;
            key.gone = true;
            key.gone_at = snapshot.data_at;
        }
        if (census) seen.census_at = snapshot.data_at;
    }
    void count(const FallbackUse& use) { uses_.push_back(use); }
    /// Why `assessed`, which says SAFE, is wrong; empty: it is not.
    std::vector<std::string> faults(const domain::Assessment& assessed, const domain::Policy& policy) {
        faults_.clear();
        drain_ = policy.windows.drain;
        promotion_is_use_ = policy.promotes_in_place;
        if (assessed.fallback.state.mode != domain::FallbackMode::absent) check_uses();
        for (const auto& [id, key] : seen.keys) key.gone ? check_gone(id, key) : check_live(id, key);
        if (!seen.census_at || *seen.census_at < quiet_at())
            fault("no census has shown all rows since all was quiet, " + base::format_rfc3339(quiet_at()));
        return faults_;
    }

    Seen seen;

 private:
    void show(const std::string& id, const Row& row, Time data_at) {
        auto known = seen.keys.find(id);
        const auto used = use_of(row, data_at, known == seen.keys.end() ? nullptr : &known->second);
        if (!row.legacy && used) seen.modern_used[row.owner] = std::max(seen.modern_used[row.owner], *used);
        if (row.legacy) {
            if (known == seen.keys.end()) {
                known = seen.keys.emplace(id, Shown{.owner = row.owner}).first;
                known->second.appeared_at = seen.census_at;
                if (row.used > data_at) known->second.ahead = row.used;
            }
            Shown& key = known->second;
            key.gone = key.upgraded = key.used_since = false;
            if (key.any_use && !key.ahead && used.value_or(Time{}) < *key.any_use - 12h) key.advanced = false;
            if (used) key.use(*used);
        } else if (known != seen.keys.end()) {
            Shown& key = known->second;
            if (!key.gone) key.gone_at = data_at;
            if (!key.upgraded && used > key.used) seen.upgrades_with_use.emplace_back(id, *used);
            if (!key.upgraded && used) key.measure(*used);
            // Nobody has to follow the uses of a key whose end is over: they may have ended a gap unseen.
            if (key.upgraded && used > key.any_use) key.any_use = used, key.advanced = false;
            key.used_since = key.used_since || (key.upgraded && used > key.gone_at);
            key.gone = key.upgraded = true;
        }
        if (known != seen.keys.end()) known->second.blocked = row.blocked;
    }
    /// A last use in the future counts as now, each time that it changes; empty: none, or it has not changed.
    static std::optional<Time> use_of(const Row& row, Time data_at, Shown* known) {
        const auto ahead = row.used > data_at ? row.used : std::nullopt;
        const bool stands_still = known && ahead && known->ahead == ahead;
        if (known) known->ahead = ahead;
        // In use all that time: what comes then is near.
        if (stands_still) known->any_use = data_at;
        if (stands_still) return std::nullopt;
        if (ahead) return data_at;
        const bool dated = row.created && *row.created != base::kInfinitePast && *row.created <= data_at;
        if (!dated || !row.used || *row.used >= *row.created) return row.used;
        // A use before the creation is none; a little before, it is a local time.
        return *row.created - *row.used <= kDay ? row.created : std::nullopt;
    }
    std::optional<Time> acknowledged_at(const std::string& id) const {
        const auto found = seen.acknowledged.find(id);
        return found == seen.acknowledged.end() ? std::nullopt : std::optional(found->second);
    }
    void fault(const std::string& what) {
        faults_.push_back(base::format_rfc3339(world_.now()) + " SAFE although " + what);
    }
    Time since(Duration window) const { return world_.now() - window + 1s; }
    bool is_proved_moved(const Shown& key, Time after) const {
        const auto modern = seen.modern_used.find(key.owner);
        return modern != seen.modern_used.end() && modern->second > after;
    }

    /// When the last window ended in which a legacy key was used or has come.
    Time quiet_at() const {
        Time quiet{};
        for (const auto& [id, key] : seen.keys) {
            if (key.gone) continue;
            if (key.used) quiet = std::max(quiet, *key.used + std::max(drain_, 3 * key.longest_gap));
            if (key.appeared_at) quiet = std::max(quiet, *key.appeared_at + drain_);
        }
        return quiet;
    }
    void check_uses() {
        for (const FallbackUse& use : uses_) {
            if (use.at <= since(drain_)) continue;
            if (use.in_statements && !world_.traits.uses_recorded() && world_.statements.configured)
                fault("a scan for " + use.key + " was counted");
            if (use.in_log && world_.log.configured) fault("the log told of a use of " + use.key);
            if (use.in_metric && world_.metric.configured) fault("the metric counted a use of " + use.key);
        }
        for (const auto& [id, at] : seen.upgrades_with_use)
            if (at > since(drain_)) fault(id + " was upgraded by a use");
    }
    void check_live(const std::string& id, const Shown& key) {
        if (key.used > since(std::max(drain_, 3 * key.longest_gap))) {
            fault(id + " was used " + base::format_rfc3339(*key.used) + ", its longest gap is " +
                  base::format_duration(std::chrono::floor<std::chrono::seconds>(key.longest_gap)));
        }
        if (key.appeared_at > since(drain_)) fault(id + " has appeared");
        const auto at = acknowledged_at(id);
        const bool acknowledged = at && at > key.used;
        if (acknowledged || key.blocked || !key.used || is_proved_moved(key, Time{})) return;
        for (const Client& client : world_.clients)
            if (client.key == id && client.period > 0s) fault("the holder of " + id + " has not moved");
    }
    /// It was in use when it went, and nothing shows that its holder has moved.
    void check_gone(const std::string& id, const Shown& key) {
        const bool in_use = key.used && *key.used > key.gone_at - drain_ + kMostBetweenPolls;
        if (!in_use || key.blocked) return;
        if (key.upgraded && (promotion_is_use_ || key.used_since)) return;
        if (world_.now() - key.gone_at >= 30 * kDay || acknowledged_at(id) >= key.gone_at) return;
        if (!is_proved_moved(key, key.gone_at)) fault(id + " went while it was in use");
    }

    /// A key was idle or in use as of the last poll that showed it.
    static constexpr Duration kMostBetweenPolls = 6h;

    const World& world_;
    std::vector<FallbackUse> uses_;
    std::vector<std::string> faults_;
    Duration drain_{};
    bool promotion_is_use_ = false;
};

}  // namespace keyshift::journal::safety
