// SPDX-License-Identifier: Apache-2.0
#include "drivers/http_client/url.hpp"

#include <array>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace keyshift::drivers {
namespace {

TEST(HttpUrl, IsTakenApart) {
    const auto url = HttpUrl::parse("HTTPS://Gateway.Example:8443/Metrics/x?Token=1&b=%20#part").value();
    EXPECT_TRUE(url.tls);
    EXPECT_EQ(url.host, "gateway.example");
    EXPECT_EQ(url.port, "8443");
    EXPECT_EQ(url.target, "/Metrics/x?Token=1&b=%20");
    EXPECT_EQ(url.authority(), "gateway.example:8443");
    EXPECT_EQ(url.printable, "https://gateway.example:8443/Metrics/x") << "a query may hold a token";
}

TEST(HttpUrl, FillsInWhatIsUsual) {
    const auto plain = HttpUrl::parse("http://gateway_1").value();
    EXPECT_FALSE(plain.tls);
    EXPECT_EQ(plain.port, "80");
    EXPECT_EQ(plain.target, "/");
    EXPECT_EQ(plain.printable, "http://gateway_1/");
    EXPECT_EQ(HttpUrl::parse("https://a").value().port, "443");
    EXPECT_EQ(HttpUrl::parse("https://a:443/x").value().printable, "https://a/x");
    EXPECT_EQ(HttpUrl::parse("https://a:80/x").value().printable, "https://a:80/x");
    EXPECT_EQ(HttpUrl::parse("http://a:0080/x").value(), HttpUrl::parse("http://A/x").value());
    EXPECT_EQ(HttpUrl::parse("http://a?q=1").value().target, "/?q=1");
    EXPECT_EQ(HttpUrl::parse("http://a#x").value().target, "/");
    EXPECT_EQ(HttpUrl::parse("http://a/@x?y@z").value().target, "/@x?y@z");
}

TEST(HttpUrl, TakesIpAddresses) {
    const auto six = HttpUrl::parse("http://[::1]:9090/x").value();
    EXPECT_EQ(six.host, "::1");
    EXPECT_EQ(six.authority(), "[::1]:9090");
    EXPECT_EQ(six.printable, "http://[::1]:9090/x");
    EXPECT_EQ(HttpUrl::parse("http://[FE80::1]").value().authority(), "[fe80::1]");
    EXPECT_EQ(HttpUrl::parse("http://10.0.0.1/x").value().host, "10.0.0.1");
}

TEST(HttpUrl, SaysWhatIsWrongWithoutQuotingIt) {
    constexpr std::array<std::pair<const char*, const char*>, 25> kCases{{
        {"", "is not an http:// or https:// URL"},
        {"hunter2.example/x", "is not an http"},
        {"ftp://hunter2", "is not an http"},
        {"http:/hunter2", "is not an http"},
        {"http://", "has no host"},
        {"http:///hunter2", "has no host"},
        {"http://:80", "has no host"},
        {"http://user:hunter2@host/", "has a user or a password"},
        {"http://hunter2@host?x", "has a user or a password"},
        {"http://host:/", "has no port"},
        {"http://host:0", "has no port"},
        {"http://host:65536", "has no port"},
        {"http://host:hunter2", "has no port"},
        {"http://host:+1", "has no port"},
        {"http://user:hunter2/x@host", "has no port"},
        {"http://[::1", "has a '['"},
        {"http://[::1]x", "has something other than a port"},
        {"http://[hunter2]", "has no IPv6 address"},
        {"http://[]", "has no IPv6 address"},
        {"http://::1/", "has no host"},
        {"http://1.2.3/", "has neither"},
        {"http://hunter2..example/", "has neither"},
        {"http://-hunter2/", "has neither"},
        {"http://host/hunter 2", "has a character"},
        {"http://host/\x7f", "has a character"},
    }};
    for (const auto& [text, what] : kCases) {
        const auto url = HttpUrl::parse(text);
        ASSERT_FALSE(url) << text;
        EXPECT_EQ(url.error().code, base::Errc::config) << text;
        EXPECT_EQ(url.error().what.find(what), 0U) << text << ": " << url.error().what;
        EXPECT_EQ(url.error().text().find("hunter2"), std::string::npos) << text;
    }
    for (const std::string bytes : {"\r\n", "\t", "\x01", "\xC3\xA9", "\xFF"})
        EXPECT_FALSE(HttpUrl::parse("http://host/a" + bytes)) << bytes;
    EXPECT_FALSE(HttpUrl::parse(std::string("http://host/a\0b", 15)));
}

}  // namespace
}  // namespace keyshift::drivers
