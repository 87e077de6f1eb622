// SPDX-License-Identifier: Apache-2.0
// A gateway's key table and a ledger that polls it, for tests of what many polls come to.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "domain/ledger/key_slot.hpp"
#include "domain/ledger/ledger.hpp"
#include "unit/domain/ledger/keys.hpp"

namespace keyshift::domain {

using namespace std::chrono_literals;
using base::Duration;
using base::Time;
using Used = std::optional<Time>;
using Told = std::vector<std::string>;

inline constexpr Duration kDay = 24h;
inline constexpr Duration kWeek = 7 * kDay;
/// The ledger keeps seconds: a key may look used up to that much later than it was.
inline constexpr Duration kRest = 999'999us;

/// What a census finds of a replacement.
struct Link {
    std::string id = "m";
    Used used = {};
    PairRule rule = PairRule::name;
};

/// A gateway's key table and the ledger that watches it, as the journal leads it.
struct Watch {
    Time now = kNow;
    Fallback fallback{FallbackMode::present, {}};
    std::map<std::string, Key> table;
    std::map<std::string, Link> links;         // by the legacy key
    std::map<std::string, Time> acknowledged;  // likewise
    bool owners_go_too = false;
    bool promotes_in_place = false;
    Duration last_used_delay = 1h;
    Duration lag{};  ///< so much is the database's clock ahead of what the rows show
    RefusedKeys refused;
    Ledger ledger;

    // Of the last poll.
    std::vector<Settled> settled;
    std::vector<Gone> gone;
    std::vector<PairNews> news;
    Tally tally;
    std::optional<Upgrade> upgrade;
    bool set_back = false;

    Key& add(const std::string& id, Used used = kNow - 1h) {
        const auto at = table.emplace(id, legacy("", used)).first;
        at->second.id = at->first;
        at->second.created_at = kNow - 100 * kDay;
        return at->second;
    }

    void census(Duration later = 1min) {
        poll(later);
        ledger.begin_census();
        for (const auto& [id, key] : table) see(key);
        gone = ledger.finish_census();
        for (const Gone& key : gone)
            if (owners_go_too) ledger.went_with_owner(key.hash);
        for (auto& [id, kept] : journal_) {
            for (const Gone& key : gone)
                if (key.row == kept.memory.row) kept.memory.gone = true, kept.memory.upgraded = key.upgraded;
            if (links.count(id) != 0) pair(id, kept.memory, links.at(id));
        }
        settle();
    }
    void censuses(int count) {
        for (int i = 0; i < count; ++i) census();
    }
    /// Shows the keys of `changed`.
    void pulse(const std::vector<std::string>& changed = {}, Duration later = 1min) {
        poll(later);
        for (const std::string& id : changed) see(table.at(id));
        settle();
    }
    /// Back to what the journal has been told. It does not hear of each use of a replacement: the next census
    /// finds it.
    void restart() {
        Ledger restored;
        restored.set_view(view(), polled_at_);
        for (auto& [id, kept] : journal_) {
            if (ledger.find(hash_id(id)) == nullptr) continue;
            kept.memory.replacement_used = ledger.recall(hash_id(id)).replacement_used;
            restored.restore(kept.key, kept.memory);
        }
        restored.next_row(static_cast<std::uint32_t>(journal_.size()) + 1);
        ledger = std::move(restored);
    }

    std::string phase(const std::string& id = "k") {
        if (const KeySlot* const slot = ledger.find(hash_id(id)))
            return std::string(phase_name(static_cast<Phase>(slot->phase)));
        const auto kept = journal_.find(id);
        return kept == journal_.end() ? "not known" : std::string(phase_name(*kept->second.memory.phase));
    }
    KeyMemory memory(const std::string& id = "k") { return ledger.recall(hash_id(id)); }
    Duration gap() { return std::chrono::seconds{memory().longest_gap}; }
    /// "was -> phase" of each key handed over.
    Told told() const {
        Told out;
        for (const Settled& key : settled) {
            const std::string was = key.was ? std::string(phase_name(*key.was)) + " -> " : "";
            out.push_back(was + std::string(phase_name(key.phase)));
        }
        return out;
    }

 private:
    struct Kept {
        Key key;
        KeyMemory memory;
    };

    View view() const {
        return {.now = now,
                .windows = {},
                .fallback = fallback,
                .promotes_in_place = promotes_in_place,
                .last_used_delay = last_used_delay,
                .refused = refused,
                .clock = now + lag};
    }
    void poll(Duration later) {
        now += later;
        ledger.set_view(view(), polled_at_);
        gone.clear();
        upgrade.reset();
        set_back = false;
        news.clear();
        settled.clear();
    }
    void see(const Key& key) {
        if (!key.legacy) {
            upgrade = ledger.observe_modern(key);
            return;
        }
        const Change change = ledger.observe(key);
        set_back = change.set_back;
        const auto [at, is_new] = journal_.try_emplace(std::string(key.id));
        Kept& kept = at->second;
        if (change.created) {
            const std::uint32_t row = is_new ? change.row : kept.memory.row;
            if (!is_new) set_back = ledger.adopt(key, kept.memory);
            kept.memory = {.row = row,
                           .last_used = key.last_used_at ? to_seconds(*key.last_used_at) : 0,
                           .since = to_seconds(now),
                           .phase = change.first_phase,
                           .candidate = change.first_phase};
        }
        kept.memory.gone = kept.memory.upgraded = false;
        kept.key = key;
        kept.key.id = at->first;
    }
    void pair(const std::string& id, KeyMemory& memory, const Link& link) {
        const std::uint32_t used = link.used ? to_seconds(*link.used) : 0;
        const auto found = ledger.pair(hash_id(id), hash_id(link.id), used, link.rule);
        if (!found) return;
        news.push_back(*found);
        memory.rule = link.rule;
        memory.replacement = hash_id(link.id);
    }
    void settle() {
        for (const auto& [id, at] : acknowledged) ledger.acknowledge(hash_id(id), to_seconds(at));
        tally = ledger.settle(view(), [this](const Settled& key) { settled.push_back(key); });
        for (auto& [id, kept] : journal_)
            for (const Settled& key : settled)
                if (key.hash == hash_id(id)) keep(kept.memory, ledger.recall(key.hash));
        ledger.forget_over();
        polled_at_ = now;
    }
    static void keep(KeyMemory& memory, KeyMemory told) {
        told.replacement = told.rule == PairRule::none ? 0 : memory.replacement;
        memory = told;
    }

    std::map<std::string, Kept> journal_;
    std::optional<Time> polled_at_;
};

}  // namespace keyshift::domain
