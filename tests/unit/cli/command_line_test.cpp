// SPDX-License-Identifier: Apache-2.0
// command_line.hpp: what an operator types becomes one command, or a message that says what to type instead.
#include "cli/command_line.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/exit_code.hpp"
#include "cli/command_description.hpp"

namespace keyshift::cli {
namespace {

using namespace std::chrono_literals;
using namespace commands;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

using Words = std::vector<const char*>;

Command parsed(Words words) {
    words.insert(words.begin(), "keyshift");
    return parse_command_line(static_cast<int>(words.size()), words.data());
}

/// Fails the test, and gives one with defaults, when it is another command or a message.
template <class Wanted>
Wanted as(const Words& words) {
    const Command command = parsed(words);
    if (const auto* const found = std::get_if<Wanted>(&command)) return *found;
    const auto* const message = std::get_if<Message>(&command);
    ADD_FAILURE() << (message == nullptr ? "another command" : message->text);
    return {};
}

std::string refusal(const Words& words) {
    const Command command = parsed(words);
    const auto* const message = std::get_if<Message>(&command);
    if (message == nullptr) return "it was accepted";
    EXPECT_EQ(message->exit_code, base::kUsage) << message->text;
    return message->text;
}

TEST(CommandLine, HelpAndVersionAreNoFailures) {
    for (const Words& words : {Words{"--help"}, Words{"--version"}, Words{"report", "--help"}}) {
        const Command command = parsed(words);
        ASSERT_TRUE(std::holds_alternative<Message>(command));
        EXPECT_EQ(std::get<Message>(command).exit_code, base::kOk);
        EXPECT_NE(std::get<Message>(command).text, "");
    }
    const Command none = parsed({});
    ASSERT_TRUE(std::holds_alternative<NoCommand>(none));
    EXPECT_THAT(std::get<NoCommand>(none).help, HasSubstr("serve"));
    EXPECT_THAT(std::get<NoCommand>(none).help,
                EndsWith("keyshift: no command is given (keyshift --help)\n"));
}

TEST(CommandLine, AnUnknownCommandIsAnsweredByTheListOfThem) {
    EXPECT_THAT(refusal({"reprot"}),
                HasSubstr("'reprot' is not one of the commands: serve, once, healthcheck, status, "));
}

std::string told(const Words& words) {
    const Command command = parsed(words);
    const auto* const message = std::get_if<Message>(&command);
    if (message == nullptr) return "a command";
    EXPECT_EQ(message->exit_code, base::kOk) << message->text;
    return message->text;
}

TEST(CommandLine, HelpAndVersionAreCommandsToo) {
    EXPECT_EQ(told({"help"}), told({"--help"}));
    EXPECT_EQ(told({"help", "ack"}), told({"ack", "--help"}));
    EXPECT_EQ(told({"version"}), told({"--version"}));
    EXPECT_EQ(told({"serve", "--version"}), told({"version"}));
    EXPECT_THAT(told({"version"}), StartsWith("keyshift "));
    EXPECT_THAT(refusal({"help", "reprot"}), HasSubstr("did you mean 'report'?"));
}

TEST(CommandLine, WhatWasProbablyMeantIsNamed) {
    EXPECT_THAT(refusal({"statsu"}), HasSubstr("; did you mean 'status'?"));
    EXPECT_THAT(refusal({"xyzzy"}), Not(HasSubstr("did you mean")));
    EXPECT_EQ(refusal({"status", "--formt", "json"}),
              "keyshift status: '--formt' is not one of its options; did you mean '--format'? (keyshift "
              "status --help)\n");
    EXPECT_THAT(refusal({"status", "--formt=json"}), HasSubstr("did you mean '--format'?"));
    EXPECT_THAT(refusal({"verdict", "now"}), HasSubstr("it takes no further argument such as 'now'"));
    EXPECT_THAT(refusal({"--verison"}), HasSubstr("did you mean '--version'?"));
    EXPECT_THAT(refusal({"st\x1b[2J"}), HasSubstr("'st\\x1b[2J'"));
}

/// Also an error that the parser's library words.
TEST(CommandLine, AUsageErrorBeginsWithWhoSaysItAndEndsWithHowToGetHelp) {
    for (const Words& words :
         {Words{"key"}, Words{"status", "--format", "xml"}, Words{"status", "--config"}, Words{"ack"},
          Words{"failures", "--limit", "many"}, Words{"check", "--summary"}, Words{"help", "nothing"},
          Words{"status", "--interval", "1s"}}) {
        const std::string text = refusal(words);
        EXPECT_THAT(text, StartsWith("keyshift " + std::string(words[0]) + ": "));
        EXPECT_THAT(text, EndsWith(" (keyshift " + std::string(words[0]) + " --help)\n"));
        EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
    }
    for (const Words& words : {Words{"statsu"}, Words{"--nothing"}, Words{""}, Words{"-"}, Words{"--"}}) {
        EXPECT_THAT(refusal(words), StartsWith("keyshift: "));
        EXPECT_THAT(refusal(words), EndsWith(" (keyshift --help)\n"));
    }
}

TEST(CommandLine, ServeTakesTheFlagsOfItsEcosystem) {
    const auto serve =
        as<ServeCommand>({"serve", "--config.file", "k.yaml", "--log.level", "debug", "--log.format=json"});
    EXPECT_EQ(serve.config, "k.yaml");
    EXPECT_EQ(serve.log_level, base::log::Level::debug);
    EXPECT_EQ(serve.log_format, base::log::Format::json);
    EXPECT_EQ(as<ServeCommand>({"serve"}).log_level, std::nullopt);
    EXPECT_THAT(refusal({"serve", "--log.level", "trace"}), HasSubstr("debug, info, warn or error"));
}

TEST(CommandLine, AStatusMayBeShownAgainAndAgain) {
    const auto usual = as<StatusCommand>({"status"});
    EXPECT_FALSE(usual.watch || usual.verbose);
    const auto watch = as<StatusCommand>({"status", "--watch", "--interval", "500ms", "--verbose"});
    EXPECT_TRUE(watch.watch && watch.verbose);
    EXPECT_EQ(watch.interval, 500ms);
    EXPECT_EQ(as<StatusCommand>({"status", "--watch"}).interval, 2s);
    EXPECT_THAT(refusal({"status", "--watch", "--interval", "0s"}), HasSubstr("such as 2s"));
}

TEST(CommandLine, EachCommandIsItsOwnAlternative) {
    EXPECT_EQ(as<ServeCommand>({"serve", "--config", "k.yaml"}).config, "k.yaml");
    EXPECT_FALSE(as<StatusCommand>({"status"}).json);
    EXPECT_TRUE(as<StatusCommand>({"status", "--format", "json"}).json);
    EXPECT_TRUE(as<VerdictCommand>({"verdict", "--format=json"}).json);
    EXPECT_TRUE(as<DoctorCommand>({"doctor", "--format=json"}).json);
    EXPECT_EQ(as<KeyCommand>({"key", "42"}).id, "42");
    EXPECT_EQ(as<HealthcheckCommand>({"healthcheck"}).url, "");
    EXPECT_EQ(as<HealthcheckCommand>({"healthcheck", "--url", "http://h:1"}).url, "http://h:1");
    EXPECT_THAT(as<CheckCommand>({"check", "a", "b"}).files, ElementsAre("a", "b"));
    EXPECT_FALSE(as<CheckCommand>({"check", "a"}).json);
    EXPECT_TRUE(as<CheckCommand>({"check", "a", "--format", "json"}).json);
    EXPECT_EQ(as<CheckLogCommand>({"check", "--log", "-"}).sample, "-");
    EXPECT_THAT(refusal({"check", "--log", "-", "--format", "json"}), HasSubstr("--format"));
    EXPECT_TRUE(as<AcceptTableCommand>({"accept-table", "--begin-anew", "--yes"}).anew);
    EXPECT_FALSE(as<AcceptTableCommand>({"accept-table", "--yes"}).anew);
}

TEST(CommandLine, ServeListensWhereItIsToldAndObeysOverHttpOnlyIfAsked) {
    const auto usual = as<ServeCommand>({"serve"});
    EXPECT_THAT(usual.listen, IsEmpty());
    EXPECT_FALSE(usual.lifecycle);
    const auto told = as<ServeCommand>(
        {"serve", "--web.listen-address", "a:1", "--web.listen-address", "b:2", "--web.enable-lifecycle"});
    EXPECT_THAT(told.listen, ElementsAre("a:1", "b:2"));
    EXPECT_TRUE(told.lifecycle);
}

TEST(CommandLine, AReportsPhaseShowsPhases) {
    EXPECT_FALSE(as<ReportCommand>({"report"}).phases);
    const auto all = as<ReportCommand>({"report", "--phase", "all"});
    EXPECT_TRUE(all.phases);
    EXPECT_THAT(all.phases_listed, IsEmpty());
    for (const domain::Phase phase : domain::kPhases) {
        const std::string name(phase_name(phase));
        EXPECT_THAT(as<ReportCommand>({"report", "--phase", name.c_str()}).phases_listed, ElementsAre(phase));
    }
    EXPECT_THAT(as<ReportCommand>({"report", "--phase", "stranded,retired_in_use"}).phases_listed,
                ElementsAre(domain::Phase::stranded, domain::Phase::retired_in_use));
    EXPECT_THAT(refusal({"report", "--phase", "gone"}), HasSubstr("is not one of its values"));
    const auto letters =
        as<ReportCommand>({"report", "--group-by", "owner", "--format", "html", "--output", "o"});
    EXPECT_EQ(letters.grouping, report::Grouping::owner);
    EXPECT_EQ(letters.format, report::Format::html);
    EXPECT_EQ(letters.output, "o");
}

TEST(CommandLine, APairNeedsAReplacementOrRemovesOne) {
    const auto pair = as<PairCommand>({"pair", "1", "2", "--force"});
    EXPECT_EQ(pair.legacy + ">" + pair.replacement, "1>2");
    EXPECT_TRUE(pair.force);
    EXPECT_TRUE(as<PairCommand>({"pair", "1", "--remove"}).remove);
    EXPECT_THAT(refusal({"pair", "1"}), HasSubstr("NEW, or --remove"));
    EXPECT_THAT(refusal({"pair", "1", "2", "--remove"}), HasSubstr("NEW, or --remove"));
}

TEST(CommandLine, AMarkSaysWhatHasHappenedOrListsAll) {
    EXPECT_FALSE(as<MarkCommand>({"mark"}).kind);
    EXPECT_FALSE(as<MarkCommand>({"mark", "list"}).kind);
    EXPECT_EQ(as<MarkCommand>({"mark", "--format", "csv"}).format, MarkCommand::Format::csv);
    const auto mark = as<MarkCommand>({"mark", "brownout-begin", "--note", "n"});
    EXPECT_EQ(mark.kind, domain::MarkKind::brownout_begin);
    EXPECT_EQ(mark.note, "n");
    EXPECT_EQ(as<MarkCommand>({"mark", "brownout-end"}).kind, domain::MarkKind::brownout_end);
    EXPECT_TRUE(as<MarkCommand>({"mark", "cutover", "--remove"}).remove);
    EXPECT_THAT(refusal({"mark", "brownout"}), HasSubstr("list, brownout-begin, brownout-end or cutover"));
    EXPECT_THAT(refusal({"mark", "brownout_begin"}), HasSubstr("list, brownout-begin"));
    EXPECT_THAT(refusal({"mark", "--remove"}), HasSubstr("WHAT"));
    EXPECT_THAT(refusal({"mark", "list", "--remove"}), HasSubstr("WHAT"));
}

TEST(CommandLine, AnAckNamesItsKeysInOneWayAtLeast) {
    EXPECT_THAT(as<AckCommand>({"ack", "1", "2"}).ids, ElementsAre("1", "2"));
    EXPECT_FALSE(as<AckCommand>({"ack", "1"}).selects());
    EXPECT_EQ(as<AckCommand>({"ack", "--idle-longer-than", "90d"}).idle_longer_than, 90 * 24h);
    EXPECT_TRUE(as<AckCommand>({"ack", "--owner", "o"}).selects());
    EXPECT_TRUE(as<AckCommand>({"ack", "--file", "-"}).selects());
    EXPECT_THAT(refusal({"ack", "--yes"}), HasSubstr("--idle-longer-than"));
    EXPECT_THAT(refusal({"ack", "--note", "n"}), HasSubstr("--owner"));
    for (const char* const wrong : {"0s", "soon", "-1d"})
        EXPECT_THAT(refusal({"ack", (std::string("--idle-longer-than=") + wrong).c_str()}),
                    HasSubstr("a duration such as 90d"));
}

TEST(CommandLine, FailuresGoBackADayAtMost) {
    const auto usual = as<FailuresCommand>({"failures"});
    EXPECT_EQ(usual.since, 1h);
    EXPECT_EQ(usual.limit, 50U);
    EXPECT_EQ(as<FailuresCommand>({"failures", "--since", "24h"}).since, 24h);
    for (const char* const wrong : {"25h", "0s", "yesterday"})
        EXPECT_THAT(refusal({"failures", "--since", wrong}), HasSubstr("up to 24h"));
    EXPECT_EQ(as<FailuresCommand>({"failures", "--format", "csv"}).format, report::Format::csv);
    EXPECT_THAT(refusal({"failures", "--format", "html"}), HasSubstr("text, json or csv"));
}

TEST(CommandLine, ACheckIsOfFilesOrOfALog) {
    EXPECT_THAT(refusal({"check"}), HasSubstr("or --log FILE"));
    EXPECT_NE(refusal({"check", "k.yaml", "--log", "l"}), "it was accepted");
    EXPECT_NE(refusal({"check", "k.yaml", "--summary"}), "it was accepted");
    const auto log = as<CheckLogCommand>(
        {"check", "--log", "l", "--collector", "access_log", "--summary", "--max-unparsed", "10"});
    EXPECT_EQ(log.collector, "access_log");
    EXPECT_TRUE(log.summary);
    EXPECT_DOUBLE_EQ(log.most_unparsed, 0.1) << "percent become a share";
    EXPECT_DOUBLE_EQ(as<CheckLogCommand>({"check", "--log", "l"}).most_unparsed, 0.05);
    for (const char* const wrong : {"101", "-1"})
        EXPECT_THAT(refusal({"check", "--log", "l", (std::string("--max-unparsed=") + wrong).c_str()}),
                    HasSubstr("0 to 100"));
}

TEST(CommandLine, SqlIsForARoleThatPostgresqlTakes) {
    const auto usual = as<SqlCommand>({"sql"});
    EXPECT_EQ(usual.role, "keyshift");
    EXPECT_THAT(usual.sections, IsEmpty());
    EXPECT_THAT(as<SqlCommand>({"sql", "index", "role"}).sections, ElementsAre("index", "role"));
    EXPECT_THAT(refusal({"sql", "indexes"}), HasSubstr("role, view, index or statements"));
    EXPECT_NE(refusal({"sql", "--role", ""}), "it was accepted");
}

TEST(CommandLineDescription, TellsClosedListsFromFiles) {
    const ProgramDescription all = describe_command_line();
    const auto report = std::ranges::find(all.commands, "report", &CommandDescription::name);
    ASSERT_NE(report, all.commands.end());
    const auto format =
        std::ranges::find(report->options, std::vector<std::string>{"--format"}, &OptionDescription::names);
    ASSERT_NE(format, report->options.end());
    EXPECT_THAT(format->value.choices, ElementsAre("text", "json", "csv", "markdown", "html", "letter"));
    const auto config =
        std::ranges::find(report->options, std::vector<std::string>{"--config"}, &OptionDescription::names);
    ASSERT_NE(config, report->options.end());
    EXPECT_TRUE(config->value.is_file);
    EXPECT_THAT(config->value.choices, IsEmpty());
}

/// Whatever is in argv, everybody on the machine can read.
TEST(CommandLineDescription, NoOptionTakesASecret) {
    int options = 0;
    for (const CommandDescription& command : describe_command_line().commands) {
        for (const OptionDescription& option : command.options) {
            for (const std::string& name : option.names) {
                ++options;
                // One with a password is refused.
                if (command.name == "healthcheck" && name == "--url") continue;
                if (name == "--web.external-url") continue;
                for (const char* const word : {"url", "password", "secret", "token", "dsn"})
                    EXPECT_EQ(name.find(word), std::string::npos) << command.name << " " << name;
            }
        }
    }
    EXPECT_GT(options, 30) << "else nothing was looked at";
}

}  // namespace
}  // namespace keyshift::cli
