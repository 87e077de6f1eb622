// SPDX-License-Identifier: Apache-2.0
#include "formats/text/log_time.hpp"

#include <gtest/gtest.h>

namespace keyshift::formats {
namespace {

std::string text(std::optional<base::Time> time) {
    return time ? base::format_rfc3339(*time) : "-";
}

TEST(LogTime, CommonLogFormat) {
    EXPECT_EQ(text(parse_common_time("25/Nov/2026:13:10:37 +0000")), "2026-11-25T13:10:37Z");
    EXPECT_EQ(text(parse_common_time("01/Jan/2026:00:30:00 +0130")), "2025-12-31T23:00:00Z");
    EXPECT_EQ(text(parse_common_time("31/Dec/2026:23:30:00 -0800")), "2027-01-01T07:30:00Z");
    EXPECT_EQ(text(parse_common_time("29/Feb/2028:00:00:60 +0000")), "2028-02-29T00:01:00Z");
}

TEST(LogTime, WhatIsNoCommonTime) {
    for (const char* const wrong :
         {"", "-", "25/Nov/2026:13:10:37", "25/Nov/2026:13:10:37 +000", "25/Nov/2026:13:10:37 +00000",
          "29/Feb/2026:13:10:37 +0000", "25/nov/2026:13:10:37 +0000", "25-Nov-2026:13:10:37 +0000",
          "25/Nov/2026:24:10:37 +0000", "25/Nov/2026:13:60:37 +0000", "25/Nov/2026:13:10:61 +0000",
          "25/Nov/2026:13:10:37 00000", "25/Nov/2026:13:10:37 +0060", "2x/Nov/2026:13:10:37 +0000",
          "00/Nov/2026:13:10:37 +0000", "25/Nov/20-6:13:10:37 +0000"})
        EXPECT_EQ(text(parse_common_time(wrong)), "-") << wrong;
}

TEST(LogTime, Haproxy) {
    EXPECT_EQ(text(parse_haproxy_time("25/Nov/2026:13:10:37.042")), "2026-11-25T13:10:37.042000Z");
    EXPECT_EQ(text(parse_haproxy_time("25/Nov/2026:13:10:37,042")), "-");
    EXPECT_EQ(text(parse_haproxy_time("25/Nov/2026:13:10:37.04x")), "-");
    EXPECT_EQ(text(parse_haproxy_time("31/Nov/2026:13:10:37.042")), "-");
}

TEST(LogTime, IsoWithAndWithoutColon) {
    EXPECT_EQ(text(parse_iso_time("2026-11-25T13:10:37+01:00")), "2026-11-25T12:10:37Z");
    EXPECT_EQ(text(parse_iso_time("2026-11-25T13:10:37.5-0130")), "2026-11-25T14:40:37.500000Z");
    EXPECT_EQ(text(parse_iso_time("2026-11-25T13:10:37Z")), "2026-11-25T13:10:37Z");
    EXPECT_EQ(text(parse_iso_time("2026-11-25T13:10:37")), "-");
    EXPECT_EQ(text(parse_iso_time("+0100")), "-");
    EXPECT_EQ(text(parse_iso_time("")), "-");
}

TEST(LogTime, SecondsSinceTheEpoch) {
    EXPECT_EQ(text(parse_epoch_seconds("1795612237.123")), "2026-11-25T13:10:37.123000Z");
    for (const char* const wrong : {"", "-", "0", "-1", "1e99", "nan", "inf", "12:00", "253402300800"})
        EXPECT_EQ(text(parse_epoch_seconds(wrong)), "-") << wrong;
}

}  // namespace
}  // namespace keyshift::formats
