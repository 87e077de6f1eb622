// SPDX-License-Identifier: Apache-2.0
// log_line.hpp: nothing of a message and its fields is lost or confused on the way to the sink.
#include "base/log/line.hpp"

#include <gtest/gtest.h>

namespace keyshift::base::log {
namespace {

std::vector<std::string> fields_of(std::string_view packed) {
    std::vector<std::string> out;
    each_field(packed, [&](std::string_view name, std::string_view value) {
        out.push_back(std::string(name) + "=" + std::string(value));
    });
    return out;
}

TEST(LogLine, MessageAndFieldsComeBackAsTheyWent) {
    const std::string packed = pack("source down", {{"source", "keys"}, {"error", ""}, {"after", 3}});
    EXPECT_EQ(message_of(packed), "source down");
    EXPECT_EQ(fields_of(packed), (std::vector<std::string>{"source=keys", "error=", "after=3"}));
    EXPECT_EQ(message_of(pack("stopped", {})), "stopped");
    EXPECT_TRUE(fields_of(pack("stopped", {})).empty());
}

TEST(LogLine, AValueCannotMakeAField) {
    const std::string packed = pack("m", {{"a",
                                           "x\x1e"
                                           "b\x1fy"},
                                          {"c", "z"}});
    EXPECT_EQ(fields_of(packed), (std::vector<std::string>{"a=x?b?y", "c=z"}));
}

TEST(LogLine, OneFieldMoreComesLast) {
    EXPECT_EQ(fields_of(packed_with(pack("m", {{"a", 1}}), "held_back", "7")),
              (std::vector<std::string>{"a=1", "held_back=7"}));
}

TEST(LogLine, LogfmtQuotesWhatItMust) {
    EXPECT_EQ(
        logfmt(pack("source down", {{"source", "keys"}, {"empty", ""}, {"said", "a \"b\" c"}, {"k", "x=y"}})),
        R"(msg="source down" source=keys empty="" said="a \"b\" c" k="x=y")");
    EXPECT_EQ(logfmt(pack("m", {{"control", "a\nb"}})).find('\n'), std::string::npos);
}

TEST(LogLine, LevelsAreThoseOfTheLibrary) {
    for (const Level level : {Level::debug, Level::info, Level::warn, Level::error})
        EXPECT_EQ(level_of(spdlog_level(level)), level);
    EXPECT_EQ(spdlog_level(Level::debug), 1);
    EXPECT_EQ(spdlog_level(Level::error), 4);
    EXPECT_EQ(level_name(Level::warn), "warn");
}

}  // namespace
}  // namespace keyshift::base::log
