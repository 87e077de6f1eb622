// SPDX-License-Identifier: Apache-2.0
#include "decisions/acknowledge.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/people_time.hpp"
#include "base/utf8.hpp"
#include "decisions/common.hpp"

namespace keyshift::decisions {

using base::Errc;
using base::Error;
using base::Result;
using base::Time;
using domain::Phase;

Item Item::of(const domain::Key& key, const domain::KeyMemory& memory) {
    Item item{std::string(key.id),
              std::string(key.name.value_or("")),
              std::string(key.owner.value_or("")),
              {},
              memory.phase};
    item.facts.created_at = key.created_at.value_or(Time{});
    item.facts.last_used_at = key.last_used_at;
    item.facts.longest_gap = std::chrono::seconds{memory.longest_gap};
    return item;
}

std::string idle_text(const Item& item, Time now) {
    return item.facts.last_used_at
               ? "last used " + base::format_distance(*item.facts.last_used_at, now)
               : "never used, created " + base::format_distance(item.facts.created_at, now);
}

std::string refuse_acknowledgement(const Item& item, const domain::Windows& windows, Time now) {
    if (!item.phase) return "its phase is not known before the next poll";
    switch (*item.phase) {
        case Phase::dormant:
        case Phase::retired_in_use:
        case Phase::quarantined:
        case Phase::drained:
            return {};
        case Phase::pending:
        case Phase::issued:
            if (is_idle(item.facts, windows, now)) return {};
            return "it is " + std::string(phase_name(*item.phase)) + " and in use, " + idle_text(item, now) +
                   ": its owner needs a new key, or it has to be idle for " +
                   base::format_duration(std::min(
                       windows.dormant, domain::drain_window(item.facts.longest_gap, windows.drain)));
        case Phase::overlap:
            return "it is in use beside its replacement, " + idle_text(item, now) +
                   ": its owner has to finish the switch";
        case Phase::stranded:
            return "it was in use when its format stopped working, its clients fail now: its owner needs a "
                   "new key";
        default:
            return "it is " + std::string(phase_name(*item.phase)) + ": there is nothing to acknowledge";
    }
}

Error not_there(store::State& state, const std::string& id) {
    const auto known = state.load_key(id);
    if (!known) return known.error();
    if (!*known) return unknown_key(id);
    return {Errc::usage, "key " + base::escape_unsafe(id) + " has gone, and nobody misses it",
            "there is nothing to acknowledge; see: keyshift key ID"};
}

Result<Item> find_item(store::State& state, const std::string& id) {
    const auto known = state.load_key(id);
    if (!known) return known.error();
    if (!*known || ((*known)->gone_at && (*known)->memory.phase != Phase::retired_in_use))
        return not_there(state, id);
    const store::KeyHistory& history = **known;
    Item item = Item::of(history.key, history.memory);
    item.id = history.id;
    item.name = history.name;
    item.owner = history.owner;
    return item;
}

Result<std::optional<store::Acknowledgement>> find_acknowledgement(store::State& state,
                                                                   const std::string& id) {
    const auto decisions = state.load_decisions();
    if (!decisions) return decisions.error();
    for (const store::Acknowledgement& said : decisions->acknowledgements)
        if (said.id == id) return std::optional(said);
    return std::optional<store::Acknowledgement>();
}

Result<void> save_acknowledgements(store::State& state, std::span<const Item> items, Time at,
                                   const std::string& by, const std::string& note) {
    auto transaction = state.begin_decision();
    if (!transaction) return transaction.error();
    for (const Item& item : items) transaction->decide(store::Acknowledgement{item.id, at, by, note});
    return transaction->commit();
}

Result<void> undo_acknowledgements(store::State& state, std::span<const Item> items) {
    auto transaction = state.begin_decision();
    if (!transaction) return transaction.error();
    for (const Item& item : items) transaction->undo_acknowledgement(item.id);
    return transaction->commit();
}

}  // namespace keyshift::decisions
