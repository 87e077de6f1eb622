// SPDX-License-Identifier: Apache-2.0
// The command line of what asks: status, verdict, failures, report, key, export.
#include <algorithm>
#include <sstream>

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

/// "pending,issued": what the values name, in the order of the phases.
void read_phases(const std::string& text, const Choices& choices, commands::ReportCommand& command) {
    command.phases = true;
    command.phases_listed.clear();
    std::istringstream in{text};
    bool all = false;
    std::vector<domain::Phase> listed;
    for (std::string name; std::getline(in, name, ',');) {
        if (std::find(choices.begin(), choices.end(), name) == choices.end())
            refuse("--phase", name, enumerate(choices) + "; several are separated by commas");
        all = all || name == "all";
        if (const auto phase = domain::parse_phase(name)) listed.push_back(*phase);
    }
    if (text.empty()) refuse("--phase", text, enumerate(choices));
    if (!all) command.phases_listed = listed;
}

void add_phase(CLI::App& report, commands::ReportCommand& command) {
    Choices choices;
    for (const domain::Phase phase : domain::kPhases) choices.emplace_back(phase_name(phase));
    choices.emplace_back("all");
    report
        .add_option_function<std::string>(
            "--phase", [&command, choices](const std::string& text) { read_phases(text, choices, command); },
            "Only keys of this phase, or of several with commas between, or all that are there; shows each "
            "key's phase and replacement")
        ->type_name(join(choices).append(kListed));
}

void add_journal_options(CLI::App& report, commands::ReportCommand& command) {
    report.add_option("--owner", command.owner, "Only keys of this owner; empty: of nobody")
        ->type_name("OWNER");
    add_choice(report, "--sort", {"last-use", "created", "owner", "phase"},
               "The order; last use and creation begin with the newest", [&command](const std::string& name) {
                   command.sort = name == "last-use" ? "-last_used" : name == "created" ? "-created" : name;
               });
    report.add_option("--limit", command.limit, "Keys at most (default: all)")->type_name("N");
}

void add_letter_options(CLI::App& report, commands::ReportCommand::Letters& letters) {
    report
        .add_option("--output-dir", letters.directory,
                    "With --format letter: the directory for letters and index.csv, new or empty")
        ->type_name("DIR");
    add_choice(report, "--letter-as", {"eml", "markdown"},
               "With --format letter: files that mail programs open (default), or text for chats",
               [&letters](const std::string& name) { letters.markdown = name == "markdown"; });
    report.add_option("--template", letters.wording, "With --format letter: other words; docs/letters.md")
        ->type_name("FILE");
    report.add_option("--from", letters.from, "With --format letter: the sender's address")
        ->type_name("ADDRESS");
    report
        .add_option("--changed-since", letters.changed_since,
                    "With --format letter: only owners with news since, a duration or a time by RFC 3339")
        ->type_name("TIME");
}

void add_report(Program& program) {
    const auto [app, told] = program.add<commands::ReportCommand>(
        "report", "List the keys that have to be regenerated, in one read-only pass");
    add_config(*app, told->config);
    add_choice(*app, "--format", {"text", "json", "csv", "markdown", "html", "letter"},
               "How to write it (default: text); letter: one message for each owner, to send",
               [told = told](const std::string& name) {
                   told->letters.wanted = name == "letter";
                   told->format = report::parse_format(name).value_or(report::Format::text);
               });
    add_choice(*app, "--group-by", {"owner"},
               "Each owner's keys together, with what the owner has to do next",
               [told = told](const std::string&) { told->grouping = report::Grouping::owner; });
    add_phase(*app, *told);
    add_journal_options(*app, *told);
    app->add_option("--output", told->output,
                    "Write to this file, replaced only when complete (default: standard output)")
        ->type_name("FILE");
    add_letter_options(*app, told->letters);
}

void add_key(Program& program) {
    const auto [app, told] = program.add<commands::KeyCommand>("key", "Everything known about one key");
    add_config(*app, told->config);
    app->add_option("ID", told->id,
                    "Its id, the beginning of it, its name, or its prefix as the gateway shows it")
        ->required();
    add_format(*app, told->json);
}

void add_events(Program& program) {
    using Format = commands::EventsCommand::Format;
    const auto [app, told] = program.add<commands::EventsCommand>(
        "events", "What has changed: phases, replacements, deletions, new legacy keys");
    add_config(*app, told->config);
    app->add_option("--since", told->since, "How far back: a duration or a time by RFC 3339 (default: 24h)")
        ->type_name("TIME");
    app->add_flag("--follow", told->follow, "Go on with what happens, until interrupted");
    add_choice(*app, "--format", {"text", "json", "csv"}, "How to write it (default: text)",
               [told = told](const std::string& name) {
                   told->format = name == "json" ? Format::json : name == "csv" ? Format::csv : Format::text;
               });
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
    add_events(program);
    add_export(program);
}

}  // namespace keyshift::cli
