// SPDX-License-Identifier: Apache-2.0
// The command line of what asks: status, verdict, failures, report, key, export.
#include "cli/options.hpp"

namespace keyshift::cli {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

void add_status(Program& program) {
    const auto [app, told] = program.add<commands::StatusCommand>(
        "status", "How far the migration is: verdict, who is locked out, what comes next, when");
    add_config(*app, told->config);
    add_format(*app, told->json);
    app->add_flag("--verbose", told->verbose, "All of it, also what does not fit a screen of 24 lines");
    auto* const watch = app->add_flag("--watch", told->watch, "Again and again, until it is interrupted");
    add_duration(*app, "--interval", milliseconds{100}, hours{24}, "a duration such as 2s (default) or 1m",
                 "With --watch: how often (default: 2s)",
                 [told = told](base::Duration interval) { told->interval = interval; })
        ->needs(watch);
}

void add_verdict(Program& program) {
    const auto [app, told] = program.add<commands::VerdictCommand>(
        "verdict", "May the fallback be removed? Every check, with its evidence");
    app->footer("Exit codes: 0 SAFE, 1 NOT_YET, 2 UNSAFE, 3 UNKNOWN.");
    add_config(*app, told->config);
    add_format(*app, told->json);
}

void add_failures(Program& program) {
    const auto [app, told] = program.add<commands::FailuresCommand>(
        "failures", "Which clients fail to authenticate, why, how often and from where, as logs tell");
    add_config(*app, told->config);
    add_duration(*app, "--since", milliseconds{1}, hours{24},
                 "a duration up to 24h, such as 15m or 1h (default)", "How far back, up to 24h (default: 1h)",
                 [told = told](base::Duration since) { told->since = since; });
    add_format(*app, told->format, {"text", "json", "csv"});
    app->add_option("--limit", told->limit, "Rows of text at most, 0 for all (default: 50)")->type_name("N");
}

void add_phase(CLI::App& report, commands::ReportCommand& command) {
    Choices choices;
    for (const domain::Phase phase : domain::kPhases)
        if (is_live(phase)) choices.emplace_back(phase_name(phase));
    choices.emplace_back("all");
    add_choice(report, "--phase", choices,
               "Only keys of this phase, or all; shows each key's phase and replacement",
               [&command](const std::string& name) {
                   command.phases = true;
                   command.phase = domain::parse_phase(name);
               });
}

void add_report(Program& program) {
    const auto [app, told] = program.add<commands::ReportCommand>(
        "report", "List the keys that have to be regenerated, in one read-only pass");
    add_config(*app, told->config);
    add_format(*app, told->format, {"text", "json", "csv", "markdown", "html"});
    add_choice(*app, "--group-by", {"owner"},
               "Each owner's keys together, with what the owner has to do next",
               [told = told](const std::string&) { told->grouping = report::Grouping::owner; });
    add_phase(*app, *told);
    app->add_option("--output", told->output,
                    "Write to this file, replaced only when complete (default: standard output)")
        ->type_name("FILE");
}

void add_key(Program& program) {
    const auto [app, told] =
        program.add<commands::KeyCommand>("key", "Everything known about one legacy key");
    add_config(*app, told->config);
    app->add_option("ID", told->id, "The key's id")->required();
}

void add_export(Program& program) {
    const auto [app, told] = program.add<commands::ExportCommand>(
        "export", "Write the whole history to a JSON file: keys, decisions, events, progress, verdict");
    add_config(*app, told->config);
    app->add_option("FILE", told->file, "The file; replaced only when complete")->required();
}

}  // namespace

void add_asking_commands(Program& program) {
    add_status(program);
    add_verdict(program);
    add_failures(program);
    add_report(program);
    add_key(program);
    add_export(program);
}

}  // namespace keyshift::cli
