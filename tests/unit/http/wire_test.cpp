// SPDX-License-Identifier: Apache-2.0
// wire.hpp and address.hpp: targets, heads, dates and addresses.
#include "http/wire.hpp"

#include <array>
#include <string>

#include <gtest/gtest.h>

#include "base/people_time.hpp"

namespace keyshift::http {
namespace {

constexpr std::string_view kDate = "Sun, 06 Nov 1994 08:49:37 GMT";

std::string head(const Response& response, Persistence persistence) {
    std::string out;
    append_head(out, response, persistence, kDate);
    return out;
}

TEST(ScrapeTimeout, IsSecondsAndRubbishCountsForNothing) {
    using namespace std::chrono_literals;
    EXPECT_EQ(parse_scrape_timeout("10"), 10s);
    EXPECT_EQ(parse_scrape_timeout("2.5"), 2500ms);
    EXPECT_EQ(parse_scrape_timeout("0.001"), 1ms);
    for (const char* text : {"", "0", "-1", "nan", "inf", "1e9", "ten", "10s", " 10", "0.0001", "86401"})
        EXPECT_EQ(parse_scrape_timeout(text), std::nullopt) << text;
}

TEST(Wire, SplitsTargets) {
    struct Case {
        const char* target;
        const char* path;
        const char* query;
    };
    for (const Case& c : std::to_array<Case>({{"/", "/", ""},
                                              {"/metrics?a=1?b", "/metrics", "a=1?b"},
                                              {"/metrics?", "/metrics", ""},
                                              {"/a#b?c", "/a", ""},
                                              {"http://host:1/metrics?x", "/metrics", "x"},
                                              {"https://host", "/", ""},
                                              {"http://host?x", "/", "x"},
                                              {"//metrics", "//metrics", ""},
                                              {"*", "", ""},
                                              {"", "", ""},
                                              {"metrics", "", ""},
                                              {"host:443", "", ""}})) {
        EXPECT_EQ(split_target(c.target).path, c.path) << c.target;
        EXPECT_EQ(split_target(c.target).query, c.query) << c.target;
    }
}

TEST(Wire, Methods) {
    for (const Method method :
         {Method::get, Method::head, Method::post, Method::put, Method::del, Method::options})
        EXPECT_EQ(parse_method(to_string(method)), method);
    EXPECT_EQ(parse_method("get"), Method::other) << "methods are case-sensitive";
    EXPECT_EQ(parse_method("BREW"), Method::other);
}

TEST(Wire, Head) {
    Response response;
    response.cached_body = std::make_shared<const std::string>("12345");
    response.body = "678";
    response.headers.emplace_back("Content-Encoding", "gzip");
    EXPECT_EQ(head(response, Persistence::keep_alive),
              "HTTP/1.1 200 OK\r\n"
              "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
              "Content-Type: text/plain; charset=utf-8\r\n"
              "Content-Length: 8\r\n"
              "X-Content-Type-Options: nosniff\r\n"
              "Content-Encoding: gzip\r\n"
              "\r\n");
    EXPECT_NE(head(response, Persistence::close).find("\r\nConnection: close\r\n"), std::string::npos);
    EXPECT_NE(head(response, Persistence::explicit_keep_alive).find("\r\nConnection: keep-alive\r\n"),
              std::string::npos);
}

TEST(Wire, NobodySplitsAResponse) {
    Response response;
    response.headers.emplace_back("Location", "/\r\nSet-Cookie: a=b");
    response.headers.emplace_back("X\nY", "z");
    const std::string text = head(response, Persistence::keep_alive);
    EXPECT_EQ(text.find("Cookie"), std::string::npos);
    EXPECT_EQ(text.find('X'), text.find("X-Content-Type-Options"));
    EXPECT_EQ(text.find("z\r\n"), std::string::npos);
}

TEST(Wire, NoLengthWhereThereIsNoBody) {
    Response response;
    response.status = 304;
    const std::string text = head(response, Persistence::keep_alive);
    EXPECT_EQ(text.find("\r\nContent-"), std::string::npos) << text;
}

TEST(Wire, Dates) {
    EXPECT_EQ(base::format_imf_fixdate(784111777), kDate);
    EXPECT_EQ(base::format_imf_fixdate(0), "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(Wire, LoopbackHoweverTheSocketSpellsIt) {
    const auto loopback = [](const char* text) { return is_loopback(boost::asio::ip::make_address(text)); };
    for (const char* text : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"})
        EXPECT_TRUE(loopback(text)) << text;
    for (const char* text : {"128.0.0.1", "0.0.0.0", "::", "::2", "::ffff:10.0.0.1", "fe80::1"})
        EXPECT_FALSE(loopback(text)) << text;
    EXPECT_EQ(peer_text(boost::asio::ip::make_address("::ffff:10.0.0.1")), "10.0.0.1");
    EXPECT_EQ(peer_text(boost::asio::ip::make_address("fe80::1%1")), "fe80::1");
}

}  // namespace
}  // namespace keyshift::http
