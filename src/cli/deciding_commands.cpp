// SPDX-License-Identifier: Apache-2.0
// The command line of what the operator decides: pair, ack, mark, accept-table.
#include <algorithm>

#include "cli/options.hpp"

namespace keyshift::cli {
namespace {

void add_pair(Program& program) {
    const auto [app, told] = program.add<commands::PairCommand>("pair", "Say that one key replaces another");
    add_config(*app, told->config);
    app->add_option("OLD", told->legacy, "The legacy key's id")->required();
    auto* const replacement =
        app->add_option("NEW", told->replacement, "The id of the modern key that replaces it");
    app->add_flag("--force", told->force,
                  "Also where the new key has another owner, is blocked or expired, or is older");
    auto* const remove = app->add_flag("--remove", told->remove, "Undo what was said of OLD before");
    app->callback([replacement, remove] {
        if (replacement->count() + remove->count() != 1) throw CLI::RequiredError("NEW, or --remove,");
    });
}

void add_ack(Program& program) {
    const auto [app, told] = program.add<commands::AckCommand>(
        "ack", "Say that keys which nobody seems to use, or that went while in use, have been looked into");
    app->footer(
        "Keys that were used recently, or whose clients fail now, are refused: their owners need a new key.");
    add_config(*app, told->config);
    auto* const ids = app->add_option("ID", told->ids, "Ids of legacy keys");
    auto* const file = app->add_option("--file", told->file, "Further ids, one a line; - for standard input")
                           ->type_name("FILE");
    auto* const owner = app->add_option("--owner", told->owner, "Of this owner only")->type_name("OWNER");
    auto* const idle =
        add_duration(*app, "--idle-longer-than", base::Duration{1}, base::Duration::max(),
                     "a duration such as 90d", "Only those that were not used for so long",
                     [told = told](base::Duration idle_for) { told->idle_longer_than = idle_for; });
    app->add_option("--note", told->note, "Why; kept with the time and your name")->type_name("TEXT");
    app->add_flag("--yes", told->yes, "Many at once without asking");
    app->add_flag("--remove", told->remove, "Undo what was said of them before");
    app->callback([ids, file, owner, idle] {
        if (ids->count() + file->count() + owner->count() + idle->count() == 0)
            throw CLI::RequiredError("ID, --file, --owner or --idle-longer-than");
    });
}

std::optional<domain::MarkKind> kind_of(std::string name) {
    std::replace(name.begin(), name.end(), '-', '_');
    return domain::mark_named(name);
}

void add_mark(Program& program) {
    using Format = commands::MarkCommand::Format;
    const auto [app, told] = program.add<commands::MarkCommand>(
        "mark", "Say that the fallback is off for a while, or for good; or list who failed since");
    app->footer("Without WHAT, or with list, it shows the marks, and who failed since that did not before.");
    add_config(*app, told->config);
    add_choice(*app, "WHAT", {"list", "brownout-begin", "brownout-end", "cutover"},
               "What has happened to the fallback just now",
               [told = told](const std::string& name) { told->kind = kind_of(name); });
    app->add_option("--note", told->note, "Why; kept with the time and your name")->type_name("TEXT");
    app->add_flag("--remove", told->remove, "Take back the last mark, if it is of this kind");
    add_choice(*app, "--format", {"text", "json", "csv"}, "How to write the list (default: text)",
               [told = told](const std::string& name) {
                   told->format = name == "json" ? Format::json : name == "csv" ? Format::csv : Format::text;
               });
    app->callback([told = told] {
        if (!told->kind && (told->remove || !told->note.empty()))
            throw CLI::RequiredError("WHAT of brownout-begin, brownout-end, cutover");
    });
}

void add_accept_table(Program& program) {
    const auto [app, told] = program.add<commands::AcceptTableCommand>(
        "accept-table",
        "Say that the key table, which is another one than before, is right; shows first what that does");
    add_config(*app, told->config);
    app->add_flag("--begin-anew", told->anew,
                  "It has nothing to do with the one before: the journal begins anew");
    app->add_flag("--yes", told->yes, "Accept it without asking");
}

}  // namespace

void add_deciding_commands(Program& program) {
    add_pair(program);
    add_ack(program);
    add_mark(program);
    add_accept_table(program);
}

}  // namespace keyshift::cli
