// SPDX-License-Identifier: Apache-2.0
#include "base/secret.hpp"

#include <gtest/gtest.h>

namespace keyshift::base {
namespace {

std::string hidden(const std::string& secret, std::string text) {
    Secret(secret).hide_in(text);
    return text;
}

TEST(Secret, IsHiddenWhereverItIsRepeated) {
    EXPECT_EQ(hidden("hunter2", "hunter2: 'hunter2hunter2'"), "***: '******'");
    EXPECT_EQ(hidden("***", "a***b"), "a***b");
    EXPECT_EQ(hidden("hunter2", "hunter"), "hunter");
}

TEST(Secret, OfOneOrTwoLettersHidesNothing) {
    EXPECT_EQ(hidden("ab", "absent"), "absent");
    EXPECT_EQ(hidden("", "absent"), "absent");
}

}  // namespace
}  // namespace keyshift::base
