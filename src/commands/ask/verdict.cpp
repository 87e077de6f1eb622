// SPDX-License-Identifier: Apache-2.0
// keyshift verdict: may the fallback be removed?
#include "api/verdict.hpp"

#include <cstdio>

#include "base/exit_code.hpp"
#include "commands/commands.hpp"
#include "commands/shared/judged_document.hpp"
#include "commands/shared/terminal.hpp"
#include "commands/shared/verdict_text.hpp"

namespace keyshift::commands {
namespace {

constexpr Resource<api::Verdict> kVerdict{"/api/v1/verdict", api::decode_verdict, api::verdict};

std::string as_text(const api::Verdict& verdict) {
    const Terminal terminal;
    std::string out = verdict_line(verdict, terminal) + "\n\n";
    for (const api::CheckedItem& check : verdict.answer.checks)
        out += "  " + check_line(check, verdict.at, terminal) + "\n";
    if (!verdict.answer.checks.empty()) out += "\n";
    if (verdict.answer.last_mark)
        out += "Evidence beside the checks: " + show_text(*verdict.answer.last_mark, verdict.at) + ".\n\n";
    return out + terminal.paint(Colour::quiet, origin_line(verdict)) + "\n";
}

}  // namespace

int run_verdict(const VerdictCommand& command) {
    const auto asker = Asker::from(command.config);
    if (!asker) return base::kConfig;
    const auto [verdict, unread] = obtain(*asker, kVerdict);
    print_differences(verdict);
    if (unread) print_error(*unread);
    const std::string text = command.json ? encode(verdict) : as_text(verdict);
    std::fputs(text.c_str(), stdout);
    return static_cast<int>(verdict_of(verdict.answer));
}

}  // namespace keyshift::commands
