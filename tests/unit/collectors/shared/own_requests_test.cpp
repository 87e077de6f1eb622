// SPDX-License-Identifier: Apache-2.0
// keyshift's own requests in logs: known by what they carry, and by nothing else.
#include "collectors/shared/own_requests.hpp"

#include "unit/collectors/access/fixture.hpp"

namespace keyshift::collectors {
namespace {

TEST(OwnRequests, UserAgentsOfEveryVersion) {
    for (const char* const agent : {"keyshift/0.1.0", "keyshift/1.2~rc1-1+b1", "keyshift/2"})
        EXPECT_TRUE(is_own_agent(agent)) << agent;
    for (const char* const agent : {"", "keyshift", "keyshift/", "keyshift/x", "keyshift/0.1 curl/8",
                                    "my-keyshift/0.1", "Mozilla/5.0 (keyshift/0.1.0)", "Keyshift/0.1"})
        EXPECT_FALSE(is_own_agent(agent)) << agent;
}

TEST(OwnRequests, TheParameterOfTheQuery) {
    for (const char* const target : {"/v1/models?keyshift=probe", "/v1?a=b&keyshift=probe",
                                     "/?keyshift=probe&a=b", "/?keyshift=probe#x"})
        EXPECT_TRUE(is_own_target(target)) << target;
    for (const char* const target :
         {"/v1/models", "/keyshift=probe", "/?xkeyshift=probe", "/?keyshift=probes", "/?keyshift=prob",
          "/?a=keyshift=probe", "/?keyshift=probe.x", "/#?keyshift=probe%20"})
        EXPECT_FALSE(is_own_target(target)) << target;
}

TEST(OwnRequests, TargetsAreMarkedOnce) {
    EXPECT_EQ(mark_target("/v1/models"), "/v1/models?keyshift=probe");
    EXPECT_EQ(mark_target("/v1/models?a=b"), "/v1/models?a=b&keyshift=probe");
    EXPECT_EQ(mark_target(mark_target("/")), "/?keyshift=probe");
}

TEST(OwnRequests, AreFoundAnywhereInABlock) {
    for (std::size_t before = 0; before < 200; ++before) {
        for (const std::size_t behind : {0U, 1U, 55U, 56U, 57U, 63U, 64U, 65U, 130U}) {
            const std::string text = std::string(before, 'k') + "keyshift" + std::string(behind, 't');
            EXPECT_TRUE(may_hold_own(text)) << before << " " << behind;
            const std::string other = std::string(before, 'k') + "keyshiff" + std::string(behind, 't');
            EXPECT_FALSE(may_hold_own(other)) << before << " " << behind;
        }
    }
    EXPECT_FALSE(may_hold_own(""));
}

TEST(OwnRequests, LinesOfAnyForm) {
    EXPECT_TRUE(is_own_line(R"({"msg":"refused","ua":"keyshift/0.1.0","path":"/v1"})"));
    EXPECT_TRUE(is_own_line("POST /v1/models?keyshift=probe 401"));
    EXPECT_FALSE(is_own_line("reading /etc/keyshift/keyshift.yaml of keyshift 0.1"));
    EXPECT_FALSE(is_own_line("https://example.com/keyshift/0.1.0"));
}

std::string counted(std::string_view text, const std::string& options = "") {
    AccessLog log(options);
    log.count(text);
    return log.counts();
}

TEST(OwnRequests, ArePartOfNoCountWhateverWasAnswered) {
    constexpr std::string_view kRequest = "POST /v1/models HTTP/1.1";
    constexpr std::string_view kMarked = "POST /v1/models?keyshift=probe HTTP/1.1";
    for (const int status : {200, 401, 403, 404, 429, 500, 502, 504}) {
        EXPECT_EQ(counted(access_line(kRequest, status, 28, "keyshift/0.1.0")),
                  "matched 0 skipped 1 unparsed 0:");
        EXPECT_EQ(counted(access_line(kMarked, status, 28)), "matched 0 skipped 1 unparsed 0:");
    }
    // Beside others, in one block.
    EXPECT_EQ(
        counted(access_line(kRequest, 401, 28, "keyshift/0.1.0") + access_line(kRequest, 401, 28, "curl/8")),
        "matched 1 skipped 1 unparsed 0: request_auth_failure 1 failure_missing_header 1");
    EXPECT_EQ(counted(access_line(kRequest, 401, 28, "not keyshift/0.1.0")),
              "matched 1 skipped 0 unparsed 0: request_auth_failure 1 failure_missing_header 1");
}

TEST(OwnRequests, AreNoFailuresOfAClient) {
    AccessLog log;
    log.count(access_line("POST /v1/models HTTP/1.1", 401, 28, "keyshift/0.1.0"));
    EXPECT_EQ(log.failures(), "");
    EXPECT_EQ(log.tally.clients.count(domain::Event::failure_missing_header, log.tally.now), 0U);
}

TEST(OwnRequests, InEachAccessFormat) {
    const std::pair<const char*, std::string> lines[] = {
        {"nginx_combined",
         R"(10.0.0.7 - - [25/Nov/2026:13:30:12 +0000] "POST /v1/m?keyshift=probe HTTP/1.1" 401 28)"},
        {"haproxy_http",
         "10.0.0.7:4000 [25/Nov/2026:13:30:12.000] web api/one 0/0/0/1/1 401 177 - - ---- 1/1/0/0/0 0/0 "
         "\"POST /v1/m?keyshift=probe HTTP/1.1\""},
        {"traefik_clf",
         R"(10.0.0.7 - - [25/Nov/2026:13:30:12 +0000] "POST /v1/m HTTP/1.1" 401 28 "-" "keyshift/0.1.0" 1 "r" "u" 1ms)"},
        {"traefik_json",
         R"({"DownstreamStatus":401,"DownstreamContentSize":28,"RequestMethod":"POST","RequestPath":"/v1/m?keyshift=probe"})"},
        {"caddy_json",
         R"({"level":"info","status":401,"size":28,"request":{"method":"POST","uri":"/v1/m","headers":{"User-Agent":["keyshift/0.1.0"]}}})"}};
    for (const auto& [format, line] : lines)
        EXPECT_EQ(counted(line + "\n", std::string("    format: ") + format + "\n"),
                  "matched 0 skipped 1 unparsed 0:")
            << format;
}

std::string findings_of(const std::string& options, std::string_view text) {
    AccessLog log(options);
    log.count(text);
    std::string out;
    for (const Finding& finding : log.counter->findings()) out += finding.what + "\n";
    return out;
}

TEST(OwnRequests, FindingsSayWhetherTheyCanBeTold) {
    const std::string line = access_line("POST /v1/models HTTP/1.1", 401, 28, "keyshift/0.1.0");
    EXPECT_EQ(findings_of("", line), "1 requests of keyshift's own are left out\n");
    const std::string blind =
        "    format: nginx\n    log_format: '$remote_addr $status $body_bytes_sent \"$uri\"'\n";
    EXPECT_NE(findings_of(blind, "").find("neither user agents nor queries"), std::string::npos);
    EXPECT_EQ(findings_of("    format: nginx\n    log_format: '$remote_addr $status \"$request\"'\n", ""),
              "");
}

}  // namespace
}  // namespace keyshift::collectors
