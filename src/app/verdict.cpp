// SPDX-License-Identifier: Apache-2.0
// keyshift verdict: may the fallback be removed?
#include <cstdio>

#include "app/commands.hpp"
#include "app/configuration.hpp"
#include "app/exit_code.hpp"
#include "app/picture.hpp"
#include "app/terminal.hpp"
#include "app/verdict_text.hpp"
#include "base/json.hpp"
#include "domain/assess.hpp"

namespace keyshift::app {
namespace {

using domain::CheckResult;

void append_time(std::string& out, std::string_view name, std::optional<base::Time> t) {
    out += ",\"" + std::string(name) + "\":";
    out += t ? "\"" + base::format_rfc3339(*t) + "\"" : "null";
}

std::string as_json(const Picture& picture, const domain::Judgement& judgement) {
    std::string out = R"({"verdict":")" + std::string(verdict_name(judgement.verdict)) + "\"";
    append_time(out, "at", picture.now);
    append_time(out, "read_at", picture.model.keys->migration.polled_at);
    out += std::string(R"(,"from":")") + (picture.of_daemon ? "daemon" : "one pass") + "\"";
    append_time(out, "earliest_safe", judgement.earliest_safe);
    out += ",\"not_measured\":[";
    for (const domain::Check check : judgement.not_measured())
        out += (out.back() == '[' ? "\"" : ",\"") + std::string(check_name(check)) + "\"";
    out += "],\"checks\":[";
    for (const CheckResult& result : judgement.checks) {
        out += out.back() == '[' ? "" : ",";
        out += "{\"check\":\"" + std::string(check_name(result.check)) + "\",\"outcome\":\"" +
               std::string(outcome_name(result.outcome)) + "\",\"evidence\":";
        base::append_json_string(out, result.evidence);
        append_time(out, "passes_at", result.passes_at);
        out += "}";
    }
    return out + "]}\n";
}

std::string as_text(const Picture& picture, const domain::Judgement& judgement) {
    const Terminal terminal;
    std::string out = verdict_line(judgement, picture.now, terminal) + "\n\n";
    for (const CheckResult& result : judgement.checks) out += "  " + check_line(result, terminal) + "\n";
    out += "\n" + terminal.paint(Colour::quiet, origin_line(picture)) + "\n";
    return out;
}

}  // namespace

int run_verdict(const VerdictCommand& command) {
    const auto config = load_configuration(command.config);
    if (!config) return kConfig;
    const auto picture = take_picture(*config);
    if (!picture) return print_error(picture.error()), exit_code(picture.error());
    const auto judgement = assess(picture->model, picture->now).judgement;
    const std::string text = command.json ? as_json(*picture, judgement) : as_text(*picture, judgement);
    std::fputs(text.c_str(), stdout);
    return static_cast<int>(judgement.verdict);
}

}  // namespace keyshift::app
