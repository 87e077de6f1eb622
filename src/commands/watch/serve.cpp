// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/descriptor.hpp"
#include "base/exit_code.hpp"
#include "base/log/log.hpp"
#include "collectors/configuration.hpp"
#include "commands/commands.hpp"
#include "commands/shared/configuration.hpp"
#include "config/web_paths.hpp"
#include "daemon/monitor.hpp"
#include "daemon/web/web_inputs.hpp"

namespace keyshift::commands {
namespace {

/// Four collectors hold some 40, and each scrape and each command that asks one more.
constexpr std::size_t kFewDescriptors = 64;

/// Below that not even the state can be saved while a source is read.
constexpr std::size_t kLeastDescriptors = 32;

/// Fails where nothing could work, so that a person must change it.
base::Result<void> check_descriptors() {
    const std::size_t most = base::raise_descriptor_limit();
    if (most < kLeastDescriptors) {
        return base::Error{
            base::Errc::config,
            "too few file descriptors: this process may open only " + std::to_string(most) + " files",
            "let it have 1024: LimitNOFILE=1024 in its systemd unit, or ulimit -n 1024 in a shell"};
    }
    if (most >= kFewDescriptors) return {};
    base::log::warn("this process may open few files: sources, scrapes or the state may fail",
                    {{"limit", most}, {"hint", "let it have 1024 (LimitNOFILE, ulimit -n)"}});
    return {};
}

/// What only a person can change, or what may be otherwise at the next try: a full disk, another program that
/// has the port or the state. The service manager tries again after the latter alone.
base::ExitCode why_not_started(base::Errc code) {
    return code == base::Errc::config || code == base::Errc::permission ? base::kConfig : base::kUnavailable;
}

template <class Value>
std::optional<base::Error> read_flag(const char* name, std::string_view text, std::optional<Value>& to,
                                     base::Result<Value> (*parse)(std::string_view)) {
    auto value = parse(text);
    if (!value) {
        return base::Error{base::Errc::config,
                           std::string(name) + ": '" + std::string(text) + "' " + value.error().what,
                           value.error().hint};
    }
    to = *std::move(value);
    return std::nullopt;
}

/// How the daemon is started, by its flags. Errors: usage.
base::Result<daemon::Launch> launch_of(const ServeCommand& command,
                                       const std::optional<std::filesystem::path>& file) {
    daemon::Launch launch{
        file, {}, command.web_file, command.lifecycle, command.log_level, command.log_format};
    launch.systemd_socket = command.systemd_socket;
    for (const std::string& text : command.listen) {
        std::optional<base::ListenAddress> address;
        if (auto bad = read_flag("--web.listen-address", text, address, base::parse_listen_address))
            return *std::move(bad);
        launch.listen.push_back(*std::move(address));
    }
    std::optional<base::Error> bad;
    if (command.telemetry_path)
        bad = read_flag("--web.telemetry-path", *command.telemetry_path, launch.telemetry_path,
                        config::parse_telemetry_path);
    if (command.route_prefix && !bad)
        bad = read_flag("--web.route-prefix", *command.route_prefix, launch.route_prefix,
                        config::parse_route_prefix);
    if (command.external_url && !bad)
        bad = read_flag("--web.external-url", *command.external_url, launch.external_url,
                        config::parse_external_url);
    if (bad) return *std::move(bad);
    return launch;
}

}  // namespace

int run_serve(const ServeCommand& command) {
    const auto file = configuration_file(command.config);
    config::Loaded loaded = collectors::read_configuration(file);
    print_problems(loaded.problems);
    if (!loaded.problems.empty()) return base::kConfig;
    config::Config* const config = &loaded.config;
    auto started = launch_of(command, file);
    if (!started) return print_error(started.error()), base::kUsage;
    daemon::Launch& launch = *started;
    config->web.paths = launch.paths(config->web.paths);
    if (config->state.directory.empty()) {
        print_error({base::Errc::config,
                     "there is no place for the state: neither XDG_STATE_HOME nor HOME is set",
                     "set XDG_STATE_HOME to a directory, or state.directory in a configuration file"});
        return base::kConfig;
    }
    if (const auto& web = command.web_file.empty() ? config->web.config_file : command.web_file;
        !web.empty()) {
        const daemon::WebInputs inputs = daemon::read_web_inputs(web, base::now());
        print_problems(inputs.problems);
        if (!inputs.problems.empty()) return base::kConfig;
    }
    launch.configure_log(config->log);
    if (const auto enough = check_descriptors(); !enough) {
        print_error(enough.error());
        return base::kConfig;
    }
    for (config::Problem& warning : loaded.warnings) {
        warning.severity = config::Severity::error;  // the line has a level of its own
        base::log::warn("the configuration can be used, but", {{"what", warning.text()}});
    }
    auto monitor = daemon::Monitor::start(std::move(*config), std::move(launch),
                                          drivers::ServiceManager::from_environment());
    if (!monitor) {
        print_error(monitor.error());
        return why_not_started(monitor.error().code);
    }
    return (*monitor)->run();
}

}  // namespace keyshift::commands
