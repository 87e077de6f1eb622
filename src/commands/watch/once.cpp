// SPDX-License-Identifier: Apache-2.0
// keyshift once: one pass over all sources, its metrics in a file for node_exporter. For cron.
#include <cstdio>

#include "base/exit_code.hpp"
#include "base/log/log.hpp"
#include "commands/commands.hpp"
#include "commands/shared/configuration.hpp"
#include "commands/shared/output_file.hpp"
#include "daemon/once/one_pass.hpp"
#include "store/state.hpp"
#include "store/state_directory.hpp"

namespace keyshift::commands {
namespace {

using base::Errc;
using base::Error;
using base::Result;

/// The daemon's, so that counters go on from run to run; where nothing can be written, a copy.
Result<std::unique_ptr<store::State>> state_for(const std::filesystem::path& directory) {
    if (directory.empty())
        return Error{Errc::config, "there is no place for the state: neither XDG_STATE_HOME nor HOME is set",
                     "set XDG_STATE_HOME to a directory, or state.directory in a configuration file"};
    if (store::is_state_held(directory)) {
        return Error{Errc::timeout, "a daemon, or another pass, has the state in " + directory.string(),
                     "where a daemon runs, scrape its /metrics instead; or stop it"};
    }
    auto state = store::State::open(directory);
    if (state || (state.error().code != Errc::permission && !store::on_read_only_file_system(directory)))
        return state;
    std::fprintf(stderr, "note: counters begin anew with each run: %s\n", state.error().text().c_str());
    return store::State::scratch(directory);
}

Result<void> write_file(const std::filesystem::path& file, std::string metrics) {
    auto output = Output::open(file, Readers::everybody);
    if (!output) return output.error();
    if (auto written = output->write(metrics); !written) return written;
    return output->finish();
}

int failed(const Error& error) {
    print_error(error);
    return base::exit_code(error);
}

}  // namespace

int run_once(const OnceCommand& command) {
    auto config = load_configuration(command.config);
    if (!config) return base::kConfig;
    // What goes wrong is said at the end, and the rest is for a log that goes on.
    base::log::configure(base::log::Level::error, config->log.format);
    if (command.textfile.extension() != ".prom")
        std::fprintf(stderr, "note: node_exporter reads only files whose names end in .prom\n");
    // Everybody may read the file.
    config->web.per_key_series = false;
    const auto state = state_for(config->state.directory);
    if (!state) return failed(state.error());
    const auto pass = daemon::one_pass(*config, **state);
    if (!pass) return failed(pass.error());
    if (const auto written = write_file(command.textfile, pass->metrics); !written)
        return failed(written.error());
    for (const Error& error : pass->failures) print_error(error);
    return pass->failures.empty() ? base::kOk : base::kUnavailable;
}

}  // namespace keyshift::commands
