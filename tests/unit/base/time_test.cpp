// SPDX-License-Identifier: Apache-2.0
#include "base/time.hpp"

#include <array>
#include <utility>

#include <gtest/gtest.h>

namespace keyshift::base {
namespace {

using namespace std::chrono_literals;

TEST(Duration, ReadsWhatPrometheusWrites) {
    EXPECT_EQ(parse_duration("90s"), Duration{90s});
    EXPECT_EQ(parse_duration("1d12h"), Duration{36h});
    EXPECT_EQ(parse_duration("250ms"), Duration{250ms});
    EXPECT_EQ(parse_duration("2w"), Duration{24h * 14});
    EXPECT_EQ(parse_duration("2y"), Duration{24h * 730});
    EXPECT_EQ(parse_duration("0"), Duration{0});
}

TEST(Duration, RefusesTheRest) {
    for (const char* text :
         {"", "5", "-1s", "1x", "s", "1h1d", "1h1h", "1.5h", "1 h", "99999999999999999999s", "300000y"})
        EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(Duration, FormatReadsBack) {
    const std::array<std::pair<Duration, const char*>, 4> cases{
        {{0s, "0s"}, {90s, "1m30s"}, {24h * 7, "7d"}, {1500ms, "1s500ms"}}};
    for (const auto& [duration, text] : cases) {
        EXPECT_EQ(format_duration(duration), text);
        EXPECT_EQ(parse_duration(text), duration);
    }
}

TEST(Rfc3339, ReadsOffsetsAndFractions) {
    const auto t = parse_rfc3339("2026-01-10T00:00:00Z");
    ASSERT_TRUE(t);
    EXPECT_EQ(t->time_since_epoch(), 1768003200s);
    EXPECT_EQ(parse_rfc3339("2026-01-10T02:00:00+02:00"), t);
    EXPECT_EQ(parse_rfc3339("2026-01-09T23:00:00-01:00"), t);
    EXPECT_EQ(parse_rfc3339("2026-01-10T00:00:00.123456789Z"), *t + 123456us);
    EXPECT_EQ(format_rfc3339(*t), "2026-01-10T00:00:00Z");
    EXPECT_EQ(format_rfc3339(*t + 120us), "2026-01-10T00:00:00.000120Z");
}

TEST(Rfc3339, RefusesWhatIsNoMoment) {
    for (const char* text :
         {"", "2026-01-10", "2026-02-30T00:00:00Z", "2026-01-10T24:00:00Z", "2026-01-10T00:00:00",
          "2026-01-10T00:00:00.Z", "2026-01-10T00:00:00+0200", "2026-13-01T00:00:00Z"})
        EXPECT_FALSE(parse_rfc3339(text)) << text;
}

TEST(Rfc3339, ReadsBackWhatItWrites) {
    for (const char* text :
         {"1970-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z", "2024-02-29T23:59:59Z",
          "0000-01-01T00:00:00Z", "9999-12-31T23:59:59.000001Z", "2026-01-10T01:02:03.040000Z"})
        EXPECT_EQ(format_rfc3339(parse_rfc3339(text).value()), text);
}

TEST(Rfc3339, StaysWithinItsYears) {
    EXPECT_EQ(format_rfc3339(Time::max()), "9999-12-31T23:59:59.999999Z");
    EXPECT_EQ(format_rfc3339(Time::min()), "0000-01-01T00:00:00Z");
}

TEST(Deadline, NeverHasLessThanNothingLeft) {
    EXPECT_EQ(Deadline::in(-1s).left(), Duration{0});
    EXPECT_TRUE(Deadline::in(-1s).passed());
    EXPECT_FALSE(Deadline::in(1h).passed());
    EXPECT_LE(Deadline::in(1h).at_most(1s).left(), Duration{1s});
    EXPECT_LE(Deadline::in(1s).at_most(1h).left(), Duration{1s});
}

}  // namespace
}  // namespace keyshift::base
