// SPDX-License-Identifier: Apache-2.0
// keyshift pair: an operator says which modern key replaces a legacy one. Both are shown, so that it can be
// seen what was said.
#include "decisions/pair.hpp"

#include <cstdio>
#include <string>
#include <vector>

#include "base/utf8.hpp"
#include "commands/commands.hpp"
#include "commands/shared/configuration.hpp"
#include "commands/shared/decisions.hpp"
#include "commands/shared/terminal.hpp"

namespace keyshift::commands {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using base::Time;
using decisions::ModernKey;

std::string shown(std::string_view label, const std::string& id, const std::string& name,
                  const std::string& owner, const domain::Key& key, Time now) {
    return pad(label, 5) + base::escape_unsafe(id) + "\n     name " +
           (name.empty() ? "none" : base::escape_unsafe(name)) + ", owner " +
           (owner.empty() ? "system" : base::escape_unsafe(owner)) + ", created " +
           show_when(key.created_at, now) + ", last used " + show_when(key.last_used_at, now) +
           (key.blocked ? ", blocked" : "") + "\n";
}

std::string joined(const std::vector<std::string>& doubts) {
    std::string out;
    for (const std::string& doubt : doubts) out += (out.empty() ? "" : "; ") + doubt;
    return out;
}

Result<std::string> pair_keys(const PairCommand& command, const config::Config& config, store::State& state) {
    const auto plan = decisions::plan_pair(config, state, command.legacy, command.replacement);
    if (!plan) return plan.error();
    const store::KeyHistory& old = *plan->old;
    const ModernKey& modern = plan->modern;
    const std::vector<std::string>& doubts = plan->doubts;
    std::fputs((shown("Old", old.id, old.name, old.owner, old.key, modern.now) +
                shown("New", modern.id, modern.name, modern.owner, modern.key, modern.now))
                   .c_str(),
               stdout);
    if (!doubts.empty() && !command.force) {
        return Error{Errc::usage, "nothing was paired: " + joined(doubts),
                     "if the one replaces the other all the same, say --force"};
    }
    if (const auto saved = decisions::save_pair(state, *plan, deciding_user()); !saved) return saved.error();
    return base::escape_unsafe(command.replacement) + " replaces " + base::escape_unsafe(command.legacy) +
           kTakesEffect;
}

Result<std::string> undo(const std::string& legacy, store::State& state) {
    if (const auto plan = decisions::plan_unpair(state, legacy); !plan) return plan.error();
    if (auto done = decisions::save_unpair(state, legacy); !done) return done.error();
    return "the replacement of " + base::escape_unsafe(legacy) + " is found by the other rules again" +
           kTakesEffect;
}

}  // namespace

int run_pair(const PairCommand& command) {
    return run_decision(command.config, command.remove ? Sources::not_needed : Sources::needed,
                        [&](const config::Config& config, store::State& state) {
                            return command.remove ? undo(command.legacy, state)
                                                  : pair_keys(command, config, state);
                        });
}

}  // namespace keyshift::commands
