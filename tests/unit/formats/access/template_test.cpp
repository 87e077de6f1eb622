// SPDX-License-Identifier: Apache-2.0
// Lines are those of nginx 1.22 with the formats above them.
#include "formats/access/template.hpp"

#include <gtest/gtest.h>

#include "unit/formats/access/shown.hpp"

namespace keyshift::formats {
namespace {

using enum NginxEscape;

std::string read(const std::string& format, NginxEscape escape, std::string_view line) {
    const auto made = AccessTemplate::parse(format, escape);
    if (!made) return made.error().text();
    return shown(*make_template_reader(*made), line);
}

std::string problem(const std::string& format, NginxEscape escape = standard) {
    return read(format, escape, "");
}

const std::string kFull =
    R"($remote_addr [$time_local] "$request" $status $body_bytes_sent $request_time $upstream_response_time )"
    R"("$http_referer" "$http_user_agent" "$http_x_forwarded_for" $msec $time_iso8601 )"
    R"("$proxy_add_x_forwarded_for" $request_method "$request_uri" "$uri" $realip_remote_addr)";

TEST(Template, AllThatCanBeTold) {
    EXPECT_EQ(
        read(kFull, standard,
             R"(127.0.0.1 [25/Nov/2026:13:30:12 +0000] "GET /v1/a HTTP/1.1" 401 15 0.001 0.001 "-" "curl/8" )"
             R"("203.0.113.7, 10.0.0.1" 1795613412.832 2026-11-25T13:30:12+00:00 )"
             R"("203.0.113.7, 10.0.0.1, 127.0.0.1" GET "/v1/a" "/v1/a" 127.0.0.1)"),
        "GET|/v1/a|401|15|127.0.0.1|203.0.113.7, 10.0.0.1, 127.0.0.1|curl/8|with peer|"
        "2026-11-25T13:30:12.832000Z");
    EXPECT_EQ(read(kFull, standard,
                   R"(unix: [25/Nov/2026:13:30:17 +0000] "GET /v1/a b HTTP/1.1" 400 157 0.000 - "-" "-" "-" )"
                   R"(1795613417.371 2026-11-25T13:30:17+00:00 "unix:" - "-" "-" unix:)"),
              "GET|/v1/a|400|157|unix:|unix:||with peer|2026-11-25T13:30:17.371000Z");
}

TEST(Template, ListsOfUpstreams) {
    const std::string format = "$upstream_addr $upstream_response_time $status \"$request\"";
    for (const char* const upstream : {"10.0.0.1:80 0.001", "10.0.0.1:80, 10.0.0.2:80 0.001, 0.2",
                                       "10.0.0.1:80 : 10.0.0.2:80 - : 0.2", "- -"})
        EXPECT_EQ(read(format, standard, upstream + std::string(R"( 401 "GET /a HTTP/1.1")")),
                  "GET|/a|401|?||||?")
            << upstream;
}

TEST(Template, EscapeJson) {
    const std::string format =
        R"({"a":"$remote_addr","r":"$request","u":"$request_uri","s":$status,"b":$body_bytes_sent,)"
        R"("ua":"$http_user_agent","x":"$http_x_forwarded_for","t":$msec})";
    EXPECT_EQ(
        read(format, json,
             R"({"a":"127.0.0.1","r":"POST /v1/b?key=sk-abc HTTP/1.1","u":"/v1/b?key=sk-abc","s":401,"b":28,)"
             R"("ua":"a\" 401 15 \"-\" \"x\\y","x":"","t":1795613412.832})"),
        R"(POST|/v1/b?key=sk-abc|401|28|127.0.0.1||a\" 401 15 \"-\" \"x\\y|2026-11-25T13:30:12.832000Z)");
    // A user agent of ","s":200,"b":5,"ua":"
    EXPECT_EQ(read(format, json,
                   R"({"a":"127.0.0.1","r":"\u0016\u0003\"\\","u":"","s":400,"b":157,)"
                   R"("ua":"\",\"s\":200,\"b\":5,\"ua\":\"","x":"","t":1795613412.836})"),
              R"(||400|157|127.0.0.1||\",\"s\":200,\"b\":5,\"ua\":\"|2026-11-25T13:30:12.836000Z)");
}

TEST(Template, EscapeNoneOnlyWhereNothingOfAClientsIsBefore) {
    EXPECT_EQ(read(R"($remote_addr $status $body_bytes_sent $msec "$request")", none,
                   R"(127.0.0.1 401 15 1795613412.5 "GET /v1/"q HTTP/1.1")"),
              "GET|/v1/\"q|401|15|127.0.0.1|||2026-11-25T13:30:12.500000Z");
    EXPECT_EQ(
        problem(R"($remote_addr "$request" $status)", none),
        "does not keep $request, which a client can choose, apart from what follows; write it in double "
        "quotes, or behind all others, in nginx too, and without escape=none");
    EXPECT_NE(problem(R"($remote_user [$time_local] "$request" $status)", none).find("$remote_user"),
              std::string::npos);
}

TEST(Template, TheUserBeforeTheTimeEndsThere) {
    const std::string combined =
        R"($remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent")";
    for (const char* const user :
         {"-", "ann", "a [b", "a [01/Jan/2020:00:00:00 +0000] GET /x 401 15", R"(a\x22 [25])"})
        EXPECT_EQ(read(combined, standard,
                       "10.0.0.1 - " + std::string(user) +
                           R"( [25/Nov/2026:13:30:12 +0000] "GET /v1/a HTTP/1.1" 401 15 "-" "x\x22y")"),
                  R"(GET|/v1/a|401|15|10.0.0.1||x\x22y|2026-11-25T13:30:12Z)")
            << user;
    EXPECT_EQ(read(R"($remote_user|[$time_iso8601] "$request" $status)", standard,
                   R"(a|[x|[2026-11-25T13:30:12+00:00] "GET /v1/a HTTP/1.1" 401)"),
              "GET|/v1/a|401|?||||2026-11-25T13:30:12Z");
}

TEST(Template, WhatIsNeededMayStandAnywhereAndTheRestMayBeAnything) {
    EXPECT_EQ(read("$status $request_method $request_uri $host $http_cookie$$", standard, ""),
              "has a $ without the name of a variable; write it as nginx takes it");
    EXPECT_EQ(read("$status $request_method $request_uri $host $http_cookie", standard,
                   "401 GET /v1/a?b=c example.com anything at \"all\""),
              "GET|/v1/a?b=c|401|?||||?");
    EXPECT_EQ(read("${status};$server_name \"$uri\"", standard, "404;gw \"/a b\""), "|/a b|404|?||||?");
    EXPECT_EQ(read("$status \"$request\" $http_user_agent", standard, "200 \"GET / HTTP/1.1\" a \"b\" c"),
              "GET|/|200|?|||a \"b\" c|?");
}

TEST(Template, WhatIsNotOfTheFormat) {
    const std::string format =
        R"(<$remote_addr> $status $body_bytes_sent [$time_local] "$request" "$http_user_agent")";
    const std::string good = R"(<10.0.0.1> 401 15 [25/Nov/2026:13:30:12 +0000] "GET / HTTP/1.1" "ua")";
    EXPECT_EQ(read(format, standard, good), "GET|/|401|15|10.0.0.1||ua|2026-11-25T13:30:12Z");
    // What stands behind all that is needed is not looked at, but for the closing quotation mark.
    for (std::size_t size = 0; size < good.size(); ++size)
        EXPECT_EQ(read(format, standard, good.substr(0, size)), "-") << size;
    for (const char* const wrong : {R"(<10.0.0.1> 40 15 [25/Nov/2026:13:30:12 +0000] "GET / HTTP/1.1" "ua")",
                                    R"(<10.0.0.1> 401 x [25/Nov/2026:13:30:12 +0000] "GET / HTTP/1.1" "ua")",
                                    R"(10.0.0.1 401 15 [25/Nov/2026:13:30:12 +0000] "GET / HTTP/1.1" "ua")",
                                    R"(<10.0.0.1> 401 15 [25/Nov/2026:13:30:12] "GET / HTTP/1.1" "ua")"})
        EXPECT_EQ(read(format, standard, wrong), "-") << wrong;
}

TEST(Template, FormatsThatAreRefused) {
    EXPECT_EQ(problem("\"$request\""), "has no $status in it; log it: everything depends on it");
    EXPECT_EQ(problem("$status"),
              "does not say what was asked for; log \"$request\", $request_uri or \"$uri\"");
    EXPECT_EQ(problem("$status$request_uri"),
              "has nothing between $status and $request_uri; write a character between them, in nginx too");
    EXPECT_EQ(problem("$status $ "), "has a $ without the name of a variable; write it as nginx takes it");
    EXPECT_EQ(problem("${status \"$request\""),
              "has a $ without the name of a variable; write it as nginx takes it");
    for (const char* const loose :
         {"$http_user_agent $status \"$request\"", "$my_map $status \"$request\"", "$uri $status",
          "$request_uri;$status", "'$request' $status", "$remote_user $time_local $status \"$request\"",
          "$remote_user \" [$time_local] \"$request\" $status"})
        EXPECT_NE(problem(loose).find("apart from what follows"), std::string::npos) << loose;
    for (const char* const empty : {"", "status"})
        EXPECT_NE(problem(empty).find("$status"), std::string::npos);
}

TEST(Template, SaysWhatItTells) {
    const auto tells = [](const std::string& format, NginxEscape escape) {
        return make_template_reader(*AccessTemplate::parse(format, escape))->tells();
    };
    EXPECT_TRUE(tells(kFull, standard).body_bytes);
    EXPECT_TRUE(tells(kFull, standard).forwarded);
    EXPECT_EQ(tells(kFull, json).escape, AccessEscape::backslash);
    const AccessTells little = tells("$status $bytes_sent \"$request\"", none);
    EXPECT_FALSE(little.body_bytes);
    EXPECT_FALSE(little.forwarded);
    EXPECT_EQ(little.escape, AccessEscape::none);
}

}  // namespace
}  // namespace keyshift::formats
