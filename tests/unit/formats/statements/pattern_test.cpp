// SPDX-License-Identifier: Apache-2.0
// statement_pattern.hpp: what makes two statements one, what does not, and patterns.
#include "formats/statements/pattern.hpp"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace keyshift::formats {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

TEST(StatementText, Normalised) {
    const Pairs cases{
        {"", ""},
        {"SELECT 1", "select 1"},
        {" \n select\t*\r\nFROM  t ; ", "select * from t"},
        {"select a , b ,c from t where ( a = $1 )", "select a , b , c from t where a = $"},
        {"select $1, $22::int, $3", "select $ , $ :: int , $"},
        {"a >= 1 and b <> 2", "a >= 1 and b <> 2"},
        {"select count( * ) from t", "select count * from t"},
        {"select t . * from t", "select t . * from t"},
        {"select -- x\n 1 -- y", "select 1"},
        {"select/* a /* b */ c */1", "select 1"},
        {"select 1; /*controller='users',traceparent='00-x'*/", "select 1"},
        {"select 1;;\n;", "select 1"},
        {"begin; select 1;", "begin ; select 1"},
        {"a IN ($1 /*, ... */)", "a in $"},
        {"select 'A  B', E'it\\'s  A', 'it''s -- no'", "select 'A  B' , e'it\\'s  A' , 'it''s -- no'"},
        {"select $$A  'B$$, $Tag$ $$ ; $Tag$", "select $$A  'B$$ , $Tag$ $$ ; $Tag$"},
        {"SELECT \"id\" FROM \"public\".\"virtual_keys\"", "select id from public . virtual_keys"},
        {"select \"Id\", \"my id\", \"a\"\"B\", \"9a\"", "select \"Id\" , \"my id\" , \"a\"\"B\" , \"9a\""},
        {"select a$B from T", "select a$b from t"},
        {"select 'open", ""},
        {"select 1 /* open /* */", ""},
        {std::string("select \0 1", 10), ""},
        {"select " + std::string(40'000, 'x'), ""},
    };
    for (const auto& [sql, expected] : cases) {
        EXPECT_EQ(normalise_statement(sql), expected) << sql;
        EXPECT_EQ(normalise_statement(expected), expected) << "again";
    }
}

TEST(StatementText, DifferentStatementsStayDifferent) {
    const Pairs cases{
        {"select a from t", "select b from t"},
        {"select 'a'", "select 'A'"},
        {"select 'a b'", "select 'a  b'"},
        {"select \"A\"", "select a"},
        {"select a from public.t", "select a from t"},
        {"select - - a", "select"},
        {"select 1", "select $1"},
        {"select 'a' 'b'", "select 'a''b'"},
        {"select a b", "select ab"},
    };
    for (const auto& [a, b] : cases)
        EXPECT_NE(normalise_statement(a), normalise_statement(b)) << a << " / " << b;
}

bool matches(std::string_view pattern, std::string_view sql) {
    const auto parsed = StatementPattern::parse(pattern);
    EXPECT_TRUE(parsed) << pattern;
    return parsed && parsed->match(normalise_statement(sql));
}

TEST(StatementPattern, Matches) {
    const std::string_view lookup = "select * from virtual_keys where key_lookup_hash = $1";
    EXPECT_TRUE(matches(
        lookup, "SELECT \"id\", \"key_hash\"\nFROM \"virtual_keys\" WHERE (\"key_lookup_hash\" = $3);"));
    EXPECT_TRUE(matches(lookup, "select * from virtual_keys where key_lookup_hash=$1 /*app='x'*/"));
    EXPECT_FALSE(matches(lookup, "select id from virtual_keys where key_lookup_hash=$1 and blocked=$2"));
    EXPECT_FALSE(matches(lookup, "select id from other_keys where key_lookup_hash=$1"));
    EXPECT_FALSE(matches(lookup, "select id from public.virtual_keys where key_lookup_hash=$1"));
    EXPECT_TRUE(matches("select * from *virtual_keys where key_lookup_hash = $1",
                        "select id from public.virtual_keys where key_lookup_hash=$1"));
    EXPECT_TRUE(matches("select 1", "SELECT  1;"));
    EXPECT_FALSE(matches("select 1", "select 10"));
    EXPECT_TRUE(matches("select virtual_k*", "select virtual_keys"));
    EXPECT_FALSE(matches("select virtual_k *", "select virtual_keys"));
    EXPECT_TRUE(matches("update t set a = *", "update t set a = $1 where b = 2"));
    EXPECT_TRUE(matches("update t set a=*", "update t set a = $1 where b = 2"));
    EXPECT_TRUE(matches("*virtual_keys*", "select id from virtual_keys where x"));
    EXPECT_TRUE(matches("select count(*) from t", "select count( * ) from t"));
    EXPECT_TRUE(matches("a in (*)", "a IN ($1, $2, $3)"));
    EXPECT_TRUE(matches("select '*'", "select '*'"));
    EXPECT_FALSE(matches("select '*'", "select 'x'")) << "a star in quotation marks is itself";
    // As Prisma writes conditions, and SQLAlchemy casts.
    EXPECT_TRUE(matches("update t set a = $1 where *",
                        "UPDATE \"t\" SET \"a\" = $1 WHERE (\"t\".\"id\" = $2 AND 1=1)"));
    EXPECT_TRUE(matches("set a = $1*, b = $2* where t.id = $3*",
                        "SET a=$1::timestamptz, b=$2 WHERE t.id = $3::uuid"));
}

TEST(StatementPattern, Globs) {
    const auto match = [](const char* pattern, const char* text) {
        return StatementPattern::parse(pattern).value().match(text);
    };
    EXPECT_TRUE(match("a*", "a"));
    EXPECT_TRUE(match("a**b", "ab"));
    EXPECT_FALSE(match("ab*ba", "aba")) << "the ends must not overlap";
    EXPECT_TRUE(match("ab*ba", "abba"));
    EXPECT_TRUE(match("a*bc*bc*d", "abcxbcd"));
    EXPECT_FALSE(match("a*bc*bc*d", "abcxd"));
    EXPECT_TRUE(match("*aab*", "aaab")) << "a search that has to step back";
    EXPECT_TRUE(match("*abacabab*", "abacabacabab"));
    EXPECT_FALSE(match("a*b", "xab"));
    EXPECT_FALSE(match("a*b", "abx"));
}

TEST(StatementPattern, Refused) {
    for (const char* pattern : {"", " ", "*", " * * ", ";", "-- x", "*/* x */*"}) {
        const auto parsed = StatementPattern::parse(pattern);
        ASSERT_FALSE(parsed) << pattern;
        EXPECT_EQ(parsed.error().code, base::Errc::config);
        EXPECT_THAT(parsed.error().what, testing::HasSubstr("matches every statement"));
    }
    for (const char* pattern : {"select 'x", "select \"x", "select /* x", "select $$x", "select e'x\\'"}) {
        const auto parsed = StatementPattern::parse(pattern);
        ASSERT_FALSE(parsed) << pattern;
        EXPECT_THAT(parsed.error().what, testing::HasSubstr("not closed"));
    }
}

TEST(StatementText, HostileTextsTakeLinearTime) {
    const auto begin = std::chrono::steady_clock::now();
    constexpr std::size_t kSize = 6 * 1024;  // "/*/*" takes PostgreSQL quadratic time
    const auto repeat = [](std::string_view piece) {
        std::string out;
        while (out.size() < kSize) out += piece;
        return out;
    };
    for (const char* piece :
         {"a", " ", "/*", "*", "'", "\"", "$", "$a", "$a$b", "--\n", ";", "- ", "e'\\'", "(\n"})
        EXPECT_LE(normalise_statement(repeat(piece)).size(), 2 * kSize + 64) << piece;
    const std::string glob = "*" + std::string(1000, 'a') + "b*" + std::string(1000, 'a') + "c*";
    EXPECT_FALSE(StatementPattern::parse(glob)->match(repeat("a")));
    EXPECT_FALSE(StatementPattern::parse(repeat("*a") + "*b*")->match(repeat("a")));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

}  // namespace
}  // namespace keyshift::formats
