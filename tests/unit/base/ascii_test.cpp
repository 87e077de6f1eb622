// SPDX-License-Identifier: Apache-2.0
#include "base/ascii.hpp"

#include <gtest/gtest.h>

namespace keyshift::base {
namespace {

TEST(Ascii, KnowsLettersAndDigitsOfNoOtherAlphabet) {
    std::string letters, digits;
    for (int c = -128; c < 128; ++c) {
        const char byte = static_cast<char>(c);
        if (is_letter(byte)) letters += byte;
        if (is_digit(byte)) digits += byte;
        EXPECT_EQ(is_alphanumeric(byte), is_letter(byte) || is_digit(byte)) << c;
    }
    EXPECT_EQ(letters, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    EXPECT_EQ(digits, "0123456789");
}

TEST(Ascii, SmallLetters) {
    EXPECT_EQ(lower("@AZ[`az{09_\xC3\x84"), "@az[`az{09_\xC3\x84");
    EXPECT_TRUE(equals_ignoring_case("Content-Type", "cOnTENT-tYPE"));
    EXPECT_FALSE(equals_ignoring_case("Content-Type", "Content-Typ"));
    EXPECT_FALSE(equals_ignoring_case("a@", "a`"));
    EXPECT_TRUE(equals_ignoring_case("", ""));
}

TEST(Ascii, HexadecimalDigits) {
    std::string digits;
    for (int c = -128; c < 128; ++c) {
        const int value = hex_digit(static_cast<char>(c));
        EXPECT_TRUE(value >= -1 && value < 16) << c;
        if (value >= 0) digits += static_cast<char>(c);
    }
    EXPECT_EQ(digits, "0123456789ABCDEFabcdef");
    EXPECT_EQ(hex_digit('9'), 9);
    EXPECT_EQ(hex_digit('a'), 10);
    EXPECT_EQ(hex_digit('F'), 15);
}

TEST(Ascii, TrimsBlanks) {
    EXPECT_EQ(trimmed(" \ta b\t "), "a b");
    EXPECT_EQ(trimmed("\n"), "\n");
    EXPECT_EQ(trimmed(" \t"), "");
    EXPECT_EQ(trimmed(""), "");
}

}  // namespace
}  // namespace keyshift::base
