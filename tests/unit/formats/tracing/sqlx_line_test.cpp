// SPDX-License-Identifier: Apache-2.0
// Lines of sqlx::query, in tracing's forms.
#include "formats/tracing/sqlx_line.hpp"

#include <string>

#include <gtest/gtest.h>

namespace keyshift::formats {
namespace {

constexpr std::string_view kLookup =
    R"(summary="SELECT id, key_hash, key_lookup_hash, …" db.statement="\n\nSELECT\n  id\nFROM\n  \"virtual_keys\"\nWHERE\n  key_lookup_hash = $1\n" rows_affected=0 rows_returned=1 elapsed=3.002665ms elapsed_secs=0.003002665)";

std::string read(std::string_view message) {
    SqlxQuery query;
    if (!parse_sqlx_text(message, query)) return "none";
    return unescape_debug(query.statement) + "|" + std::to_string(query.rows_affected) + "|" +
           std::to_string(query.rows_returned);
}

TEST(SqlxLine, TheStatementAndItsRows) {
    EXPECT_EQ(read(kLookup),
              "\n\nSELECT\n  id\nFROM\n  \"virtual_keys\"\nWHERE\n  key_lookup_hash = $1\n|0|1");
}

TEST(SqlxLine, AShortStatementIsItsSummary) {
    EXPECT_EQ(read(R"(summary="SELECT 1" db.statement="" rows_affected=0 rows_returned=1 elapsed=1ms)"),
              "SELECT 1|0|1");
}

TEST(SqlxLine, ASlowStatementHasASentenceBefore) {
    EXPECT_EQ(read("slow statement: execution time exceeded alert threshold " + std::string(kLookup) +
                   " slow_threshold=1s"),
              read(kLookup));
}

TEST(SqlxLine, WhatIsInAStatementIsNoField) {
    EXPECT_EQ(
        read(
            R"(summary="SELECT ' rows_returned=9 …" db.statement="SELECT ' rows_returned=9 \" rows_returned=8 '" rows_affected=0 rows_returned=1)"),
        "SELECT ' rows_returned=9 \" rows_returned=8 '|0|1");
}

TEST(SqlxLine, AStatementEndsAtTheFirstMarkThatIsNotEscaped) {
    const auto with = [](const std::string& statement) {
        return read("summary=\"s\" db.statement=\"" + statement + "\" rows_affected=0 rows_returned=1");
    };
    EXPECT_EQ(with(R"(\\)"), R"(\|0|1)");
    EXPECT_EQ(with(R"(a\\\"b)"), "a\\\"b|0|1");
    EXPECT_EQ(with(R"(\"\"\")"), "\"\"\"|0|1");
    EXPECT_EQ(with(R"(a\)"), "none") << "its mark is escaped, and there is no other";
    EXPECT_EQ(read(R"(summary="\")"), "none");
}

TEST(SqlxLine, NothingElseIsOne) {
    for (const char* const message :
         {"", "summary=\"", "summary=\"x\"",
          "x summary=\"a\" db.statement=\"\" rows_affected=0 rows_returned=1",
          R"(summary="a" db.statement="" rows_affected=0 rows_returned=x)",
          R"(summary="a" db.statement="" rows_affected=0)",
          R"(summary="a" db.statement="" rows_affected=0 rows_returned=1 rows_returned=2)",
          R"(summary="a" db.statement="cut \)",
          R"(summary="a"x db.statement="" rows_affected=0 rows_returned=1)"})
        EXPECT_EQ(read(message), "none") << message;
}

TEST(SqlxLine, Escapes) {
    EXPECT_EQ(unescape_debug(R"(a\n\t\r\\\"\'\u{e9}\u{1f600}b)"), "a\n\t\r\\\"'é😀b");
    EXPECT_EQ(unescape_debug(R"(\0x)"), std::string("\0x", 2));
    for (const char* const text :
         {"\\", "\\u", "\\u{", "\\u{}", "\\u{d800}", "\\u{110000}", "\\q", "\\u{zz}"})
        EXPECT_EQ(unescape_debug(text), text);
}

std::string read_json(std::string_view text) {
    JsonLine line;
    SqlxQuery query;
    if (!line.parse(text) || !parse_sqlx_json(line, query)) return "none";
    return std::string(query.statement) + "|" + std::to_string(query.rows_affected) + "|" +
           std::to_string(query.rows_returned);
}

TEST(SqlxLine, InJsonNestedAndFlattened) {
    const std::string fields =
        R"("summary":"UPDATE virtual_keys SET last_used_at …","db.statement":"\n\nUPDATE\n  virtual_keys\n","rows_affected":1,"rows_returned":0,"elapsed":"1ms","elapsed_secs":0.001)";
    EXPECT_EQ(read_json(R"({"level":"DEBUG","fields":{)" + fields + R"(},"target":"sqlx::query"})"),
              "\n\nUPDATE\n  virtual_keys\n|1|0");
    EXPECT_EQ(read_json(R"({"level":"DEBUG",)" + fields + R"(,"target":"sqlx::query"})"),
              "\n\nUPDATE\n  virtual_keys\n|1|0");
    EXPECT_EQ(read_json(R"({"level":"DEBUG","fields":{"summary":"x"},"target":"sqlx::query"})"), "none");
}

}  // namespace
}  // namespace keyshift::formats
