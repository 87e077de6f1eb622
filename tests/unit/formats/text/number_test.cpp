// SPDX-License-Identifier: Apache-2.0
// number.hpp: what is a number, and what only looks like one.
#include "formats/text/number.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace keyshift::formats {
namespace {

TEST(Number, Unsigned) {
    EXPECT_EQ(parse_unsigned("0"), 0U);
    EXPECT_EQ(parse_unsigned("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
    for (const char* text : {"", " 1", "1 ", "+1", "-1", "1.0", "0x1", "18446744073709551616"})
        EXPECT_FALSE(parse_unsigned(text)) << text;
}

TEST(Number, Signed) {
    EXPECT_EQ(parse_signed("+7"), 7);
    EXPECT_EQ(parse_signed("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
    for (const char* text : {"", "+", "-", "+-1", "--1", "++1", "1e3", "9223372036854775808"})
        EXPECT_FALSE(parse_signed(text)) << text;
}

TEST(Number, Float) {
    for (const auto& [text, value] : std::initializer_list<std::pair<const char*, double>>{
             {"0", 0},
             {"-1.5", -1.5},
             {"+.5", 0.5},
             {"5.", 5},
             {"1e+06", 1e6},
             {"1E-3", 1e-3},
             {"0001", 1},
             {"4.9e-324", 4.9e-324},
             {"1.7976931348623157e308", 1.7976931348623157e308},
             {"1e-999", 0},
             {"0.1e-99999999999999999999", 0},
             {"0e999", 0}})
        EXPECT_EQ(parse_float(text), value) << text;
    EXPECT_EQ(parse_float("-Inf"), -HUGE_VAL);
    EXPECT_EQ(parse_float("+infinity"), HUGE_VAL);
    EXPECT_TRUE(std::isnan(parse_float("NaN").value_or(0)));
    for (const char* text :
         {"",      "+",     ".",      "e5",      "1e",    "1e+",    "1e5.",
          "1.2.3", "0x1p3", "1_0",    " 1",      "1 ",    "--1",    "+-1",
          "+nan",  "-NaN",  "nan(1)", "infinit", "1e309", "-1e309", "1e99999999999999999999"})
        EXPECT_FALSE(parse_float(text)) << text;
}

TEST(Number, TooSmallIsZeroAndTooLargeIsNone) {
    EXPECT_EQ(parse_float("0." + std::string(400, '0') + "1"), 0);
    EXPECT_EQ(parse_float("0." + std::string(400, '0') + "1e50"), 0);
    EXPECT_FALSE(parse_float("1" + std::string(400, '0') + "e-50"));
    EXPECT_FALSE(parse_float("1" + std::string(400, '0')));
    EXPECT_EQ(parse_float("1" + std::string(400, '0') + "e-400"), 1);
}

}  // namespace
}  // namespace keyshift::formats
