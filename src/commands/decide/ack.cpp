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
#include "decisions/acknowledge.hpp"
#include "domain/phases/phase.hpp"
#include "journal/judging.hpp"

namespace keyshift::commands {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using base::Time;
using decisions::idle_text;
using decisions::Item;
using decisions::not_there;
using decisions::refuse_acknowledgement;

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
        Item item = Item::of(key, memory);
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

/// Shows the keys, and takes those that were named one by one all or none.
Result<std::vector<Item>> taken(const AckCommand& command, Selection selection,
                                const domain::Windows& windows, Time now) {
    std::vector<Item> out;
    std::string refused;
    std::string last_reason;
    std::size_t refusals = 0;
    for (Item& item : selection.items) {
        const std::string reason =
            command.remove ? std::string() : refuse_acknowledgement(item, windows, now);
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
    if (command.remove) return decisions::undo_acknowledgements(state, items);
    return decisions::save_acknowledgements(state, items, at, deciding_user(), command.note);
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
    return run_decision(command.config, Sources::not_needed,
                        [&](const config::Config& config, store::State& state) {
                            return acknowledge(command, config, state);
                        });
}

}  // namespace keyshift::commands
