// SPDX-License-Identifier: Apache-2.0
#include "drivers/host/keyed_hash.hpp"

#include <gtest/gtest.h>

namespace keyshift::drivers {
namespace {

TEST(KeyedHash, IsTheBeginningOfAnHmac) {
    // RFC 4231, test cases 1, 2 and 6.
    EXPECT_EQ(keyed_hash(base::Secret(std::string(20, '\x0b')), "Hi There"), "b0344c61d8db3853");
    EXPECT_EQ(keyed_hash(base::Secret("Jefe"), "what do ya want for nothing?"), "5bdcc146bf60754e");
    EXPECT_EQ(keyed_hash(base::Secret(std::string(131, '\xaa')),
                         "Test Using Larger Than Block-Size Key - Hash Key First"),
              "60e431591ee0b67f");
}

TEST(HmacSha256, IsWhole) {
    // RFC 4231, test case 2.
    EXPECT_EQ(hmac_sha256(base::Secret("Jefe"), "what do ya want for nothing?"),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

}  // namespace
}  // namespace keyshift::drivers
