// SPDX-License-Identifier: Apache-2.0
// status_screen.hpp: what is urgent stands first, nothing is wider or longer than the screen, and what comes
// from outside moves nothing. The screens are in tests/golden/status, those of NOT_YET in docs/cli.md.
#include "commands/ask/status_screen.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/utf8.hpp"
#include "commands/screen/layout.hpp"
#include "unit/commands/ask/status_samples.hpp"

namespace keyshift::commands {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string kSource = KEYSHIFT_SOURCE_DIR;
constexpr std::size_t kScreen = 24;

std::string screen(const api::Status& status, std::size_t width = 80, Detail detail = Detail::fits) {
    return status_screen(status, width, detail, Terminal(Painting::none));
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> out;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
}

std::string contents(const std::string& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

struct State {
    const char* name;
    api::Status status;
};

std::vector<State> states() {
    return {
        {"safe", safe()},          {"not_yet", not_yet()},         {"unsafe", unsafe()},
        {"unknown", unknown()},    {"source_down", source_down()}, {"nothing_read_yet", nothing_read_yet()},
        {"no_daemon", no_daemon()}};
}

/// KEYSHIFT_UPDATE_GOLDEN=1 writes what is shown now.
void expect_golden(const std::string& name, const std::string& shown) {
    const std::string file = kSource + "/tests/golden/status/" + name + ".txt";
    if (std::getenv("KEYSHIFT_UPDATE_GOLDEN") != nullptr) std::ofstream(file) << shown;
    EXPECT_EQ(shown, contents(file)) << name;
}

TEST(StatusScreen, EachStateAtEachWidth) {
    for (const auto& [name, status] : states()) {
        for (const std::size_t width : {60, 80, 120})
            expect_golden(std::string(name) + "-" + std::to_string(width), screen(status, width));
        expect_golden(std::string(name) + "-verbose", screen(status, 80, Detail::all));
    }
}

TEST(StatusScreen, TheDocumentsShowIt) {
    const std::string document = contents(kSource + "/docs/cli.md");
    for (const std::size_t width : {60, 80, 120})
        EXPECT_THAT(document, HasSubstr("```text\n" + screen(not_yet(), width) + "```\n")) << width;
    EXPECT_THAT(document, HasSubstr("```text\n" + screen(source_down()) + "```\n"));
}

TEST(StatusScreen, TheFirstFourLinesAnswer) {
    for (const api::Status& status : {safe(), not_yet(), unsafe(), unknown()}) {
        const auto lines = lines_of(screen(status));
        ASSERT_GT(lines.size(), 5U);
        EXPECT_THAT(lines[0], StartsWith(status.answer.verdict + ": "));
        EXPECT_THAT(lines[1], StartsWith("Locked out "));
        EXPECT_THAT(lines[2], StartsWith("Left       "));
        EXPECT_THAT(lines[3], StartsWith("Dates      earliest "));
        EXPECT_EQ(lines[4], "");
    }
}

TEST(StatusScreen, WhoIsLockedOutIsSaidWithTheCommandThatListsThem) {
    const auto second = [](const api::Status& status) { return lines_of(screen(status)).at(1); };
    api::Status status = unsafe();
    EXPECT_EQ(second(status), "Locked out 3 keys, 1 gone: keyshift report --phase stranded,retired_in_use");
    status.phases["retired_in_use"] = 0;
    EXPECT_EQ(second(status), "Locked out 2 keys: keyshift report --phase stranded");
    status.phases["stranded"] = 0;
    EXPECT_EQ(second(status), "Locked out no known key (failures not measured)");
    status.phases["retired_in_use"] = 1;
    EXPECT_EQ(second(status), "Locked out 1 key, gone while in use: keyshift report --phase retired_in_use");
    status = not_yet();
    status.auth_failures.evidence = "access_log";
    EXPECT_EQ(second(status), "Locked out no known key, and nobody failed within 24h");
    status.auth_failures.failures_24h = 7;
    EXPECT_EQ(second(status), "Locked out no known key; 7 requests failed within 24h: keyshift failures");
    status.fallback.maybe_locked_out = 3;
    status.fallback.maybe_locked_out_since = kSampleTime - 1h;
    EXPECT_EQ(second(status), "Locked out perhaps 3 keys, since 9 Jan 23:00 UTC: keyshift failures");
    status = not_yet();
    status.fallback.mode = "absent";
    EXPECT_EQ(second(status), "Locked out none that was in use; 14 keys no longer work: keyshift report");
    status = nothing_read_yet();
    status.sources.front().source = "access_log";
    EXPECT_EQ(second(status), "Locked out not known here: no collector reads the key table");
}

TEST(StatusScreen, WhatComesNextIsTheMostUrgent) {
    const auto third = [](const api::Status& status) { return lines_of(screen(status)).at(2); };
    api::Status status = not_yet();
    status.phases = {{"pending", 7}, {"overlap", 1}};
    EXPECT_EQ(third(status),
              "Left       14 of 19 keys; next: finish the switch of 1 (report --phase overlap)");
    status.phases["retired_in_use"] = 2;
    EXPECT_EQ(third(status), "Left       14 of 19 keys; next: new keys for 2 that went in use");
    status.phases = {{"pending", 7}};
    EXPECT_EQ(third(status), "Left       14 of 19 keys; next: create 7 new keys (report --phase pending)");
    status.configuration.emplace();
    status.configuration->promotes_in_place = true;
    EXPECT_THAT(third(status), StartsWith("Left       14 of 19 keys; next: ask the owners of 7"));
    EXPECT_EQ(third(safe()), "Left       3 of 19 keys; next: remove the fallback");
    status.migration->state.reset();
    EXPECT_EQ(third(status), "Left       there has never been a legacy key");
}

TEST(StatusScreen, DatesSayWhatIsMissedAndWhatIsNotKnown) {
    const auto fourth = [](const api::Status& status) { return lines_of(screen(status)).at(3); };
    api::Status status = not_yet();
    status.migration->deadline = kSampleTime - 48h;
    EXPECT_EQ(fourth(status),
              "Dates      earliest 17 Jan 00:00 UTC, in 7 d; deadline 8 Jan 00:00 UTC missed");
    status.migration->deadline.reset();
    EXPECT_EQ(fourth(status),
              "Dates      earliest 17 Jan 00:00 UTC, in 7 d; no deadline (migration.deadline)");
    status.answer.earliest_safe = kSampleTime - 1h;
    EXPECT_EQ(fourth(status), "Dates      earliest once line 1 is done; no deadline (migration.deadline)");
    EXPECT_THAT(fourth(safe()), StartsWith("Dates      earliest now;"));
}

TEST(StatusScreen, WhatLimitsASafeStandsInTheFirstLine) {
    api::Status status = safe();
    status.answer.not_measured = {"failures_normal"};
    status.answer.caveats = {"judged by a drain window of 20s, shorter than a day"};
    EXPECT_THAT(screen(status, 200),
                StartsWith("SAFE: the fallback may be removed (not measured: failures_normal); judged by a "
                           "drain window of 20s, shorter than a day\n"));
}

TEST(StatusScreen, NoLineIsWiderThanTheScreenAndTheShellsLineFits) {
    for (const auto& [name, status] : states()) {
        for (std::size_t width = 40; width <= 130; ++width) {
            const auto lines = lines_of(screen(status, width));
            EXPECT_LT(lines.size(), kScreen) << name << " at " << width;
            for (const std::string& line : lines) EXPECT_LE(columns(line), width) << name << ": " << line;
        }
    }
}

TEST(StatusScreen, VerboseSaysAllAndTheScreenSaysThatThereIsMore) {
    const std::string all = screen(unsafe(), 60, Detail::all);
    EXPECT_GT(lines_of(all).size(), kScreen);
    EXPECT_THAT(all, Not(HasSubstr("…")));
    EXPECT_THAT(screen(unsafe(), 60), HasSubstr(" lines:\n--verbose)"));
    EXPECT_THAT(all, Not(HasSubstr("--verbose")));
}

TEST(StatusScreen, ASourceThatIsDownIsTheReasonWithItsErrorAndRemedy) {
    const std::string shown = screen(source_down(), 500);
    EXPECT_THAT(lines_of(shown).front(),
                HasSubstr("UNKNOWN: keys is down: cannot connect to 10.0.0.5:5432: connection refused; start "
                          "PostgreSQL there, or correct database_url"));
    EXPECT_THAT(shown, HasSubstr("as of 3 h ago")) << "who is locked out is not known as of now";
    api::Status still_safe = safe();
    still_safe.sources.front().up = false;
    still_safe.sources.front().failure = "refused";
    EXPECT_THAT(screen(still_safe, 500),
                StartsWith("SAFE: the fallback may be removed; gateway_metrics is down: refused\n"));
    still_safe.sources.front().not_measured = "the file is empty";
    EXPECT_THAT(screen(still_safe, 500), StartsWith("SAFE: the fallback may be removed\n"))
        << "what need not be there is not down";
}

TEST(StatusScreen, EveryMissingPartIsNamed) {
    for (const std::size_t width : {60, 80, 120}) {
        std::string first;
        for (const std::string& line : lines_of(screen(source_down(), width)))
            if (line.rfind("Locked out", 0) == 0)
                break;
            else
                first += line + "\n";
        for (const char* const part : {"10.0.0.7:9090", "10.0.0.8:9090", "10.0.0.9:9090"})
            EXPECT_THAT(first, HasSubstr(part)) << width;
    }
}

TEST(StatusScreen, AnErrorThatFillsScreensLeavesTheOtherThreeLines) {
    api::Status status = source_down();
    status.sources.back().failure = std::string(5000, 'x');
    const auto lines = lines_of(screen(status));
    EXPECT_LT(lines.size(), kScreen);
    EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                            [](const std::string& line) { return line.rfind("Locked out", 0) == 0; }),
              1);
    EXPECT_THAT(screen(status), HasSubstr("\nDates  "));
}

TEST(StatusScreen, WhatComesFromOutsideMovesNothing) {
    api::Status status = source_down();
    std::string wide;
    for (int i = 0; i < 255; ++i) wide += "鍵";
    const std::string hostile = "\x1b[2J\r\n\u202e<b>" + wide + std::string(1, '\0') + "\u200b\xff";
    for (api::CheckedItem& check : status.answer.checks) check.evidence = hostile;
    status.sources.front().missing = {hostile};
    status.sources.front().source = hostile;
    status.sources.back().failure = hostile;
    status.answer.caveats = {hostile};
    status.fallback.mode = status.fallback.because = hostile;
    status.history_begins = kSampleTime;
    status.history_begins_because = hostile;
    for (const Detail detail : {Detail::fits, Detail::all}) {
        for (const std::string& line : lines_of(screen(status, 80, detail))) {
            EXPECT_EQ(base::escape_unsafe(line), line);
            EXPECT_LE(columns(line), 80U);
        }
    }
    status.answer.reason = hostile;
    EXPECT_THAT(screen(status), StartsWith("UNKNOWN:\n  \\x1b[2J"));
}

TEST(StatusScreen, ColoursEndWithTheirLine) {
    for (const auto& [name, status] : states()) {
        const std::string shown = status_screen(status, 60, Detail::fits, Terminal(Painting::colours));
        EXPECT_THAT(shown, HasSubstr("\x1b[")) << name;
        const std::size_t last = shown.rfind("\x1b[");
        EXPECT_EQ(shown.substr(last, 4), "\x1b[0m") << name;
        EXPECT_LT(lines_of(shown).size(), kScreen);
    }
}

}  // namespace
}  // namespace keyshift::commands
