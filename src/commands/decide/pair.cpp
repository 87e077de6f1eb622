// SPDX-License-Identifier: Apache-2.0
// keyshift pair: an operator says which modern key replaces a legacy one. Both are shown, so that it can be
// seen what was said.
#include <algorithm>
#include <cstdio>

#include "base/utf8.hpp"
#include "commands/commands.hpp"
#include "commands/key_table/modern_key.hpp"
#include "commands/shared/configuration.hpp"
#include "commands/shared/decisions.hpp"
#include "commands/shared/terminal.hpp"

namespace keyshift::commands {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using base::Time;

std::string shown(std::string_view label, const std::string& id, const std::string& name,
                  const std::string& owner, const domain::Key& key, Time now) {
    return pad(label, 5) + base::escape_unsafe(id) + "\n     name " +
           (name.empty() ? "none" : base::escape_unsafe(name)) + ", owner " +
           (owner.empty() ? "system" : base::escape_unsafe(owner)) + ", created " +
           show_when(key.created_at, now) + ", last used " + show_when(key.last_used_at, now) +
           (key.blocked ? ", blocked" : "") + "\n";
}

/// Why the one is hardly the replacement of the other; empty: nothing speaks against it.
std::string doubts(const store::KeyHistory& old, const ModernKey& modern) {
    std::string out;
    const auto doubt = [&out](bool there, const char* what) {
        if (there) out += (out.empty() ? "" : "; ") + std::string(what);
    };
    const domain::Key& key = modern.key;
    doubt(old.owner != modern.owner, "the two keys have different owners");
    doubt(key.blocked, "the new key is blocked");
    doubt(key.expires_at && *key.expires_at <= modern.now, "the new key has expired");
    doubt(key.over_budget, "the new key is over its budget");
    doubt(key.created_at && old.key.created_at && *key.created_at < *old.key.created_at,
          "the new key is older than the old one");
    return out;
}

Result<std::string> pair_keys(const PairCommand& command, const config::Config& config, store::State& state) {
    const auto old = state.load_key(command.legacy);
    if (!old) return old.error();
    if (!*old) return unknown_key(command.legacy);
    const auto modern = find_modern(config, command.replacement);
    if (!modern) return modern.error();
    std::fputs((shown("Old", (*old)->id, (*old)->name, (*old)->owner, (*old)->key, modern->now) +
                shown("New", modern->id, modern->name, modern->owner, modern->key, modern->now))
                   .c_str(),
               stdout);
    if (const std::string doubt = doubts(**old, *modern); !doubt.empty() && !command.force) {
        return Error{Errc::usage, "nothing was paired: " + doubt,
                     "if the one replaces the other all the same, say --force"};
    }
    const auto at = decision_time(state);
    if (!at) return at.error();
    const auto saved =
        save_decision(state, store::OperatorPair{command.legacy, command.replacement, *at, deciding_user()});
    if (!saved) return saved.error();
    return base::escape_unsafe(command.replacement) + " replaces " + base::escape_unsafe(command.legacy) +
           kTakesEffect;
}

Result<std::string> undo(const std::string& legacy, store::State& state) {
    const auto decisions = state.load_decisions();
    if (!decisions) return decisions.error();
    const auto& pairs = decisions->pairs;
    const bool there = std::any_of(pairs.begin(), pairs.end(),
                                   [&](const store::OperatorPair& pair) { return pair.legacy == legacy; });
    if (!there) {
        return Error{Errc::usage, "no operator has paired key " + base::escape_unsafe(legacy),
                     "see its replacement, and by which rule it was found: keyshift key ID"};
    }
    auto transaction = state.begin();
    if (!transaction) return transaction.error();
    transaction->undo_pair(legacy);
    if (auto done = transaction->commit(); !done) return done.error();
    return "the replacement of " + base::escape_unsafe(legacy) + " is found by the other rules again" +
           kTakesEffect;
}

}  // namespace

int run_pair(const PairCommand& command) {
    return run_decision(command.config, [&](const config::Config& config, store::State& state) {
        return command.remove ? undo(command.legacy, state) : pair_keys(command, config, state);
    });
}

}  // namespace keyshift::commands
