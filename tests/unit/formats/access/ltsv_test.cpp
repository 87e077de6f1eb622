// SPDX-License-Identifier: Apache-2.0
// Labels and tabs, and the formats of nginx in which a client's text has no quotes around it.
#include <gtest/gtest.h>

#include "formats/access/run.hpp"
#include "formats/access/template.hpp"
#include "unit/formats/access/shown.hpp"

namespace keyshift::formats {
namespace {

std::string ltsv(std::string_view line) {
    return shown(*make_ltsv_reader(), line);
}

const std::string kTime = "2026-11-25T13:30:12Z";

TEST(Ltsv, LabelsInAnyOrder) {
    EXPECT_EQ(ltsv("time:[25/Nov/2026:13:30:12 +0000]\thost:10.0.0.7\treq:GET /v1/a?b "
                   "HTTP/1.1\tstatus:401\tsize:15\tua:curl/8"),
              "GET|/v1/a?b|401|15|10.0.0.7||curl/8|" + kTime);
    EXPECT_EQ(ltsv("status:200\turi:/v1/a\tmethod:POST\tforwardedfor:1.1.1.1, "
                   "2.2.2.2\ttime:2026-11-25T13:30:12+00:00\treqtime:1:2"),
              "POST|/v1/a|200|?||1.1.1.1, 2.2.2.2||" + kTime);
    EXPECT_EQ(ltsv("msec:1795613412\tremote_addr:2001:db8::1\trequest_uri:/"
                   "\tstatus:-\tbody_bytes_sent:-\thttp_user_agent:a\\x09b"),
              "|/|0|0|2001:db8::1||a\\x09b|" + kTime);
}

TEST(Ltsv, WhatIsNotOfTheFormat) {
    for (const char* const line :
         {"", "x", "status:200", "uri:/", "uri:/\tstatus:20", "uri:/\tstatus:200\tsize:x",
          "uri:/\tstatus:200\tno label", "uri:/\tstatus:200\tstatus:401", "host:a b\turi:/\tstatus:200",
          "nginx-1 | host:1.2.3.4\turi:/\tstatus:200", "api.example.com:443 host:1.2.3.4\turi:/\tstatus:200",
          "2026-01-10T00:00:02Z host:1.2.3.4\turi:/\tstatus:200"})
        EXPECT_EQ(ltsv(line), "-") << line;
}

std::string by_template(const std::string& format, std::string_view line,
                        NginxEscape escape = NginxEscape::standard) {
    auto parsed = AccessTemplate::parse(format, escape);
    if (!parsed) return parsed.error().what;
    return shown(*make_template_reader(*parsed), line);
}

TEST(Template, ATabEndsWhatAClientChooses) {
    const std::string format = "ua:$http_user_agent\tto:$request_uri\tstatus:$status\thost:$remote_addr";
    EXPECT_EQ(by_template(format, "ua:a\\x09status:200 \"x\"\tto:/v1/a\tstatus:401\thost:10.0.0.7"),
              "|/v1/a|401|?|10.0.0.7||a\\x09status:200 \"x\"|?");
    EXPECT_EQ(by_template(format, "ua:a\tto:/v1/a\tstatus:401\thost:router connId=21"), "-");
    EXPECT_NE(by_template(format, "", NginxEscape::none).find("does not keep $http_user_agent"),
              std::string::npos);
}

TEST(Template, ForwardedForFirst) {
    const std::string format =
        R"($http_x_forwarded_for - $remote_user [$time_local] "$request" $status $body_bytes_sent)";
    const std::string rest = R"( [25/Nov/2026:13:30:12 +0000] "GET /v1/a HTTP/1.1" 401 15)";
    EXPECT_EQ(by_template(format, "192.0.2.7, 10.0.0.1 - -" + rest),
              "GET|/v1/a|401|15||192.0.2.7, 10.0.0.1||" + kTime);
    EXPECT_EQ(by_template(format, "- - ann smith" + rest), "GET|/v1/a|401|15||||" + kTime);
    // A client's " - " may be in either: the request counts, and who sent it is not known.
    EXPECT_EQ(by_template(format, "6.6.6.6 - x, 10.0.0.1 - -" + rest), "GET|/v1/a|401|15||||" + kTime);
    EXPECT_EQ(by_template(format, "10.0.0.1 - a - b" + rest), "GET|/v1/a|401|15||||" + kTime);
    EXPECT_EQ(by_template(format, "10.0.0.1 -" + rest), "-");
    const std::string bare = R"( [25/Nov/2026:13:30:12 +0000] "GET /v1/a HTTP/1.1" 401)";
    // What nginx writes itself is found from the right, whatever stands before it.
    const std::string peer = R"($http_x_forwarded_for - $remote_addr [$time_local] "$request" $status)";
    EXPECT_EQ(by_template(peer, "6.6.6.6 - 7.7.7.7 - 10.0.0.1" + bare),
              "GET|/v1/a|401|?|10.0.0.1|6.6.6.6 - 7.7.7.7||" + kTime);
    EXPECT_EQ(by_template(peer, "1.1.1.1 - nobody here" + bare), "-");
    const std::string brackets =
        R"($remote_addr ($http_x_forwarded_for) - $remote_user [$time_local] "$request" $status)";
    EXPECT_EQ(by_template(brackets, "10.0.0.1 (192.0.2.7) - -" + bare),
              "GET|/v1/a|401|?|10.0.0.1|192.0.2.7||" + kTime);
    // Without a place from where it is sure, it is refused as before.
    EXPECT_NE(by_template(R"($http_true_client_ip/$remote_addr [$time_local] "$request" $status)", "")
                  .find("does not keep $http_true_client_ip"),
              std::string::npos);
    for (const char* const refused :
         {R"($http_x_forwarded_for - $request_method "$request" $status)",
          R"($http_x_forwarded_for $http_user_agent [$time_local] "$request" $status)",
          R"($http_x_forwarded_for - $remote_user [$time_local] $status "$request")"})
        EXPECT_NE(by_template(refused, "").find("does not keep $http_x_forwarded_for"), std::string::npos)
            << refused;
}

TEST(SplitRun, OneWayOrNotSure) {
    const auto split = [](std::string_view text, const std::vector<RunPart>& parts) -> std::string {
        std::vector<std::string_view> out;
        if (!split_run(text, parts, out)) return "none";
        std::string shown;
        for (const std::string_view part : out)
            shown += part.data() == nullptr ? "?;" : std::string(part) + ";";
        return shown;
    };
    constexpr auto kOwn = RunPart::Holds::own;
    constexpr auto kChosen = RunPart::Holds::chosen;
    EXPECT_EQ(split("a-b", {{kChosen, "-"}, {kChosen, ""}}), "a;b;");
    EXPECT_EQ(split("a-b-c", {{kChosen, "-"}, {kChosen, ""}}), "?;?;");
    EXPECT_EQ(split("a-b-c", {{kChosen, "-"}, {kOwn, ""}}), "a-b;c;");
    EXPECT_EQ(split("a-b+c+d", {{kChosen, "-"}, {kChosen, "+"}, {kOwn, ""}}), "a;b+c;d;");
    EXPECT_EQ(split("a-b", {{kChosen, "+"}, {kChosen, ""}}), "none");
    EXPECT_EQ(split("", {{kChosen, ""}}), ";");
}

}  // namespace
}  // namespace keyshift::formats
