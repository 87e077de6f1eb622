// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.hpp"

#include <sstream>

#include <CLI/CLI.hpp>

#include "app/exit_code.hpp"

namespace keyshift::app {
namespace {

constexpr const char* kFooter =
    "Environment:\n"
    "  DATABASE_URL  the gateway's database, where the configuration does not name one\n"
    "\n"
    "Exit codes: 0 ok, 64 usage, 69 a source is unavailable, 70 internal, 78 configuration.\n"
    "Documentation: docs/ beside the source, /usr/share/doc/keyshift where installed.";

void add_report(CLI::App& app, ReportCommand& command) {
    CLI::App* const report =
        app.add_subcommand("report", "List the keys that have to be regenerated, in one read-only pass");
    report->add_option("--config", command.config,
                       "Configuration file (default: DATABASE_URL and the preset)");
    const std::map<std::string, report::Format> formats{{"text", report::Format::text},
                                                        {"json", report::Format::json},
                                                        {"csv", report::Format::csv},
                                                        {"markdown", report::Format::markdown},
                                                        {"html", report::Format::html}};
    report->add_option("--format", command.format, "text (default), json, csv, markdown or html")
        ->transform(CLI::CheckedTransformer(formats))
        ->type_name("FORMAT");
    const std::map<std::string, report::Grouping> groupings{{"owner", report::Grouping::owner}};
    report->add_option("--group-by", command.grouping, "owner: each owner's keys together")
        ->transform(CLI::CheckedTransformer(groupings))
        ->type_name("owner");
    report->add_option("--output", command.output,
                       "Write to this file, replaced only when complete (default: standard output)");
}

void add_serve(CLI::App& app, ServeCommand& command) {
    CLI::App* const serve = app.add_subcommand("serve", "Watch the migration and export metrics: the daemon");
    serve->add_option("--config", command.config,
                      "Configuration file (default: DATABASE_URL and the preset)");
    serve
        ->add_option("--web.listen-address", command.listen,
                     "Listen here instead of on web.listen; may be repeated")
        ->type_name("HOST:PORT");
}

}  // namespace

Command parse_command_line(int argc, const char* const* argv) {
    CLI::App app{"keyshift watches the migration of API keys from slow bcrypt fallback to hashed lookup.",
                 "keyshift"};
    app.require_subcommand(1);
    app.set_version_flag("--version", "keyshift " KEYSHIFT_VERSION);
    app.footer(kFooter);
    ReportCommand report;
    ServeCommand serve;
    CheckCommand check;
    add_serve(app, serve);
    add_report(app, report);
    app.add_subcommand("check", "Check configuration files: every problem at once")
        ->add_option("FILE", check.files, "Configuration files")
        ->required();
    if (argc < 2) return Message{app.help(), kUsage};
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        std::ostringstream out;
        std::ostringstream err;
        const bool ok = app.exit(e, out, err) == 0;
        return Message{out.str() + err.str(), ok ? kOk : kUsage};
    }
    if (app.got_subcommand("report")) return report;
    if (app.got_subcommand("serve")) return serve;
    return check;
}

}  // namespace keyshift::app
