// SPDX-License-Identifier: Apache-2.0
#include "drivers/dsn/postgres_options.hpp"

#include <gtest/gtest.h>

namespace keyshift::drivers {
namespace {

using base::Errc;

PostgresSettings parsed(std::string_view options) {
    auto settings = parse_postgres_options(options);
    return settings ? *settings : PostgresSettings{{"error", settings.error().text()}};
}

TEST(PostgresOptions, AreReadAsTheServerReadsThem) {
    EXPECT_EQ(parsed(""), PostgresSettings{});
    EXPECT_EQ(parsed(" \t\n"), PostgresSettings{});
    EXPECT_EQ(parsed("-c work_mem=64MB"), (PostgresSettings{{"work_mem", "64MB"}}));
    EXPECT_EQ(parsed("-cwork_mem=64MB"), (PostgresSettings{{"work_mem", "64MB"}}));
    EXPECT_EQ(parsed("--work-mem=64MB"), (PostgresSettings{{"work_mem", "64MB"}}));
    EXPECT_EQ(parsed("  -c  search_path=a,\\ b   --geqo=off "),
              (PostgresSettings{{"search_path", "a, b"}, {"geqo", "off"}}));
    EXPECT_EQ(parsed(R"(-c search_path=a\\b)"), (PostgresSettings{{"search_path", R"(a\b)"}}));
    EXPECT_EQ(parsed("-c search_path="), (PostgresSettings{{"search_path", ""}}));
    EXPECT_EQ(parsed("-c my.flag=a=b"), (PostgresSettings{{"my.flag", "a=b"}}));
}

TEST(PostgresOptions, KeyshiftsOwnAreNeverOverridden) {
    EXPECT_EQ(parsed("-c role=boss -c Statement-Timeout=0 -c DateStyle=SQL --TimeZone=Mars "
                     "-c transaction_read_only=off -c row_security=on -c geqo=off"),
              (PostgresSettings{{"geqo", "off"}}));
}

TEST(PostgresOptions, WhatIsNoSettingIsAnErrorThatQuotesNothing) {
    for (const char* options :
         {"-d 5", "-c", "-c hunter2", "hunter2", "-c =hunter2", "--hunter2", "-F", "-c a=1 hunter2=3"}) {
        const auto settings = parse_postgres_options(options);
        ASSERT_FALSE(settings) << options;
        EXPECT_EQ(settings.error().code, Errc::config);
        EXPECT_EQ(settings.error().text().find("hunter2"), std::string::npos) << options;
    }
}

TEST(PostgresArray, EscapesWhatEndsAnItem) {
    EXPECT_EQ(postgres_array({}), "{}");
    EXPECT_EQ(postgres_array({"a", "", "NULL", R"(q"u\e{,})"}), R"({"a","","NULL","q\"u\\e{,}"})");
}

}  // namespace
}  // namespace keyshift::drivers
