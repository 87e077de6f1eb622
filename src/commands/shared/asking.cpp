// SPDX-License-Identifier: Apache-2.0
#include "commands/shared/asking.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "collectors/configuration.hpp"
#include "commands/shared/configuration.hpp"
#include "drivers/http_client/local_http.hpp"
#include "journal/described_configuration.hpp"
#include "store/state.hpp"
#include "store/state_directory.hpp"

namespace keyshift::commands {
namespace {

using base::Errc;
using base::Error;
using base::Result;
namespace fs = std::filesystem;

constexpr const char* kInstalledState = "/var/lib/keyshift";

Error nobody_watches(const fs::path& directory) {
    if (store::is_state_held(directory)) {
        return {Errc::other,
                "the running daemon cannot be asked: its socket " +
                    (directory / store::kSocketName).string() + " is not there",
                "its log says why: journalctl -u keyshift"};
    }
    return {
        Errc::connect,
        "no daemon is watching: nobody answers on " + (directory / store::kSocketName).string(),
        "start it (systemctl start keyshift, or keyshift serve), or name its configuration with --config"};
}

Error about(Error error, const fs::path& directory) {
    switch (error.code) {
        case Errc::connect:
            return nobody_watches(directory);
        case Errc::permission:
            error.what = "the daemon cannot be asked: " + error.what;
            error.hint = "ask as a member of the group of its state directory, or by sudo -u keyshift";
            return error;
        case Errc::timeout:
            error.what = "the running daemon does not answer: " + error.what;
            error.hint = "see its log: journalctl -u keyshift";
            return error;
        default:
            error.what = "the running daemon cannot be asked: " + error.what;
            return error;
    }
}

/// What the environment implies is another matter in the daemon's, which need not be that of the one who
/// asks.
bool lists_collectors(const config::Config& config) {
    return std::any_of(config.collectors.begin(), config.collectors.end(),
                       [](const config::CollectorConfig& collector) { return !collector.written.empty(); });
}

Error strange(int status, std::string_view target) {
    return {Errc::other,
            "the running daemon answers " + std::to_string(status) + " to " + std::string(target),
            "it may be of another version: restart it (systemctl restart keyshift)"};
}

Result<Reply> ask(const fs::path& directory, std::string_view target, base::Duration patience) {
    auto answer = drivers::get_locally(directory, store::kSocketName, target, base::Deadline::in(patience));
    if (!answer) return about(answer.error(), directory);
    if (answer->status >= 500) return strange(answer->status, target);
    return Reply{answer->status, std::move(answer->body)};
}

}  // namespace

std::optional<Asker> Asker::from(const std::optional<fs::path>& given) {
    Asker asker;
    asker.file = configuration_file(given);
    asker.loaded = collectors::read_configuration(asker.file);
    const bool named =
        given || (asker.file && config::non_empty(config::process_environment(), "KEYSHIFT_CONFIG"));
    if (asker.file && !is_sound_but_for_collectors(asker.loaded)) {
        if (named) return print_problems(asker.loaded.problems), std::nullopt;
        std::fprintf(stderr, "note: %s is passed over: %s\n", asker.file->c_str(),
                     asker.loaded.problems.front().text().c_str());
        asker.file.reset();
        asker.loaded = collectors::read_configuration(asker.file);
    }
    asker.says = journal::described(asker.loaded.config, asker.file, std::nullopt);
    if (!lists_collectors(asker.loaded.config)) asker.says.collectors.clear();
    if (!asker.loaded.config.state.directory.empty())
        asker.directories.push_back(asker.loaded.config.state.directory);
    if (!asker.file) asker.directories.emplace_back(kInstalledState);
    return asker;
}

/// Of several failures the one that says most: there is a socket, but it cannot be asked.
Result<Reply> ask_daemon_for(const std::vector<fs::path>& directories, std::string_view target,
                             base::Duration patience) {
    Result<Reply> failed = Error{Errc::connect, "no daemon is watching: there is no place for its state",
                                 "name its configuration with --config"};
    bool first = true;
    for (const fs::path& directory : directories) {
        auto answer = ask(directory, target, patience);
        if (answer) return answer;
        if (std::exchange(first, false) || failed.error().code == Errc::connect) failed = answer.error();
    }
    return failed;
}

Result<std::string> ask_daemon(const std::vector<fs::path>& directories, std::string_view target,
                               base::Duration patience) {
    auto reply = ask_daemon_for(directories, target, patience);
    if (!reply) return reply.error();
    if (reply->status != 200) return strange(reply->status, target);
    return std::move(reply->body);
}

}  // namespace keyshift::commands
