// SPDX-License-Identifier: Apache-2.0
#include "base/listen_address.hpp"

#include <gtest/gtest.h>

namespace keyshift::base {
namespace {

TEST(ListenAddress, ReadsBackWhatItWrites) {
    for (const char* text :
         {":11947", "127.0.0.1:11947", "[::1]:11947", "localhost:80", "db-1.internal:0", "[::]:65535"}) {
        const auto address = parse_listen_address(text);
        ASSERT_TRUE(address) << text;
        EXPECT_EQ(address->text(), text);
    }
    EXPECT_EQ(*parse_listen_address("[::1]:1"), (ListenAddress{"::1", 1}));
}

TEST(ListenAddress, RefusesTheRest) {
    for (const char* text : {"",
                             "11947",
                             "localhost",
                             "localhost:",
                             ":-1",
                             ":+1",
                             ":65536",
                             ":http",
                             ": 1",
                             "::1:80",
                             "[::1]",
                             "[::1",
                             "[]:1",
                             "[x]:1",
                             "[127.0.0.1]:1",
                             "256.0.0.1:1",
                             "1.2.3:1",
                             "a b:1",
                             "http://localhost:1",
                             "-x:1",
                             ".x:1",
                             "a_b:1",
                             "[:1"})
        EXPECT_FALSE(parse_listen_address(text)) << text;
}

TEST(ListenAddress, AUnixSocketIsNoneAndSaysWhereOursIs) {
    for (const char* text : {"unix:/run/keyshift.sock", "/run/keyshift.sock"}) {
        const auto address = parse_listen_address(text);
        ASSERT_FALSE(address) << text;
        EXPECT_NE(address.error().hint.find("keyshift.sock in state.directory"), std::string::npos);
    }
}

}  // namespace
}  // namespace keyshift::base
