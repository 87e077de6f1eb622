// SPDX-License-Identifier: Apache-2.0
// keyshift ack: an operator has asked the owners of keys that nobody seems to use. Of a key that is in use no
// word counts: it is refused, with the reason.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <set>

#include "base/utf8.hpp"
#include "commands/commands.hpp"
#include "commands/shared/configuration.hpp"
#include "commands/shared/decisions.hpp"
#include "commands/shared/terminal.hpp"
#include "domain/phases/phase.hpp"
#include "journal/judging.hpp"

namespace keyshift::commands {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using base::Time;
using domain::Phase;

struct Item {
    std::string id, name, owner;
    domain::KeyFacts facts;
    std::optional<Phase> phase;

    Time last_used() const { return facts.last_used_at.value_or(facts.created_at); }
};

Item describe(const domain::Key& key, const domain::KeyMemory& memory) {
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
    return item.facts.last_used_at ? "last used " + show_distance(*item.facts.last_used_at, now)
                                   : "never used, created " + show_distance(item.facts.created_at, now);
}

/// Why nobody's word counts for the key; empty: it does.
std::string refusal(const Item& item, const domain::Windows& windows, Time now) {
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

Result<std::set<std::string>> listed(const AckCommand& command) {
    std::set<std::string> ids(command.ids.begin(), command.ids.end());
    if (!command.file) return ids;
    std::ifstream file;
    if (*command.file != "-") file.open(*command.file);
    std::istream& in = *command.file == "-" ? std::cin : file;
    if (!in)
        return Error{Errc::usage, "cannot read " + base::escape_unsafe(command.file->string()),
                     "see that it is there"};
    for (std::string line; std::getline(in, line);) {
        while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
        if (!line.empty()) ids.insert(line);
    }
    return ids;
}

struct Selection {
    std::vector<Item> items;
    std::set<std::string> unknown;  // listed ids that the journal does not have, or has no more
};

Result<Selection> select(const AckCommand& command, store::State& state, Time now) {
    auto ids = listed(command);
    if (!ids) return ids.error();
    const bool all = ids->empty() && !command.file;
    Selection out;
    const auto loaded = state.load_keys([&](const domain::Key& key, const domain::KeyMemory& memory) {
        const auto id = ids->find(std::string(key.id));
        if (!all && id == ids->end()) return;
        Item item = describe(key, memory);
        if (!all) ids->erase(id);
        if (command.owner && item.owner != *command.owner) return;
        if (command.idle_longer_than && now - item.last_used() <= *command.idle_longer_than) return;
        out.items.push_back(std::move(item));
    });
    if (!loaded) return loaded.error();
    out.unknown = *std::move(ids);
    return out;
}

std::string line_of(const Item& item, Time now) {
    return "  " + base::escape_unsafe(item.id) + "  " +
           (item.name.empty() ? "unnamed" : base::escape_unsafe(item.name)) + ", owner " +
           (item.owner.empty() ? "system" : base::escape_unsafe(item.owner)) + ", " + idle_text(item, now) +
           (item.phase ? ", " + std::string(phase_name(*item.phase)) : "") + "\n";
}

/// A key of the journal that has gone for good, or none at all.
Error not_there(store::State& state, const std::string& id) {
    const auto known = state.load_key(id);
    if (!known) return known.error();
    if (!*known) return unknown_key(id);
    return {Errc::usage, "key " + base::escape_unsafe(id) + " has gone, and nobody misses it",
            "there is nothing to acknowledge; see: keyshift key ID"};
}

/// Shows the keys, and takes those that were named one by one all or none.
Result<std::vector<Item>> taken(const AckCommand& command, Selection selection,
                                const domain::Windows& windows, Time now) {
    std::vector<Item> out;
    std::string refused;
    std::string last_reason;
    std::size_t refusals = 0;
    for (Item& item : selection.items) {
        const std::string reason = command.remove ? std::string() : refusal(item, windows, now);
        if (reason.empty()) {
            std::fputs(line_of(item, now).c_str(), stdout);
            out.push_back(std::move(item));
            continue;
        }
        ++refusals;
        last_reason = "key " + base::escape_unsafe(item.id) + ": " + reason;
        refused += "  " + base::escape_unsafe(item.id) + ": " + reason + "\n";
    }
    if (refusals > 0 && !command.selects())
        return Error{Errc::usage, "nothing was acknowledged: " + last_reason,
                     refusals > 1 ? "name only those that nobody uses" : ""};
    if (refusals > 0) std::printf("Not acknowledged, %s:\n%s", key_count(refusals).c_str(), refused.c_str());
    for (const std::string& id : selection.unknown)
        std::printf("Not acknowledged: no legacy key %s is there\n", base::escape_unsafe(id).c_str());
    return out;
}

Result<void> save(const AckCommand& command, store::State& state, const std::vector<Item>& items, Time at) {
    auto transaction = state.begin();
    if (!transaction) return transaction.error();
    for (const Item& item : items) {
        if (command.remove) {
            transaction->undo_acknowledgement(item.id);
        } else {
            transaction->decide(store::Acknowledgement{item.id, at, deciding_user(), command.note});
        }
    }
    return transaction->commit();
}

Result<std::string> acknowledge(const AckCommand& command, const config::Config& config,
                                store::State& state) {
    const auto now = decision_time(state);
    if (!now) return now.error();
    auto selection = select(command, state, *now);
    if (!selection) return selection.error();
    if (!command.selects() && !selection->unknown.empty())
        return not_there(state, *selection->unknown.begin());
    const auto items = taken(command, *std::move(selection), journal::judging(config).windows, *now);
    if (!items) return items.error();
    const std::string done = command.remove ? "not acknowledged any more" : "acknowledged";
    if (items->empty()) return Error{Errc::usage, "no key is " + done + ": none fits", {}};
    if (command.selects() && !command.yes) {
        const std::string question = command.remove ? "Undo it for " : "Acknowledge ";
        if (auto confirmed = confirm(question + key_count(items->size()) + "?", "nothing was " + done);
            !confirmed)
            return confirmed.error();
    }
    if (auto saved = save(command, state, *items, *now); !saved) return saved.error();
    if (items->size() == 1) return base::escape_unsafe(items->front().id) + " is " + done + kTakesEffect;
    return key_count(items->size()) + " are " + done + kTakesEffect;
}

}  // namespace

int run_ack(const AckCommand& command) {
    return run_decision(command.config, [&](const config::Config& config, store::State& state) {
        return acknowledge(command, config, state);
    });
}

}  // namespace keyshift::commands
