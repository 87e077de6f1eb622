// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <iterator>
#include <string>

#include "base/exit_code.hpp"
#include "base/json.hpp"
#include "collectors/catalog.hpp"
#include "commands/commands.hpp"
#include "daemon/web/web_inputs.hpp"

namespace keyshift::commands {
namespace {

void print_text(const std::string& file, const config::Loaded& loaded) {
    for (const auto* const list : {&loaded.problems, &loaded.warnings})
        for (const config::Problem& problem : *list) std::fprintf(stderr, "%s\n", problem.text().c_str());
    if (loaded.problems.empty()) std::printf("%s: ok\n", file.c_str());
}

void write(base::JsonWriter& json, const config::Problem& problem) {
    const auto text = [&json](const char* name, const std::string& value) {
        json.key(name);
        value.empty() ? json.null() : json.value(value);
    };
    const auto number = [&json](const char* name, int value) {
        json.key(name);
        value == 0 ? json.null() : json.value(static_cast<std::uint64_t>(value));
    };
    json.begin_object();
    json.key("severity").value(problem.severity == config::Severity::warning ? "warning" : "error");
    text("file", problem.file);
    number("line", problem.at.line);
    number("column", problem.at.column);
    text("key", problem.key);
    json.key("what").value(problem.what);
    text("mend", problem.hint);
    json.end_object();
}

void write(base::JsonWriter& json, const std::string& file, const config::Loaded& loaded) {
    json.begin_object().key("file").value(file).key("ok").value(loaded.problems.empty());
    json.key("problems").begin_array();
    for (const auto* const list : {&loaded.problems, &loaded.warnings})
        for (const config::Problem& problem : *list) write(json, problem);
    json.end_array().end_object();
}

/// What is wrong with the file of `web.config_file`, and with what it names.
void add_web_file(config::Loaded& loaded) {
    if (loaded.config.web.config_file.empty()) return;
    daemon::WebInputs web = daemon::read_web_inputs(loaded.config.web.config_file, base::now());
    std::move(web.problems.begin(), web.problems.end(), std::back_inserter(loaded.problems));
    std::move(web.warnings.begin(), web.warnings.end(), std::back_inserter(loaded.warnings));
}

}  // namespace

int run_check(const CheckCommand& command) {
    const auto environment = config::process_environment();
    base::JsonWriter json;
    json.begin_object().key("schema_version").value(std::uint64_t{1}).key("files").begin_array();
    int result = base::kOk;
    for (const auto& file : command.files) {
        config::Loaded loaded = config::load(file, environment, collectors::catalog_types());
        add_web_file(loaded);
        if (!loaded.problems.empty()) result = base::kConfig;
        command.json ? write(json, file.string(), loaded) : print_text(file.string(), loaded);
    }
    if (command.json) std::printf("%s\n", json.end_array().end_object().take().c_str());
    return result;
}

}  // namespace keyshift::commands
