// SPDX-License-Identifier: Apache-2.0
// keyshift accept-table: an operator says that another key table than the known one is right.
#include <cstdio>
#include <string>

#include "base/utf8.hpp"
#include "commands/commands.hpp"
#include "commands/shared/decisions.hpp"
#include "commands/shared/terminal.hpp"

namespace keyshift::commands {
namespace {

using base::Result;
using Journal = store::AcceptedTable::Journal;

std::string effect_of(Journal journal, const domain::Recognised& keys) {
    if (journal == Journal::begins_anew) {
        return "The journal begins anew: it forgets its " + key_count(keys.known) +
               ", with what was paired and acknowledged; events and counters stay. The next census is the "
               "baseline.\n";
    }
    return "The journal goes on: it keeps the history of " + key_count(keys.found) + "; " +
           key_count(keys.known - keys.found) + " are taken for deleted, " +
           std::to_string(keys.missing_in_use) + " of them while in use (retired_in_use).\n";
}

std::string effects(const store::Tables& tables, Journal journal, base::Time now) {
    const domain::Recognised& keys = tables.recognised;
    std::string out = "Known:  " + base::escape_unsafe(tables.known->printable()) +
                      "\nFound:  " + base::escape_unsafe(tables.strange->printable()) + ", since " +
                      show_time(tables.seen_at, now) + "\n        " + std::to_string(keys.found) + " of " +
                      key_count(keys.known) + " that were known are in it.\n\n" + effect_of(journal, keys);
    out += "The verdict cannot be SAFE for a whole drain window from now on.\n";
    if (journal == Journal::goes_on) {
        out += "Has the one table nothing to do with the other, --begin-anew lets the journal begin anew.\n";
    }
    return out;
}

Result<std::string> accept(const AcceptTableCommand& command, store::State& state) {
    const auto tables = state.load_tables();
    if (!tables) return tables.error();
    if (!tables->known || !tables->strange)
        return std::string("There is nothing to accept: the key table is the one that is known");
    const Journal journal = command.anew ? Journal::begins_anew : Journal::goes_on;
    std::fputs(effects(*tables, journal, base::now()).c_str(), stdout);
    if (!command.yes)
        if (auto confirmed = confirm("Accept it?", "nothing was accepted"); !confirmed)
            return confirmed.error();
    const auto at = decision_time(state);
    if (!at) return at.error();
    const store::AcceptedTable accepted{*tables->strange, journal, *at, deciding_user()};
    if (auto saved = save_decision(state, accepted); !saved) return saved.error();
    return std::string("Accepted") + kTakesEffect;
}

}  // namespace

int run_accept_table(const AcceptTableCommand& command) {
    return run_decision(command.config, Sources::not_needed,
                        [&](const config::Config&, store::State& state) { return accept(command, state); });
}

}  // namespace keyshift::commands
