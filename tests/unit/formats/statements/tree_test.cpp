// SPDX-License-Identifier: Apache-2.0
// tree.hpp and text.hpp: what is read of a statement, texts that nobody should send, and
// what people are shown. Which statement means what for keys: collectors/shared/statement_class_test.cpp.
#include "formats/statements/tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/statements/text.hpp"

namespace keyshift::formats {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Role = StatementTable::Role;

StatementTable only_table(std::string_view sql) {
    const auto tree = read_statement(sql);
    if (!tree || tree->tables.size() != 1) {
        ADD_FAILURE() << sql;
        return {};
    }
    return tree->tables.front();
}

TEST(StatementTree, TellsTablesColumnsAndConditions) {
    const StatementTable table =
        only_table("SELECT k.a, lower(k.b) FROM s.keys k WHERE k.id = $1 AND k.c IS NULL AND NOT k.d");
    EXPECT_EQ(table.schema, "s");
    EXPECT_EQ(table.name, "keys");
    EXPECT_THAT(table.returned, ElementsAre("a", "b"));
    EXPECT_THAT(table.equal, ElementsAre(ElementsAre("id")));
    EXPECT_THAT(table.null, ElementsAre("c"));
    EXPECT_THAT(table.no, ElementsAre("d"));
    EXPECT_THAT(table.conditions, ElementsAre("id", "c", "d"));
}

TEST(StatementTree, OrIdentifiesByWhatEachBranchHas) {
    EXPECT_THAT(only_table("SELECT a FROM t WHERE b = $1 OR c = $2").equal,
                ElementsAre(ElementsAre("b", "c")));
    EXPECT_THAT(only_table("SELECT a FROM t WHERE b = $1 OR c > $2").equal, IsEmpty());
    EXPECT_THAT(only_table("SELECT a FROM t WHERE (b = $1 AND c = $2) OR b = $3").equal,
                ElementsAre(ElementsAre("b", "b"), ElementsAre("c", "b")));
}

TEST(StatementTree, AnOuterJoinLeavesOutNothingOfTheSideThatIsKept) {
    const auto tree = read_statement("SELECT * FROM a LEFT JOIN b ON b.x = a.x AND a.y = $1 AND b.z = $2");
    ASSERT_TRUE(tree);
    ASSERT_EQ(tree->tables.size(), 2U);
    EXPECT_THAT(tree->tables[0].equal, IsEmpty());
    EXPECT_THAT(tree->tables[1].equal, ElementsAre(ElementsAre("z")));
    EXPECT_EQ(tree->tables[1].joins.size(), 1U);
}

TEST(StatementTree, AColumnOfASubSelectIsItsTables) {
    const StatementTable table =
        only_table("WITH w AS (SELECT x AS y, z FROM t) SELECT v.y FROM (SELECT * FROM w) v WHERE v.z = $1");
    EXPECT_THAT(table.returned, ElementsAre("x"));
    EXPECT_THAT(table.equal, ElementsAre(ElementsAre("z")));
    EXPECT_THAT(only_table("SELECT count(*) FROM (SELECT secret FROM t) v").returned, IsEmpty());
}

TEST(StatementTree, TellsWhatIsWritten) {
    const StatementTable table =
        only_table("UPDATE t SET a = $1, b = NULL, c = COALESCE($2, c) WHERE id = $3");
    EXPECT_EQ(table.role, Role::updated);
    ASSERT_EQ(table.writes.size(), 3U);
    EXPECT_EQ(table.writes[0].value, StatementWrite::Value::given);
    EXPECT_EQ(table.writes[1].value, StatementWrite::Value::null);
    EXPECT_EQ(table.writes[2].value, StatementWrite::Value::kept);
}

TEST(StatementTree, AParameterMayStandWhereALiteralMust) {
    EXPECT_TRUE(read_statement("SELECT a FROM t WHERE b > interval $1 AND c IN ($2 /*, ... */)"));
    EXPECT_TRUE(read_statement("COMMENT ON TABLE t IS $1"));
    EXPECT_TRUE(read_statement("SELECT '\xC3\xA4\xC3\xB6' AS x; COMMENT ON TABLE t IS $1"));
    EXPECT_FALSE(read_statement("SELECT $1 $2"));
}

std::string repeated(std::string_view piece, std::size_t times) {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) out += piece;
    return out;
}

TEST(StatementTree, WhatIsTooLargeIsAnError) {
    EXPECT_FALSE(read_statement("SELECT 1" + repeated("+1", 70'000)));
    EXPECT_FALSE(read_statement("SELECT 1" + repeated("+1", 16'000))) << "within 32 KiB, and 16,000 deep";
    EXPECT_FALSE(read_statement("SELECT " + repeated("(", 30'000)));
    EXPECT_FALSE(read_statement("SELECT " + repeated("(SELECT ", 3'000)));
    EXPECT_FALSE(read_statement("SELECT * FROM a" + repeated(", a", 300)));
    EXPECT_FALSE(read_statement(std::string("SELECT \0 1", 10)));
    // Each CTE uses the one before it twice.
    std::string doubling = "WITH a0 AS (SELECT * FROM t)";
    for (int i = 1; i < 30; ++i)
        doubling += ", a" + std::to_string(i) + " AS (SELECT * FROM a" + std::to_string(i - 1) + " x, a" +
                    std::to_string(i - 1) + " y)";
    EXPECT_FALSE(read_statement(doubling + " SELECT * FROM a29"));
    // Without a table, and without a CTE.
    std::size_t at = doubling.find("* FROM t)");
    EXPECT_FALSE(read_statement(doubling.replace(at, 8, "1") + " SELECT * FROM a29"));
    std::string stars = "SELECT a FROM t";
    std::string sums = stars;
    for (int i = 0; i < 60; ++i) {
        stars = "SELECT *,*,*,* FROM (" + stars + ") s";
        sums = "SELECT a || a AS a FROM (" + sums + ") s";
    }
    EXPECT_FALSE(read_statement(stars));
    EXPECT_TRUE(read_statement(sums));
    EXPECT_FALSE(read_statement("SELECT FROM WHERE"));
    const auto clauses = read_statement("SELECT a FROM t WHERE (a = 1 AND b = 1) OR (c = 1 AND d = 1)" +
                                        repeated(" OR (a = 2 AND b = 2)", 500));
    ASSERT_TRUE(clauses);
}

TEST(StatementText, IsShownWithoutValues) {
    EXPECT_EQ(shown_statement("SELECT  *\n FROM t -- all\n WHERE h = '$2b$10$x' AND g = E'y' AND f = $1"),
              "SELECT * FROM t WHERE h = '...' AND g = '...' AND f = $1");
    EXPECT_EQ(shown_statement("DO $x$ secret $x$"), "DO '...'");
    EXPECT_EQ(shown_statement("SELECT a FROM t WHERE h = 'not closed"), "SELECT a FROM t WHERE h = ");
    EXPECT_EQ(shown_statement("SELECT abcdefghij", 10), "SELECT abc...");
}

}  // namespace
}  // namespace keyshift::formats
