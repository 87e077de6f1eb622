// SPDX-License-Identifier: Apache-2.0
#include "collectors/logs/guess.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace keyshift::collectors {
namespace {

constexpr const char* kCombined =
    R"(10.0.0.1 - - [10/Jan/2026:00:00:01 +0000] "POST /v1/models HTTP/1.1" 200 512 "-" "curl/8.0")";

std::string name(const std::vector<std::string>& lines) {
    const auto guess = guess_log(lines);
    return guess ? std::string(guess->collector) + ": " + std::string(guess->format) : "";
}

TEST(LogGuess, KnowsEachFormat) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {kCombined, "access_log: nginx_combined"},
        {std::string(kCombined) + R"( 7 "api@docker" "http://10.0.0.2:3000" 12ms)",
         "access_log: traefik_clf"},
        {R"({"ClientAddr":"10.0.0.9:1","DownstreamStatus":401,"DownstreamContentSize":15,"RequestMethod":"POST",)"
         R"("RequestPath":"/v1/models","time":"2026-01-10T00:00:01Z"})",
         "access_log: traefik_json"},
        {R"({"level":"info","ts":1.5,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":)"
         R"("10.0.0.9","method":"POST","uri":"/v1/models","headers":{}},"size":15,"status":401})",
         "access_log: caddy_json"},
        {R"(10.0.0.9:5000 [10/Jan/2026:00:00:01.123] front back/s1 0/0/1/2/3 401 120 - - ---- 1/1/0/0/0 0/0 )"
         R"("POST /v1/models HTTP/1.1")",
         "access_log: haproxy_http"},
        {"time:2026-01-10T00:00:01Z\thost:10.0.0.9\treq:GET /v1/models HTTP/1.1\tstatus:200",
         "access_log: ltsv"},
        {"2026-01-10T00:00:01.000000Z DEBUG inferxgate::auth: Cached verified token",
         "gateway_log: tracing_text"},
        {R"({"timestamp":"2026-01-10T00:00:01Z","level":"DEBUG","fields":{"message":"x"},"target":"a::b"})",
         "gateway_log: tracing_json"},
        {"anything else", ""}};
    for (const auto& [line, expected] : cases) EXPECT_EQ(name({line, line}), expected) << line;
}

TEST(LogGuess, NeedsNearlyAllLines) {
    EXPECT_EQ(name({kCombined, kCombined, kCombined, kCombined, "x"}), "access_log: nginx_combined");
    EXPECT_EQ(name({kCombined, kCombined, "x"}), "");
    EXPECT_EQ(name({}), "");
}

TEST(LogGuess, SaysWhatToConfigure) {
    EXPECT_EQ(advice_for_log("access_log", {std::string(kCombined)}), "set format: nginx_combined");
    EXPECT_NE(advice_for_log("gateway_log", {std::string(kCombined)}).find("give them to access_log"),
              std::string::npos);
    EXPECT_EQ(advice_for_log("access_log", {"2026-01-10T00:00:02.1Z stdout F " + std::string(kCombined)}),
              "set format: nginx_combined and prefix: auto");
    EXPECT_NE(advice_for_log("access_log", {"x"}).find("log_format"), std::string::npos);
    EXPECT_NE(advice_for_log("gateway_log", {"x"}).find("rules of its own"), std::string::npos);
}

}  // namespace
}  // namespace keyshift::collectors
