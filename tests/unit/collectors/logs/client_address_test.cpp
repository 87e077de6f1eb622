// SPDX-License-Identifier: Apache-2.0
#include "collectors/logs/client_address.hpp"

#include <gtest/gtest.h>

namespace keyshift::collectors {
namespace {

std::string address(std::string_view text) {
    const auto parsed = IpAddress::parse(text);
    return parsed ? parsed->text() : "-";
}

std::vector<TrustedProxy> networks(std::initializer_list<std::string_view> texts) {
    std::vector<TrustedProxy> out;
    for (const std::string_view text : texts) out.push_back(TrustedProxy::parse(text).value());
    return out;
}

std::string problem(std::string_view text) {
    const auto parsed = TrustedProxy::parse(text);
    return parsed ? "" : parsed.error().text();
}

TEST(IpAddress, EachWayToWriteOne) {
    for (const char* const text :
         {"192.0.2.1", "192.0.2.1:8080", " 192.0.2.1 ", "::ffff:192.0.2.1", "[::ffff:c000:201]:1"})
        EXPECT_EQ(address(text), "192.0.2.1") << text;
    for (const char* const text :
         {"2001:db8::1", "2001:DB8:0:0::1", "[2001:db8::1]", "[2001:db8::1]:443", "2001:db8::1%eth0"})
        EXPECT_EQ(address(text), "2001:db8::1") << text;
    using namespace std::string_literals;
    for (const std::string& text :
         {""s, "-"s, "unix:"s, "unknown"s, "_hidden"s, "192.0.2"s, "192.0.2.256"s, "0300.1.1.1"s,
          "1.2.3.4 5"s, "[::1"s, "1.2.3.4\0"s, "[]"s, ":"s, "%"s, std::string(1000, '1')})
        EXPECT_EQ(address(text), text == "[::1" ? "::1" : "-") << text;
}

TEST(IpAddress, Prefixes) {
    EXPECT_EQ(truncated(*IpAddress::parse("203.0.113.77")), "203.0.113.0/24");
    EXPECT_EQ(truncated(*IpAddress::parse("2001:db8:aaaa:bbbb::1")), "2001:db8:aaaa::/48");
    EXPECT_EQ(client_identity(*IpAddress::parse("203.0.113.77")), "203.0.113.77");
    EXPECT_EQ(client_identity(*IpAddress::parse("2001:db8:a:b:c::1")), "2001:db8:a:b::/64");
    EXPECT_EQ(IpAddress::parse("ffff:ffff::")->prefix(17).text(), "ffff:8000::");
    EXPECT_EQ(IpAddress::parse("ffff::")->prefix(0).text(), "::");
}

TEST(TrustedProxy, Networks) {
    const auto holds = [](std::string_view network, std::string_view peer) {
        return TrustedProxy::parse(network).value().holds(peer);
    };
    EXPECT_TRUE(holds("10.0.0.0/8", "10.255.0.1"));
    EXPECT_FALSE(holds("10.0.0.0/8", "11.0.0.1"));
    EXPECT_TRUE(holds("10.0.0.0/8", "::ffff:10.1.1.1"));
    EXPECT_FALSE(holds("10.0.0.0/8", "a00::"));
    EXPECT_TRUE(holds("192.0.2.1", "192.0.2.1:99"));
    EXPECT_FALSE(holds("192.0.2.1", "192.0.2.2"));
    EXPECT_TRUE(holds("0.0.0.0/0", "1.2.3.4"));
    EXPECT_FALSE(holds("0.0.0.0/0", "2001:db8::1"));
    EXPECT_TRUE(holds("::/0", "1.2.3.4"));
    EXPECT_TRUE(holds("2001:db8::/32", "2001:db8:ffff::1"));
    EXPECT_TRUE(holds("::ffff:10.0.0.0/104", "10.9.9.9"));
    EXPECT_TRUE(holds("unix:", "unix:"));
    EXPECT_FALSE(holds("unix:", "10.0.0.1"));
    EXPECT_FALSE(holds("10.0.0.0/8", "unix:"));
    EXPECT_FALSE(holds("10.0.0.0/8", ""));
}

TEST(TrustedProxy, WhatIsNone) {
    for (const char* const text :
         {"", "proxy", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/0x8", "::/129", "10.0.0.1:80",
          "[::1]", "10.0.0.0/8/8", "fe80::1%eth0", "10.0.0.0/99999999999"})
        EXPECT_EQ(problem(text), "is not a network; write it like 10.0.0.0/8, 2001:db8::/32 or unix:")
            << text;
    EXPECT_EQ(problem("10.1.0.0/8"), "has bits behind its prefix; write 10.0.0.0/8");
    EXPECT_EQ(problem("2001:db8::1/64"), "has bits behind its prefix; write 2001:db8::/64");
}

TEST(ClientOf, TheNearestThatIsNotTrusted) {
    const auto trusted = networks({"10.0.0.0/8", "fd00::/8"});
    EXPECT_EQ(client_of("192.0.2.1", "203.0.113.9", trusted), "192.0.2.1");
    EXPECT_EQ(client_of("10.0.0.1", "", trusted), "10.0.0.1");
    EXPECT_EQ(client_of("10.0.0.1", "203.0.113.9", trusted), "203.0.113.9");
    EXPECT_EQ(client_of("10.0.0.1", "1.1.1.1, 203.0.113.9", trusted), "203.0.113.9");
    EXPECT_EQ(client_of("10.0.0.1", "1.1.1.1,203.0.113.9 ,10.0.0.2, fd00::1", trusted), "203.0.113.9");
    EXPECT_EQ(client_of("10.0.0.1", "10.0.0.3, 10.0.0.2", trusted), "10.0.0.3");
    EXPECT_EQ(client_of("10.0.0.1:5", "203.0.113.9:1234", trusted), "203.0.113.9:1234");
    // Beyond what is no address, nothing was written by a trusted proxy.
    EXPECT_EQ(client_of("10.0.0.1", "203.0.113.9, unknown, 10.0.0.2", trusted), "10.0.0.2");
    EXPECT_EQ(client_of("10.0.0.1", "203.0.113.9, ", trusted), "10.0.0.1");
    EXPECT_EQ(client_of("10.0.0.1", ",,,", trusted), "10.0.0.1");
    // The peer at the end of the list.
    EXPECT_EQ(client_of("", "203.0.113.9, 10.0.0.1", trusted), "203.0.113.9");
    EXPECT_EQ(client_of("", "203.0.113.9, 192.0.2.1", trusted), "192.0.2.1");
    EXPECT_EQ(client_of("", "", trusted), "");
    EXPECT_EQ(client_of("unix:", "203.0.113.9", networks({"unix:"})), "203.0.113.9");
    EXPECT_EQ(client_of("unix:", "203.0.113.9", trusted), "unix:");
    EXPECT_EQ(client_of("10.0.0.1", "203.0.113.9", {}), "10.0.0.1");
}

}  // namespace
}  // namespace keyshift::collectors
