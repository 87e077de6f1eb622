// SPDX-License-Identifier: Apache-2.0
// The command line of what comes before it runs: doctor, sql, check.
#include <algorithm>

#include "cli/options.hpp"
#include "config/tree/identifier.hpp"

namespace keyshift::cli {
namespace {

void add_doctor(Program& program) {
    const auto [app, told] = program.add<commands::DoctorCommand>(
        "doctor", "Try every source: what is wrong, and the command that fixes it");
    app->footer("Exit codes: 0 nothing failed, 69 something did, 78 configuration.");
    add_config(*app, told->config);
    add_format(*app, told->json);
}

void add_sql(Program& program) {
    const auto [app, told] = program.add<commands::SqlCommand>(
        "sql", "Print the SQL that gives keyshift a database role with as few rights as can be");
    app->add_option("--config", told->config, "Configuration file, for the names (default: the preset)")
        ->type_name("FILE");
    app->add_option_function<std::string>(
           "--role",
           [told = told](const std::string& name) {
               const auto role = config::parse_identifier(name);
               if (!role) throw CLI::ValidationError("--role", "'" + name + "' " + role.error().text());
               told->role = role->name;
           },
           "The role's name (default: keyshift)")
        ->type_name("NAME");
    const Choices sections{"role", "view", "index", "statements"};
    app->add_option("SECTION", told->sections, "What to print (default: all)")
        ->type_name(join(sections))
        ->check([sections](const std::string& name) {
            const bool known = std::find(sections.begin(), sections.end(), name) != sections.end();
            return known ? "" : "'" + name + "' is not a section: " + enumerate(sections);
        });
}

/// `check` of files, and of a log.
struct Checks {
    commands::CheckCommand of_files;
    commands::CheckLogCommand of_log;
};

void add_log_options(CLI::App& check, CLI::Option* sample, commands::CheckLogCommand& log) {
    check.add_option("--config", log.config, "With --log: the configuration file that has the collector")
        ->type_name("FILE")
        ->needs(sample);
    check.add_option("--collector", log.collector, "With --log: which one, where both are configured")
        ->type_name("access_log|gateway_log")
        ->needs(sample);
    check.add_flag("--summary", log.summary, "With --log: only the sums")->needs(sample);
    check
        .add_option_function<double>(
            "--max-unparsed",
            [&log](const double& percent) {
                if (percent < 0 || percent > 100)
                    refuse("--max-unparsed", std::to_string(percent), "0 to 100");
                log.most_unparsed = percent / 100;
            },
            "With --log: fail when more percent of the lines are not understood (default: 5)")
        ->type_name("PERCENT")
        ->needs(sample);
}

void add_check(Program& program) {
    const auto [app, told] = program.add<Checks>(
        "check", "Check configuration files, every problem at once; or how the lines of a log are counted",
        [](const Checks& checks) -> Command {
            if (checks.of_log.sample.empty()) return checks.of_files;
            return checks.of_log;
        });
    auto* const files = app->add_option("FILE", told->of_files.files, "Configuration files")->type_name("");
    auto* const sample =
        app->add_option("--log", told->of_log.sample,
                        "Show what each line of this log would count as; - for standard input")
            ->type_name("FILE")
            ->excludes(files);
    add_format(*app, told->of_files.json);
    app->get_option("--format")->excludes(sample);
    add_log_options(*app, sample, told->of_log);
    app->callback([files = files, sample = sample] {
        if (files->count() + sample->count() == 0)
            throw CLI::RequiredError("FILE, a configuration file, or --log FILE");
    });
}

}  // namespace

void add_preparing_commands(Program& program) {
    add_doctor(program);
    add_sql(program);
    add_check(program);
}

}  // namespace keyshift::cli
