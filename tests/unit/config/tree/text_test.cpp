// SPDX-License-Identifier: Apache-2.0
// text.hpp and identifier.hpp: the small languages inside values.
#include "config/tree/text.hpp"

#include <gtest/gtest.h>

#include "unit/config/fixture.hpp"

namespace keyshift::config {
namespace {

std::string expanded(std::string_view text) {
    const Expansion expansion = expand(text, variables({{"A", "one"}, {"B_2", "${A}$$"}, {"E", ""}}));
    std::string out = expansion.text;
    for (const base::Error& error : expansion.errors) out = "(" + error.what + ")";
    return out;
}

TEST(Expand, ReplacesPlainNamesOnly) {
    EXPECT_EQ(expanded(""), "");
    EXPECT_EQ(expanded("a${A}b${A}"), "aonebone");
    EXPECT_EQ(expanded("${E}"), "");
    EXPECT_EQ(expanded("pa$word$"), "pa$word$");
    EXPECT_EQ(expanded("$A"), "$A");
    for (const char* text : {"${", "${}", "${A", "${A-x}", "${A:-x}", "${2}", "${ A}", "${A B}"})
        EXPECT_EQ(expanded(text), "(has a '${' that is not a plain ${NAME})") << text;
}

TEST(Expand, DoubledDollarIsOneAndHidesTheBrace) {
    EXPECT_EQ(expanded("$$"), "$");
    EXPECT_EQ(expanded("$$$"), "$$");
    EXPECT_EQ(expanded("$${A}"), "${A}");
    EXPECT_EQ(expanded("$$${A}"), "$one");
}

TEST(Expand, DoesNotExpandWhatAVariableHolds) {
    EXPECT_EQ(expanded("${B_2}"), "${A}$$");
}

TEST(Expand, NamesEveryVariableThatIsNotSet) {
    const Expansion expansion = expand("${X} ${A} ${Y} ${", variables({{"A", "one"}}));
    ASSERT_EQ(expansion.errors.size(), 3U);
    EXPECT_EQ(expansion.errors[0].what, "needs the environment variable X, which is not set");
    EXPECT_EQ(expansion.errors[1].what, "needs the environment variable Y, which is not set");
}

TEST(Shown, RepeatsHarmlessTextAndNothingElse) {
    EXPECT_EQ(shown("30"), "'30'");
    EXPECT_EQ(shown("a\x1b[31m"), "'a\\x1b[31m'");
    EXPECT_EQ(shown(std::string(61, 'x')), "'" + std::string(60, 'x') + "...'");
    EXPECT_EQ(shown(std::string(59, 'x') + "\xD0\xB6\xD0\xB6"), "'" + std::string(59, 'x') + "...'");
    for (const char* text :
         {"postgres://u:p@h/d", "host=h password=p", "u:p@h", "PASSWORD=x", "client_secret"})
        EXPECT_EQ(shown(text), "the value");
}

TEST(Nearest, FindsSlipsButNotStrangers) {
    const std::vector<std::string> known{"interval", "timeout", "database_url", "id"};
    EXPECT_EQ(nearest("intreval", known), "interval");
    EXPECT_EQ(nearest("Interval", known), "interval");
    EXPECT_EQ(nearest("timeouts", known), "timeout");
    EXPECT_EQ(nearest("databaseurl", known), "database_url");
    EXPECT_EQ(nearest("ids", known), "id");
    EXPECT_EQ(nearest("retention", known), std::nullopt);
    EXPECT_EQ(nearest("xy", known), std::nullopt);
    EXPECT_EQ(nearest("", known), std::nullopt);
    EXPECT_EQ(nearest("x", std::vector<std::string>{}), std::nullopt);
}

TEST(Ratio, ReadsPercentAndFraction) {
    EXPECT_DOUBLE_EQ(*parse_ratio("2%"), 0.02);
    EXPECT_DOUBLE_EQ(*parse_ratio("0.02"), 0.02);
    EXPECT_DOUBLE_EQ(*parse_ratio("12.5%"), 0.125);
    EXPECT_DOUBLE_EQ(*parse_ratio("1"), 1);
    for (const char* text : {"", "%", "2 %", "-2%", "+2%", "nan", "inf", "1e-2", "0x1", "2%%", "1.2.3", "."})
        EXPECT_FALSE(parse_ratio(text)) << text;
    for (const double ratio : {0.0001, 0.02, 0.07, 0.125, 1.0})
        EXPECT_DOUBLE_EQ(*parse_ratio(format_ratio(ratio)), ratio);
    EXPECT_EQ(format_ratio(0.07), "7%");
}

TEST(Identifier, FoldsPlainNamesAndKeepsQuotedOnes) {
    EXPECT_EQ(parse_identifier("Key_Hash$2")->name, "key_hash$2");
    EXPECT_EQ(parse_identifier("\"Key Hash\"")->name, "Key Hash");
    EXPECT_EQ(parse_identifier("\"a\"\"b\"")->name, "a\"b");
    EXPECT_EQ(parse_identifier("\"\xD0\xB6\"")->name, "\xD0\xB6");
    EXPECT_EQ(parse_identifier(std::string(63, 'x'))->name.size(), 63U);
}

TEST(Identifier, CannotInjectSql) {
    EXPECT_EQ(parse_identifier("\"x\"\"; DROP TABLE users; --\"")->sql(), "\"x\"\"; DROP TABLE users; --\"");
    EXPECT_EQ((TableName{"a\"b", "c"}).sql(), "\"a\"\"b\".\"c\"");
    EXPECT_EQ((TableName{"", "c"}).sql(), "\"c\"");
    for (const std::string& text :
         {std::string(""), std::string("\"\""), std::string("\"x"), std::string("\"x\"y"), std::string("x y"),
          std::string("x;"), std::string("x--"), std::string("x.y"), std::string("1x"), std::string("$x"),
          std::string("\xD0\xB6"), std::string(64, 'x'), std::string("\"x\ny\""), std::string("\"x\0y\"", 5),
          std::string("x\0", 2), std::string("\"x\"\"")})
        EXPECT_FALSE(parse_identifier(text)) << text;
}

TEST(TableName, MayHaveASchema) {
    EXPECT_EQ(*parse_table_name("Public.Virtual_Keys"), (TableName{"public", "virtual_keys"}));
    EXPECT_EQ(*parse_table_name("\"a.b\".\"c d\""), (TableName{"a.b", "c d"}));
    EXPECT_EQ(*parse_table_name("keys"), (TableName{"", "keys"}));
    for (const char* text : {"", ".", "a.", ".a", "a.b.c", "a..b", "a b", "a.b c", "a.\"\"", "\"a\"b.c"})
        EXPECT_FALSE(parse_table_name(text)) << text;
}

}  // namespace
}  // namespace keyshift::config
