// SPDX-License-Identifier: Apache-2.0
// keyshift failures: which clients fail to authenticate, why, how often and from where, as logs tell. From
// the running daemon, or else from the state, where it keeps the last 24 hours.
#include "report/failures.hpp"

#include <cstdio>

#include "api/archive.hpp"
#include "api/csv.hpp"
#include "base/exit_code.hpp"
#include "collectors/catalog.hpp"
#include "commands/ask/known_keys.hpp"
#include "commands/commands.hpp"
#include "commands/shared/configuration.hpp"
#include "commands/shared/terminal.hpp"
#include "inventory/lists.hpp"
#include "journal/judging.hpp"
#include "journal/saved_evidence.hpp"
#include "store/state.hpp"

namespace keyshift::commands {
namespace {

using base::Errc;
using base::Error;
using base::Result;

Error nobody_tells() {
    return {Errc::config, "no log is read that tells of failures",
            "add a collector: {type: access_log, format: nginx_combined, input: {files: [FILE]}}"};
}

/// The configured logs that tell, by what the state has counted of them.
std::vector<api::FailureSource> configured_logs(const config::Config& config, domain::Model counted) {
    counted.policy = journal::judging(config);
    for (const auto& [source, events] : counted.policy.measurable)
        if (collectors::catalog_entry(source).reads_log) counted.logs[source];
    return inventory::logs_of_failures(counted);
}

Result<api::FailureList> load_failures(const config::Config& config, base::Time since) {
    if (configured_logs(config, {}).empty()) return nobody_tells();
    const auto state = store::State::attach(config.state.directory);
    if (!state) return state.error();
    if (!*state)
        return Error{Errc::connect, "there is no state in " + config.state.directory.string(),
                     "start keyshift serve with this configuration: it keeps what it reads in logs"};
    auto counted = journal::load_counted(**state);
    if (!counted) return counted.error();
    inventory::TimeQuery query;
    query.since = since;
    query.limit = inventory::kMostFailuresListed;
    return inventory::failures(**state, query, configured_logs(config, *std::move(counted)));
}

struct Known {
    api::FailureList list;
    bool of_daemon = true;
};

Result<Known> find_failures(const Asker& asker, const FailuresCommand& command, base::Time now) {
    const auto reply = ask_daemon(
        asker.directories,
        target_of("/api/v1/failures", {{"since", base::format_duration(command.since)},
                                       {"limit", std::to_string(inventory::kMostFailuresListed)}}));
    if (!reply) {
        auto loaded = load_failures(asker.loaded.config, now - command.since);
        // Who has no configuration asks for the daemon alone.
        if (!loaded)
            return reply.error().code == Errc::connect && asker.file ? loaded.error() : reply.error();
        return Known{*std::move(loaded), false};
    }
    auto list = api::ArchiveReader::document<api::FailureList>(*reply);
    if (!list) return list.error();
    return Known{*std::move(list)};
}

/// Two logs may tell of the same failures: those of the one that is followed.
report::FailuresView view_of(const api::FailureList& list, base::Time now, std::size_t most) {
    report::FailuresView out{list.sources.front().source, list.since, now, {}, {}, most};
    for (const api::FailureReason& sum : list.reasons)
        if (sum.source == out.source) out.reasons.push_back({sum.reason, sum.clients, sum.failures});
    for (const api::FailingClient& client : list.items)
        if (client.source == out.source)
            out.rows.push_back({client.reason, client.client, client.path, client.user_agent, client.failures,
                                client.first_at, client.last_at});
    return out;
}

std::string failures_as(const api::FailureList& list, const FailuresCommand& command, base::Time now) {
    if (command.format == report::Format::json) return api::ArchiveWriter::document(list);
    if (command.format == report::Format::csv) return api::CsvWriter::document(list.items);
    return failures_text(view_of(list, now, command.limit));
}

}  // namespace

int run_failures(const FailuresCommand& command) {
    const auto asker = Asker::from(command.config);
    if (!asker) return base::kConfig;
    const base::Time now = base::now();
    const auto known = find_failures(*asker, command, now);
    if (!known) return print_error(known.error()), base::exit_code(known.error());
    if (known->list.sources.empty()) return print_error(nobody_tells()), base::kConfig;
    std::fputs(failures_as(known->list, command, now).c_str(), stdout);
    const api::FailureSource& source = known->list.sources.front();
    if (!source.read_at) {
        std::fprintf(stderr, "keyshift: %s has not been read yet\n", source.source.c_str());
    } else if (!known->of_daemon && !store::is_state_held(asker->loaded.config.state.directory)) {
        std::fprintf(stderr, "keyshift: no daemon runs; the log was last read %s\n",
                     show_distance(*source.read_at, now).c_str());
    }
    return base::kOk;
}

}  // namespace keyshift::commands
