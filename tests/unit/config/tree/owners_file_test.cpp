// SPDX-License-Identifier: Apache-2.0
// owners_file.hpp: CSV as spreadsheets write it, and what is wrong with it by its line.
#include "config/tree/owners_file.hpp"

#include <string>

#include <gtest/gtest.h>

namespace keyshift::config {
namespace {

std::string problem(std::string_view text) {
    const auto parsed = OwnersFile::parse(text, "owners.csv");
    return parsed ? "" : parsed.error().what;
}

TEST(OwnersFile, ColumnsInAnyOrderQuotesAndLinesOfEveryKind) {
    const auto file = OwnersFile::parse(
        "\xef\xbb\xbfteam,owner,address\r\n\"a \"\"team\"\", of two\nlines\",7,a@b\r\n\r\n,\"8\",\n",
        "owners.csv");
    ASSERT_TRUE(file) << file.error().what;
    ASSERT_NE(file->find("7"), nullptr);
    EXPECT_EQ(file->find("7")->team, "a \"team\", of two\nlines");
    EXPECT_EQ(file->find("7")->address, "a@b");
    ASSERT_NE(file->find("8"), nullptr);
    EXPECT_EQ(file->find("8")->address, "");
    EXPECT_EQ(file->find("9"), nullptr);
    EXPECT_TRUE(OwnersFile::parse("owner,address", "x")) << "nobody yet";
}

TEST(OwnersFile, WhatIsWrongIsSaidWithItsLine) {
    EXPECT_EQ(problem(""), "owners.csv, line 1: the first line does not name the columns owner and address");
    EXPECT_EQ(problem("owner,mail\n"), "owners.csv, line 1: there is no column \"mail\"");
    EXPECT_EQ(problem("owner,owner,address\n"), "owners.csv, line 1: the column owner is there twice");
    EXPECT_EQ(problem("owner,address\n1,a@b\n2\n"), "owners.csv, line 3: 1 columns in place of 2");
    EXPECT_EQ(problem("owner,address\n1,\"a\nb\"\n1,c\n"), "owners.csv, line 4: the owner 1 is there twice");
    EXPECT_EQ(problem("owner,address\n,a@b\n"), "owners.csv, line 2: the owner is missing");
    EXPECT_EQ(problem("owner,address\n1,\"a@b\n"), "owners.csv, line 2: a quote is not closed");
    EXPECT_EQ(problem("owner,address\n1,\"a\"b\n"), "owners.csv, line 2: something follows a closing quote");
}

}  // namespace
}  // namespace keyshift::config
