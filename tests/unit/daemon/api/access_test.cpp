// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/access.hpp"

#include <gtest/gtest.h>

namespace keyshift::daemon {
namespace {

using config::Inventory;

http::Request request(std::string_view host = "localhost") {
    http::Request out;
    out.host = host;
    out.from_loopback = true;
    return out;
}

int status(Inventory inventory, const http::Request& asked) {
    const auto refused = refuse_inventory(inventory, asked);
    return refused ? refused->status : 200;
}

TEST(Access, WhoMayOpenTheSocketMaySeeAll) {
    http::Request asked = request("whatever");
    asked.transport = http::Transport::local;
    asked.forwarded = true;
    asked.from_loopback = false;
    for (const Inventory inventory : {Inventory::loopback, Inventory::authenticated, Inventory::off})
        EXPECT_EQ(status(inventory, asked), 200);
}

TEST(Access, LoopbackIsThisHostAndNoProxy) {
    EXPECT_EQ(status(Inventory::loopback, request()), 200);
    http::Request asked = request();
    asked.forwarded = true;
    EXPECT_EQ(status(Inventory::loopback, asked), 403);
    asked = request();
    asked.from_loopback = false;
    EXPECT_EQ(status(Inventory::loopback, asked), 403);
    EXPECT_EQ(status(Inventory::loopback, request("keyshift.example")), 421);
}

TEST(Access, NobodyElse) {
    EXPECT_EQ(status(Inventory::off, request()), 403);
    EXPECT_EQ(status(Inventory::authenticated, request()), 401);
}

TEST(Access, WhoHasLoggedInFromAnywhere) {
    http::Request asked = request("keyshift.example");
    asked.from_loopback = false;
    asked.forwarded = true;
    EXPECT_EQ(status(Inventory::authenticated, asked), 401);
    asked.user = "alice";
    EXPECT_EQ(status(Inventory::authenticated, asked), 200);
    EXPECT_EQ(status(Inventory::off, asked), 403);
    EXPECT_EQ(status(Inventory::loopback, asked), 403);
}

TEST(Access, NamesOfThisHost) {
    for (const char* host : {"localhost", "LocalHost:80", "127.0.0.1", "127.1.2.3:11947", "[::1]", "[::1]:80",
                             "[::ffff:127.0.0.1]", "localhost:"})
        EXPECT_TRUE(names_this_host(host)) << host;
    for (const char* host :
         {"", ":80", "localhost.example", "localhost:80:80x", "127.0.0.1.example", "128.0.0.1", "0.0.0.0",
          "[::2]", "[::1", "[::1]x", "::1x", "[localhost", "localhost:8o", "2130706433", "127.1",
          "0x7f.0.0.1", "localhost ", "evil@localhost"})
        EXPECT_FALSE(names_this_host(host)) << host;
}

}  // namespace
}  // namespace keyshift::daemon
