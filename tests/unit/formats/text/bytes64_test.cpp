// SPDX-License-Identifier: Apache-2.0
// Masks say of bytes what comparisons of one byte after the other say, wherever a text begins and ends.
#include "formats/text/bytes64.hpp"

#include <algorithm>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace keyshift::formats {
namespace {

bool passes(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == 'x' || byte < '!' || byte > 'z';
}

constexpr auto pass = [](const Bytes64& bytes) {
    return bytes.are('x') | bytes.are_below('!') | bytes.are_above('z');
};

constexpr auto are_not_ascii = [](const Bytes64& bytes) { return bytes.are_not_ascii(); };

TEST(Bytes64, TellsOfEveryByteWhatItIs) {
    for (int c = 0; c < 256; ++c) {
        const std::string text(Bytes64::kSize, static_cast<char>(c));
        EXPECT_EQ(pass(Bytes64(text.data())).mask(), passes(static_cast<char>(c)) ? ~std::uint64_t{0} : 0)
            << c;
        EXPECT_EQ(are_not_ascii(Bytes64(text.data())).mask(), c > 127 ? ~std::uint64_t{0} : 0) << c;
    }
}

TEST(Bytes64, FindsInAnyPartOfATextWhatALoopFinds) {
    std::mt19937 random(5);
    for (int round = 0; round < 20'000; ++round) {
        // Of its own size, so that a sanitizer sees what is read behind it.
        std::string text(1 + random() % 200, 'a');
        for (char& c : text)
            if (random() % 40 == 0) c = static_cast<char>(random());
        const char* const begin = text.data();
        const char* const end = begin + text.size();
        const char* const at = begin + random() % text.size();
        ASSERT_EQ(find_first(begin, at, end, pass), std::find_if(at, end, passes)) << round;
        ASSERT_EQ(find_byte(begin, at, end, 'b'), std::find(at, end, 'b')) << round;
        const std::uint64_t mask = Window(begin, at, end).mask(pass);
        for (std::ptrdiff_t i = 0; i < 64; ++i)
            ASSERT_EQ((mask >> i & 1U) != 0, at + i < end && passes(at[i])) << round;
    }
    EXPECT_EQ(find_byte(nullptr, nullptr, nullptr, 'a'), nullptr);
}

}  // namespace
}  // namespace keyshift::formats
