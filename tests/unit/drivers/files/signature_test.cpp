// SPDX-License-Identifier: Apache-2.0
#include "drivers/files/signature.hpp"

#include <string>

#include <gtest/gtest.h>

namespace keyshift::drivers {
namespace {

std::string text_of(std::size_t size) {
    std::string text;
    while (text.size() < size) text += "line " + std::to_string(text.size()) + '\n';
    return text.substr(0, size);
}

TEST(LogFileHead, KnowsALongerFileWithTheSameBeginning) {
    const std::string text = text_of(3000);
    for (const std::size_t size : {std::size_t{16}, std::size_t{17}, std::size_t{100}, std::size_t{1023},
                                   std::size_t{1024}, std::size_t{2000}}) {
        const Head head = Head::of(text.substr(0, size));
        EXPECT_TRUE(head.agrees(Head::of(text))) << size;
        EXPECT_EQ(head.common(Head::of(text)), head.bytes());
        EXPECT_LE(head.bytes(), size);
        EXPECT_GE(head.bytes() * 3 / 2, std::min(size, kHeadBytes)) << "little is left out";
    }
}

TEST(LogFileHead, TellsFilesApartThatDifferInAByte) {
    const std::string text = text_of(1024);
    for (std::size_t i = 0; i < text.size(); i += 7) {
        std::string other = text;
        other[i] = '#';
        EXPECT_FALSE(Head::of(text).agrees(Head::of(other))) << i;
    }
}

TEST(LogFileHead, SaysNothingOfAFewBytes) {
    EXPECT_EQ(Head::of("fifteen bytes..").count(), 0U);
    EXPECT_TRUE(Head::of("fifteen bytes..").agrees(Head::of("others")));
    EXPECT_EQ(Head::of("sixteen bytes ..").bytes(), 16U);
}

TEST(LogFileHead, ComesBackFromItsHashes) {
    const Head head = Head::of(text_of(500));
    std::array<std::uint64_t, Head::kHashes> hashes{};
    for (std::size_t i = 0; i < head.count(); ++i) hashes[i] = head.hash(i);
    EXPECT_EQ(Head::from(hashes.data(), head.count()), head);
}

}  // namespace
}  // namespace keyshift::drivers
