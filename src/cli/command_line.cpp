// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.hpp"

#include <algorithm>
#include <cctype>
#include <functional>
#include <sstream>
#include <utility>

#include <CLI/CLI.hpp>

#include "base/exit_code.hpp"
#include "cli/command_description.hpp"
#include "config/tree/identifier.hpp"

namespace keyshift::cli {
namespace {

constexpr const char* kFooter =
    "Environment:\n"
    "  DATABASE_URL     the gateway's database, where the configuration does not name one\n"
    "  REDIS_URL        the gateway's Redis, likewise\n"
    "  KEYSHIFT_CONFIG  the configuration file, where --config does not name one\n"
    "\n"
    "Exit codes: 0 ok, 64 usage, 69 a source is unavailable, 70 internal, 78 configuration; verdict has its "
    "own.\n"
    "Documentation: README.md and docs/.";
constexpr const char* kConfigHelp =
    "Configuration file (default: KEYSHIFT_CONFIG, /etc/keyshift/keyshift.yaml, or DATABASE_URL and the "
    "preset)";

using Choices = std::vector<std::string>;

/// "a, b or c".
std::string enumerate(const Choices& choices) {
    std::string out;
    for (std::size_t i = 0; i < choices.size(); ++i)
        out += (i == 0 ? "" : i + 1 < choices.size() ? ", " : " or ") + choices[i];
    return out;
}

std::string join(const Choices& choices) {
    std::string out;
    for (const std::string& choice : choices) out += (out.empty() ? "" : "|") + choice;
    return out;
}

[[noreturn]] void refuse(const std::string& option, const std::string& value, const std::string& choices) {
    throw CLI::ValidationError(option, "'" + value + "' is not one of its values: " + choices);
}

/// An option that takes one of a few values. They are its value's name, from which describe() has them.
void add_choice(CLI::App& command, const std::string& name, const Choices& choices, const std::string& help,
                std::function<void(const std::string&)> take) {
    command
        .add_option_function<std::string>(
            name,
            [name, choices, take = std::move(take)](const std::string& value) {
                if (std::find(choices.begin(), choices.end(), value) == choices.end())
                    refuse(name, value, enumerate(choices));
                take(value);
            },
            help)
        ->type_name(join(choices));
}

void add_format(CLI::App& command, report::Format& format, const Choices& choices) {
    add_choice(command, "--format", choices, "How to write it (default: text)",
               [&format](const std::string& name) { format = report::parse_format(name).value(); });
}

/// "--format text|json".
void add_format(CLI::App& command, bool& json) {
    add_choice(command, "--format", {"text", "json"}, "How to write it (default: text)",
               [&json](const std::string& name) { json = name == "json"; });
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
            "key's "
            "phase and replacement")
        ->type_name(join(choices));
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

void add_report(CLI::App& app, commands::ReportCommand& command) {
    CLI::App* const report =
        app.add_subcommand("report", "List the keys that have to be regenerated, in one read-only pass");
    report->add_option("--config", command.config, kConfigHelp)->type_name("FILE");
    add_format(*report, command.format, {"text", "json", "csv", "markdown", "html"});
    add_choice(*report, "--group-by", {"owner"},
               "Each owner's keys together, with what the owner has to do next",
               [&command](const std::string&) { command.grouping = report::Grouping::owner; });
    add_phase(*report, command);
    add_journal_options(*report, command);
    report
        ->add_option("--output", command.output,
                     "Write to this file, replaced only when complete (default: standard output)")
        ->type_name("FILE");
}

void add_serve(CLI::App& app, commands::ServeCommand& command) {
    CLI::App* const serve = app.add_subcommand("serve", "Watch the migration and export metrics: the daemon");
    serve->add_option("--config", command.config, kConfigHelp)->type_name("FILE");
    serve
        ->add_option("--web.listen-address", command.listen,
                     "Listen here instead of on web.listen; may be repeated")
        ->type_name("HOST:PORT");
    serve->add_flag("--web.enable-lifecycle", command.lifecycle,
                    "Read the configuration again on POST /-/reload, as on SIGHUP");
}

void add_status(CLI::App& app, commands::StatusCommand& command) {
    CLI::App* const status =
        app.add_subcommand("status", "How far the migration is: phases, forecast, verdict");
    status->add_option("--config", command.config, kConfigHelp)->type_name("FILE");
    add_format(*status, command.json);
}

void add_doctor(CLI::App& app, commands::DoctorCommand& command) {
    CLI::App* const doctor =
        app.add_subcommand("doctor", "Try every source: what is wrong, and the command that fixes it");
    doctor->footer("Exit codes: 0 nothing failed, 69 something did, 78 configuration.");
    doctor->add_option("--config", command.config, kConfigHelp)->type_name("FILE");
    add_format(*doctor, command.json);
}

void add_verdict(CLI::App& app, commands::VerdictCommand& command) {
    CLI::App* const verdict =
        app.add_subcommand("verdict", "May the fallback be removed? Every check, with its evidence");
    verdict->footer("Exit codes: 0 SAFE, 1 NOT_YET, 2 UNSAFE, 3 UNKNOWN.");
    verdict->add_option("--config", command.config, kConfigHelp)->type_name("FILE");
    add_format(*verdict, command.json);
}

void add_key(CLI::App& app, commands::KeyCommand& command) {
    CLI::App* const key = app.add_subcommand("key", "Everything known about one key");
    key->add_option("--config", command.config, kConfigHelp)->type_name("FILE");
    key->add_option("ID", command.id,
                    "Its id, the beginning of it, its name, or its prefix as the gateway shows it")
        ->required();
    add_format(*key, command.json);
}

void add_events(CLI::App& app, commands::EventsCommand& command) {
    using Format = commands::EventsCommand::Format;
    CLI::App* const events =
        app.add_subcommand("events", "What has changed: phases, replacements, deletions, new legacy keys");
    events->add_option("--config", command.config, kConfigHelp)->type_name("FILE");
    events
        ->add_option("--since", command.since,
                     "How far back: a duration or a time by RFC 3339 (default: 24h)")
        ->type_name("TIME");
    events->add_flag("--follow", command.follow, "Go on with what happens, until interrupted");
    add_choice(
        *events, "--format", {"text", "json", "csv"}, "How to write it (default: text)",
        [&command](const std::string& name) {
            command.format = name == "json" ? Format::json : name == "csv" ? Format::csv : Format::text;
        });
}

void add_pair(CLI::App& app, commands::PairCommand& command) {
    CLI::App* const pair = app.add_subcommand("pair", "Say that one key replaces another");
    pair->add_option("--config", command.config, kConfigHelp)->type_name("FILE");
    pair->add_option("OLD", command.legacy, "The legacy key's id")->required();
    auto* const replacement =
        pair->add_option("NEW", command.replacement, "The id of the modern key that replaces it");
    pair->add_flag("--force", command.force,
                   "Also where the new key has another owner, is blocked or expired, or is older");
    auto* const remove = pair->add_flag("--remove", command.remove, "Undo what was said of OLD before");
    pair->callback([replacement, remove] {
        if (replacement->count() + remove->count() != 1) throw CLI::RequiredError("NEW, or --remove,");
    });
}

void add_ack(CLI::App& app, commands::AckCommand& command) {
    CLI::App* const ack = app.add_subcommand(
        "ack", "Say that keys which nobody seems to use, or that went while in use, have been looked into");
    ack->footer(
        "Keys that were used lately, or whose clients fail now, are refused: their owners need a new key.");
    ack->add_option("--config", command.config, kConfigHelp)->type_name("FILE");
    auto* const ids = ack->add_option("ID", command.ids, "Ids of legacy keys");
    auto* const file =
        ack->add_option("--file", command.file, "Further ids, one a line; - for standard input")
            ->type_name("FILE");
    auto* const owner = ack->add_option("--owner", command.owner, "Of this owner only")->type_name("OWNER");
    auto* const idle = ack->add_option_function<std::string>(
                              "--idle-longer-than",
                              [&command](const std::string& text) {
                                  const auto idle_for = base::parse_duration(text);
                                  if (!idle_for || *idle_for <= base::Duration::zero())
                                      refuse("--idle-longer-than", text, "a duration such as 90d");
                                  command.idle_longer_than = *idle_for;
                              },
                              "Only those that were not used for so long")
                           ->type_name("DURATION");
    ack->add_option("--note", command.note, "Why; kept with the time and your name")->type_name("TEXT");
    ack->add_flag("--yes", command.yes, "Many at once without asking");
    ack->add_flag("--remove", command.remove, "Undo what was said of them before");
    ack->callback([ids, file, owner, idle] {
        if (ids->count() + file->count() + owner->count() + idle->count() == 0)
            throw CLI::RequiredError("ID, --file, --owner or --idle-longer-than");
    });
}

void add_accept_table(CLI::App& app, commands::AcceptTableCommand& command) {
    CLI::App* const accept = app.add_subcommand(
        "accept-table",
        "Say that the key table, which is another one than before, is right; shows first what that does");
    accept->add_option("--config", command.config, kConfigHelp)->type_name("FILE");
    accept->add_flag("--begin-anew", command.anew,
                     "It has nothing to do with the one before: the journal begins anew");
    accept->add_flag("--yes", command.yes, "Accept it without asking");
}

void add_sql(CLI::App& app, commands::SqlCommand& command) {
    CLI::App* const sql = app.add_subcommand(
        "sql", "Print the SQL that gives keyshift a database role with as few rights as can be");
    sql->add_option("--config", command.config, "Configuration file, for the names (default: the preset)")
        ->type_name("FILE");
    sql->add_option_function<std::string>(
           "--role",
           [&command](const std::string& name) {
               const auto role = config::parse_identifier(name);
               if (!role) throw CLI::ValidationError("--role", "'" + name + "' " + role.error().text());
               command.role = role->name;
           },
           "The role's name (default: keyshift)")
        ->type_name("NAME");
    const Choices sections{"role", "view", "index", "statements"};
    sql->add_option("SECTION", command.sections, "What to print (default: all)")
        ->type_name(join(sections))
        ->check([sections](const std::string& name) {
            const bool known = std::find(sections.begin(), sections.end(), name) != sections.end();
            return known ? "" : "'" + name + "' is not a section: " + enumerate(sections);
        });
}

void add_failures(CLI::App& app, commands::FailuresCommand& command) {
    CLI::App* const failures = app.add_subcommand(
        "failures", "Which clients fail to authenticate, why, how often and from where, as logs tell");
    failures->add_option("--config", command.config, kConfigHelp)->type_name("FILE");
    failures
        ->add_option_function<std::string>(
            "--since",
            [&command](const std::string& text) {
                const auto since = base::parse_duration(text);
                if (!since || *since <= base::Duration::zero() || *since > std::chrono::hours{24})
                    refuse("--since", text, "a duration up to 24h, such as 15m or 1h (default)");
                command.since = *since;
            },
            "How far back, up to 24h (default: 1h)")
        ->type_name("DURATION");
    add_format(*failures, command.format, {"text", "json", "csv"});
    failures->add_option("--limit", command.limit, "Rows of text at most, 0 for all (default: 50)")
        ->type_name("N");
}

void add_check(CLI::App& app, commands::CheckCommand& command, commands::CheckLogCommand& log) {
    CLI::App* const check = app.add_subcommand(
        "check", "Check configuration files, every problem at once; or how the lines of a log are counted");
    auto* const files = check->add_option("FILE", command.files, "Configuration files")->type_name("");
    auto* const sample =
        check
            ->add_option("--log", log.sample,
                         "Show what each line of this log would count as; - for standard input")
            ->type_name("FILE")
            ->excludes(files);
    check->add_option("--config", log.config, "With --log: the configuration file that has the collector")
        ->type_name("FILE")
        ->needs(sample);
    check->add_option("--collector", log.collector, "With --log: which one, where both are configured")
        ->type_name("access_log|gateway_log")
        ->needs(sample);
    check->add_flag("--summary", log.summary, "With --log: only the sums")->needs(sample);
    check
        ->add_option_function<double>(
            "--max-unparsed",
            [&log](const double& percent) {
                if (percent < 0 || percent > 100)
                    refuse("--max-unparsed", std::to_string(percent), "0 to 100");
                log.most_unparsed = percent / 100;
            },
            "With --log: fail when more percent of the lines are not understood (default: 5)")
        ->type_name("PERCENT")
        ->needs(sample);
    check->callback([files, sample] {
        if (files->count() + sample->count() == 0)
            throw CLI::RequiredError("FILE, a configuration file, or --log FILE");
    });
}

/// What the options of all commands are written to.
struct Targets {
    commands::ReportCommand report;
    commands::ServeCommand serve;
    commands::CheckCommand check;
    commands::CheckLogCommand check_log;
    commands::FailuresCommand failures;
    commands::StatusCommand status;
    commands::VerdictCommand verdict;
    commands::KeyCommand key;
    commands::EventsCommand events;
    commands::PairCommand pair;
    commands::AckCommand ack;
    commands::AcceptTableCommand accept_table;
    commands::SqlCommand sql;
    commands::DoctorCommand doctor;
};

void add_all(CLI::App& app, Targets& targets) {
    app.require_subcommand(1);
    app.set_version_flag("--version", "keyshift " KEYSHIFT_VERSION);
    app.footer(kFooter);
    add_serve(app, targets.serve);
    add_status(app, targets.status);
    add_verdict(app, targets.verdict);
    add_doctor(app, targets.doctor);
    add_failures(app, targets.failures);
    add_report(app, targets.report);
    add_key(app, targets.key);
    add_events(app, targets.events);
    add_pair(app, targets.pair);
    add_ack(app, targets.ack);
    add_accept_table(app, targets.accept_table);
    add_sql(app, targets.sql);
    add_check(app, targets.check, targets.check_log);
}

Command chosen(const CLI::App& app, Targets& targets) {
    if (app.got_subcommand("report")) return targets.report;
    if (app.got_subcommand("serve")) return targets.serve;
    if (app.got_subcommand("status")) return targets.status;
    if (app.got_subcommand("verdict")) return targets.verdict;
    if (app.got_subcommand("doctor")) return targets.doctor;
    if (app.got_subcommand("failures")) return targets.failures;
    if (app.got_subcommand("key")) return targets.key;
    if (app.got_subcommand("events")) return targets.events;
    if (app.got_subcommand("pair")) return targets.pair;
    if (app.got_subcommand("ack")) return targets.ack;
    if (app.got_subcommand("accept-table")) return targets.accept_table;
    if (app.got_subcommand("sql")) return targets.sql;
    if (!targets.check_log.sample.empty()) return targets.check_log;
    return targets.check;
}

Choices command_names(const CLI::App& app) {
    Choices names;
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
        names.push_back(command->get_name());
    return names;
}

Choices split(const std::string& choices) {
    Choices out;
    std::istringstream in{choices};
    for (std::string choice; std::getline(in, choice, '|');) out.push_back(choice);
    return out;
}

/// Closed lists are in lower case, names for any value in capitals.
ValueDescription describe_value(const CLI::Option& option) {
    const std::string type = option.get_type_name();
    ValueDescription value;
    value.name = option.get_positional() ? option.get_name(true) : type;
    if (!type.empty() && std::islower(static_cast<unsigned char>(type.front())) != 0)
        value.choices = split(type);
    value.is_file = value.name == "FILE";
    value.may_repeat = option.get_expected_max() > 1;
    value.is_required = option.get_required();
    return value;
}

CommandDescription describe(const CLI::App& app) {
    CommandDescription out{app.get_name(), app.get_description(), {}, {}, {}};
    if (app.get_parent() == nullptr || app.get_footer() != app.get_parent()->get_footer())
        out.note = app.get_footer();
    for (const CLI::Option* option : app.get_options()) {
        if (option->get_positional()) {
            out.arguments.push_back({describe_value(*option), option->get_description()});
            continue;
        }
        OptionDescription described;
        for (const std::string& name : option->get_snames()) described.names.push_back("-" + name);
        for (const std::string& name : option->get_lnames()) described.names.push_back("--" + name);
        described.help = option->get_description();
        described.takes_value = option->get_items_expected_max() > 0;
        if (described.takes_value) described.value = describe_value(*option);
        out.options.push_back(std::move(described));
    }
    return out;
}

constexpr const char* kAbout =
    "keyshift watches the migration of API keys from slow bcrypt fallback to hashed lookup.";

}  // namespace

ProgramDescription describe_command_line() {
    CLI::App app{kAbout, "keyshift"};
    Targets targets;
    add_all(app, targets);
    ProgramDescription out{describe(app), {}};
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
        out.commands.push_back(describe(*command));
    return out;
}

Command parse_command_line(int argc, const char* const* argv) {
    CLI::App app{kAbout, "keyshift"};
    Targets targets;
    add_all(app, targets);
    if (argc < 2) return Message{app.help(), base::kUsage};
    const std::string first = argv[1];
    const Choices commands = command_names(app);
    if (first[0] != '-' && std::find(commands.begin(), commands.end(), first) == commands.end()) {
        return Message{
            "keyshift: '" + first + "' is not one of the commands: " + enumerate(commands) + " (--help)\n",
            base::kUsage};
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        std::ostringstream out;
        std::ostringstream err;
        const bool ok = app.exit(e, out, err) == 0;
        return Message{out.str() + err.str(), ok ? base::kOk : base::kUsage};
    }
    return chosen(app, targets);
}

}  // namespace keyshift::cli
