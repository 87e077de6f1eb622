// SPDX-License-Identifier: Apache-2.0
// The command line of what runs the daemon, and of what asks whether it lives: serve, healthcheck.
#include "cli/options.hpp"

namespace keyshift::cli {
namespace {

const std::map<std::string, base::log::Level> kLevels{{"debug", base::log::Level::debug},
                                                      {"info", base::log::Level::info},
                                                      {"warn", base::log::Level::warn},
                                                      {"error", base::log::Level::error}};
const std::map<std::string, base::log::Format> kFormats{{"logfmt", base::log::Format::logfmt},
                                                        {"json", base::log::Format::json}};

void add_serve(Program& program) {
    const auto [app, told] =
        program.add<commands::ServeCommand>("serve", "Watch the migration and export metrics: the daemon");
    add_config(*app, told->config);
    app->add_option("--config.file", told->config, "The same as --config")->type_name("FILE");
    app->add_option("--web.listen-address", told->listen,
                    "Listen here instead of on web.listen; may be repeated")
        ->type_name("HOST:PORT");
    app->add_option("--web.config.file", told->web_file,
                    "TLS and users, in the format of Prometheus' exporters, instead of web.config_file")
        ->type_name("FILE");
    app->add_flag("--web.systemd-socket", told->systemd_socket,
                  "Listen on the sockets that systemd hands over, and refuse to start without");
    app->add_option("--web.telemetry-path", told->telemetry_path, "Instead of web.telemetry_path")
        ->type_name("PATH");
    app->add_option("--web.external-url", told->external_url,
                    "The URL by which clients come here, as through a reverse proxy; instead of "
                    "web.external_url")
        ->type_name("URL");
    app->add_option("--web.route-prefix", told->route_prefix,
                    "What all paths begin with; without it the path of the external URL")
        ->type_name("PATH");
    app->add_flag("--web.enable-lifecycle", told->lifecycle,
                  "Read the configuration again on POST /-/reload, as on SIGHUP");
    add_choice(*app, "--log.level", {"debug", "info", "warn", "error"}, "Instead of log.level",
               [told = told](const std::string& level) { told->log_level = kLevels.at(level); });
    add_choice(*app, "--log.format", {"logfmt", "json"}, "Instead of log.format",
               [told = told](const std::string& format) { told->log_format = kFormats.at(format); });
    app->set_version_flag("--version", kVersionText, "The version of the program");
}

void add_once(Program& program) {
    const auto [app, told] = program.add<commands::OnceCommand>(
        "once", "Read every source once, and write the metrics to a file for node_exporter; for cron");
    add_config(*app, told->config);
    app->add_option("--textfile", told->textfile,
                    "The file, whose name is to end in .prom; replaced only when complete")
        ->type_name("FILE")
        ->required();
}

void add_healthcheck(Program& program) {
    const auto [app, told] = program.add<commands::HealthcheckCommand>(
        "healthcheck", "Whether the daemon lives, for containers and supervisors; it has a second to answer");
    app->footer("Exit codes: 0 it lives, 69 it does not answer so.");
    add_config(*app, told->config);
    app->add_option("--url", told->url,
                    "Ask this daemon by HTTP, instead of the one of this host by its socket")
        ->type_name("URL");
}

}  // namespace

void add_watching_commands(Program& program) {
    add_serve(program);
    add_once(program);
    add_healthcheck(program);
}

}  // namespace keyshift::cli
