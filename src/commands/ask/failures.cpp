// SPDX-License-Identifier: Apache-2.0
// keyshift failures: which clients fail to authenticate, why, how often and from where, as logs tell. From
// the state, where the daemon keeps the last 24 hours.
#include "report/failures.hpp"

#include <cstdio>

#include "base/exit_code.hpp"
#include "collectors/catalog.hpp"
#include "commands/commands.hpp"
#include "commands/shared/configuration.hpp"
#include "commands/shared/terminal.hpp"
#include "domain/evidence/source_traits.hpp"
#include "journal/judging.hpp"
#include "journal/saved_evidence.hpp"
#include "store/state.hpp"

namespace keyshift::commands {
namespace {

using base::Errc;
using base::Error;
using base::Result;

/// Of the configured logs that tell of failures, the one that the headline follows, or else the best.
Result<std::string> best_log(const config::Config& config, const store::Facts& facts) {
    const auto headline = facts.find("evidence:auth_failures");
    const domain::Policy policy = journal::judging(config);
    std::string best;
    for (const std::string_view name :
         domain::evidence_order(policy.known_sources, domain::Signal::auth_failures)) {
        const auto promised = policy.measurable.find(std::string(name));
        if (promised == policy.measurable.end() || (promised->second & domain::failures()).none()) continue;
        if (!collectors::catalog_entry(name).reads_log) continue;
        const bool followed = headline != facts.end() && headline->second == name;
        if (best.empty() || followed) best = name;
    }
    if (best.empty())
        return Error{Errc::config, "no log is read that tells of failures",
                     "add a collector: {type: access_log, format: nginx_combined, input: {files: [FILE]}}"};
    return best;
}

struct Known {
    std::string source;
    domain::FailureTally failures;
    std::optional<base::Time> read_at;
};

Result<Known> load(const config::Config& config, base::Time since) {
    if (auto any = best_log(config, {}); !any) return any.error();
    const auto state = store::State::attach(config.state.directory);
    if (!state) return state.error();
    if (!*state)
        return Error{Errc::connect, "there is no state in " + config.state.directory.string(),
                     "start keyshift serve with this configuration: it keeps what it reads in logs"};
    const auto facts = (*state)->load_facts();
    if (!facts) return facts.error();
    auto source = best_log(config, *facts);
    if (!source) return source.error();
    auto failures = (*state)->load_failures(since);
    if (!failures) return failures.error();
    Known known{*source, domain::FailureTally(store::kMostFailures), std::nullopt};
    if (const auto found = failures->find(*source); found != failures->end())
        known.failures = std::move(found->second);
    std::map<std::string, domain::SourceStatus> sources;
    journal::load_statuses(*facts, {}, sources);
    known.read_at = sources[*source].last_success_at;
    return known;
}

}  // namespace

int run_failures(const FailuresCommand& command) {
    const auto config = load_configuration(command.config);
    if (!config) return base::kConfig;
    const base::Time now = base::now();
    const auto known = load(*config, now - command.since);
    if (!known) return print_error(known.error()), base::exit_code(known.error());
    const report::FailuresView view{known->source, now - command.since, now, &known->failures, command.limit};
    const std::string text = command.format == report::Format::json  ? failures_json(view)
                             : command.format == report::Format::csv ? failures_csv(view)
                                                                     : failures_text(view);
    std::fputs(text.c_str(), stdout);
    if (!known->read_at) {
        std::fprintf(stderr, "keyshift: %s has not been read yet\n", known->source.c_str());
    } else if (!store::is_state_held(config->state.directory)) {
        std::fprintf(stderr, "keyshift: no daemon runs; the log was last read %s\n",
                     show_distance(*known->read_at, now).c_str());
    }
    return base::kOk;
}

}  // namespace keyshift::commands
