// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.hpp"

#include <algorithm>
#include <sstream>

#include <CLI/CLI.hpp>

#include "app/exit_code.hpp"
#include "config/identifier.hpp"

namespace keyshift::app {
namespace {

constexpr const char* kFooter =
    "Environment:\n"
    "  DATABASE_URL  the gateway's database, where the configuration does not name one\n"
    "\n"
    "Exit codes: 0 ok, 64 usage, 69 a source is unavailable, 70 internal, 78 configuration; verdict has its "
    "own.\n"
    "Documentation: README.md and docs/.";
constexpr const char* kConfigHelp = "Configuration file (default: DATABASE_URL and the preset)";

[[noreturn]] void refuse(const std::string& option, const std::string& value, const std::string& choices) {
    throw CLI::ValidationError(option, "'" + value + "' is not one of its values: " + choices);
}

void add_phase(CLI::App& report, ReportCommand& command) {
    report
        .add_option_function<std::string>(
            "--phase",
            [&command](const std::string& name) {
                command.phases = true;
                command.phase = domain::parse_phase(name);
                if (name != "all" && !(command.phase && is_live(*command.phase))) {
                    refuse(
                        "--phase", name,
                        "pending, dormant, issued, overlap, drained, quarantined, expired, stranded or all");
                }
            },
            "Only keys of this phase, or all; shows each key's phase and replacement")
        ->type_name("PHASE");
}

void add_report(CLI::App& app, ReportCommand& command) {
    CLI::App* const report =
        app.add_subcommand("report", "List the keys that have to be regenerated, in one read-only pass");
    report->add_option("--config", command.config, kConfigHelp)->type_name("FILE");
    report
        ->add_option_function<std::string>(
            "--format",
            [&command](const std::string& name) {
                const auto format = report::parse_format(name);
                if (!format) refuse("--format", name, "text, json, csv, markdown or html");
                command.format = *format;
            },
            "text (default), json, csv, markdown or html")
        ->type_name("FORMAT");
    report
        ->add_option_function<std::string>(
            "--group-by",
            [&command](const std::string& name) {
                if (name != "owner") refuse("--group-by", name, "owner");
                command.grouping = report::Grouping::owner;
            },
            "owner: each owner's keys together, with what the owner has to do next")
        ->type_name("owner");
    add_phase(*report, command);
    report
        ->add_option("--output", command.output,
                     "Write to this file, replaced only when complete (default: standard output)")
        ->type_name("FILE");
}

void add_serve(CLI::App& app, ServeCommand& command) {
    CLI::App* const serve = app.add_subcommand("serve", "Watch the migration and export metrics: the daemon");
    serve->add_option("--config", command.config, kConfigHelp)->type_name("FILE");
    serve
        ->add_option("--web.listen-address", command.listen,
                     "Listen here instead of on web.listen; may be repeated")
        ->type_name("HOST:PORT");
    serve->add_flag("--web.enable-lifecycle", command.lifecycle,
                    "Read the configuration again on POST /-/reload, as on SIGHUP");
}

void add_status(CLI::App& app, StatusCommand& command) {
    app.add_subcommand("status", "How far the migration is: phases, forecast, verdict")
        ->add_option("--config", command.config, kConfigHelp)
        ->type_name("FILE");
}

/// "--format text|json".
void add_format(CLI::App& command, bool& json) {
    command
        .add_option_function<std::string>(
            "--format",
            [&json](const std::string& name) {
                if (name != "text" && name != "json") refuse("--format", name, "text or json");
                json = name == "json";
            },
            "text (default) or json")
        ->type_name("FORMAT");
}

void add_doctor(CLI::App& app, DoctorCommand& command) {
    CLI::App* const doctor =
        app.add_subcommand("doctor", "Try every source: what is wrong, and the command that mends it");
    doctor->footer("Exit codes: 0 all is well, 69 a source cannot be read.");
    doctor->add_option("--config", command.config, kConfigHelp)->type_name("FILE");
    add_format(*doctor, command.json);
}

void add_verdict(CLI::App& app, VerdictCommand& command) {
    CLI::App* const verdict =
        app.add_subcommand("verdict", "May the fallback be removed? Every check, with its evidence");
    verdict->footer("Exit codes: 0 SAFE, 1 NOT_YET, 2 UNSAFE, 3 UNKNOWN.");
    verdict->add_option("--config", command.config, kConfigHelp)->type_name("FILE");
    add_format(*verdict, command.json);
}

void add_key(CLI::App& app, KeyCommand& command) {
    CLI::App* const key = app.add_subcommand("key", "Everything known about one legacy key");
    key->add_option("--config", command.config, kConfigHelp)->type_name("FILE");
    key->add_option("ID", command.id, "The key's id")->required();
}

void add_pair(CLI::App& app, PairCommand& command) {
    CLI::App* const pair = app.add_subcommand("pair", "Say that one key replaces another");
    pair->add_option("--config", command.config, kConfigHelp)->type_name("FILE");
    pair->add_option("OLD", command.legacy, "The legacy key's id")->required();
    pair->add_option("NEW", command.replacement, "The id of the modern key that replaces it")->required();
}

void add_ack(CLI::App& app, AckCommand& command) {
    CLI::App* const ack = app.add_subcommand(
        "ack", "Say that a dormant key, or one that was deleted while in use, has been looked into");
    ack->add_option("--config", command.config, kConfigHelp)->type_name("FILE");
    ack->add_option("ID", command.id, "The legacy key's id")->required();
    ack->add_option("--note", command.note, "Why; kept with the time and your name")->type_name("TEXT");
}

void add_sql(CLI::App& app, SqlCommand& command) {
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
    sql->add_option("SECTION", command.sections, "role, view, index or statements (default: all)")
        ->check([](const std::string& name) {
            const bool known = name == "role" || name == "view" || name == "index" || name == "statements";
            return known ? "" : "'" + name + "' is not a section: role, view, index or statements";
        });
}

void add_failures(CLI::App& app, FailuresCommand& command) {
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
    failures
        ->add_option_function<std::string>(
            "--format",
            [&command](const std::string& name) {
                const auto format = report::parse_format(name);
                const bool known = format == report::Format::text || format == report::Format::json ||
                                   format == report::Format::csv;
                if (!known) refuse("--format", name, "text, json or csv");
                command.format = *format;
            },
            "text (default), json or csv")
        ->type_name("FORMAT");
    failures->add_option("--limit", command.limit, "Rows of text at most, 0 for all (default: 50)")
        ->type_name("N");
}

void add_check(CLI::App& app, CheckCommand& command, CheckLogCommand& log) {
    CLI::App* const check = app.add_subcommand(
        "check", "Check configuration files, every problem at once; or how the lines of a log are counted");
    auto* const files = check->add_option("FILE", command.files, "Configuration files");
    auto* const sample =
        check
            ->add_option("--log", log.sample,
                         "Show what each line of this log would count as; - for standard input")
            ->type_name("SAMPLE")
            ->excludes(files);
    check->add_option("--config", log.config, "With --log: the configuration file that has the collector")
        ->type_name("FILE")
        ->needs(sample);
    check
        ->add_option("--collector", log.collector,
                     "With --log: access_log or gateway_log, where both are configured")
        ->type_name("TYPE")
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
            throw CLI::RequiredError("FILE, a configuration file, or --log SAMPLE");
    });
}

bool is_command(const CLI::App& app, const std::string& name) {
    const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
    return std::any_of(commands.begin(), commands.end(),
                       [&](const CLI::App* c) { return c->get_name() == name; });
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
    StatusCommand status;
    VerdictCommand verdict;
    KeyCommand key;
    PairCommand pair;
    AckCommand ack;
    SqlCommand sql;
    add_serve(app, serve);
    add_status(app, status);
    add_verdict(app, verdict);
    DoctorCommand doctor;
    add_doctor(app, doctor);
    FailuresCommand failures;
    add_failures(app, failures);
    add_report(app, report);
    add_key(app, key);
    add_pair(app, pair);
    add_ack(app, ack);
    add_sql(app, sql);
    CheckLogCommand check_log;
    add_check(app, check, check_log);
    if (argc < 2) return Message{app.help(), kUsage};
    const std::string first = argv[1];
    if (first[0] != '-' && !is_command(app, first)) {
        return Message{"keyshift: '" + first +
                           "' is not a command; there are serve, status, verdict, doctor, failures, "
                           "report, key, pair, ack, sql and check (--help)\n",
                       kUsage};
    }
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
    if (app.got_subcommand("status")) return status;
    if (app.got_subcommand("verdict")) return verdict;
    if (app.got_subcommand("doctor")) return doctor;
    if (app.got_subcommand("failures")) return failures;
    if (app.got_subcommand("key")) return key;
    if (app.got_subcommand("pair")) return pair;
    if (app.got_subcommand("ack")) return ack;
    if (app.got_subcommand("sql")) return sql;
    if (!check_log.sample.empty()) return check_log;
    return check;
}

}  // namespace keyshift::app
