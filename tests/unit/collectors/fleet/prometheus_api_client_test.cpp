// SPDX-License-Identifier: Apache-2.0
// prometheus_api_client.hpp: what is asked, and what is made of answers that are not 200.
#include "collectors/fleet/prometheus_api_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace keyshift::collectors {
namespace {

using base::Errc;
using testing::HasSubstr;

std::string target(const std::string& url, std::string_view query) {
    return api_target(drivers::HttpUrl::parse(url).value(), "query", query);
}

TEST(PrometheusApiClient, TargetsStandBelowTheUrl) {
    EXPECT_EQ(target("http://p:9090", "query=up"), "/api/v1/query?query=up");
    EXPECT_EQ(target("http://p:9090/", "query=up"), "/api/v1/query?query=up");
    EXPECT_EQ(target("https://m/select/0/prometheus//", "q"), "/select/0/prometheus/api/v1/query?q");
    EXPECT_EQ(target("https://t/x?partial_response=false", "q"), "/x/api/v1/query?partial_response=false&q");
    EXPECT_EQ(target("https://t/x?a=1", ""), "/x/api/v1/query?a=1");
    EXPECT_EQ(target("https://t", ""), "/api/v1/query");
}

TEST(PrometheusApiClient, QueriesAreEscaped) {
    EXPECT_EQ(percent_encoded("aZ09-._~"), "aZ09-._~");
    EXPECT_EQ(percent_encoded("a{b=\"c d\"}+1&x#%\n"), "a%7Bb%3D%22c%20d%22%7D%2B1%26x%23%25%0A");
    EXPECT_EQ(percent_encoded("\xC3\xA4"), "%C3%A4");
}

TEST(PrometheusApiClient, TimesHaveMilliseconds) {
    EXPECT_EQ(api_time(base::Time{std::chrono::microseconds{1'700'000'000'007'999}}), "1700000000.007");
    EXPECT_EQ(api_time(base::Time{}), "0.000");
}

base::Error error_of(int status, const std::string& body) {
    const auto answer = read_api_answer({.status = status, .body = body}, "http://p");
    EXPECT_FALSE(answer) << status;
    return answer ? base::Error{} : answer.error();
}

TEST(PrometheusApiClient, EachStatusSaysWhereToLook) {
    const std::string bad = R"({"status":"error","errorType":"bad_data","error":"parse error: x"})";
    const std::string late = R"({"status":"error","errorType":"timeout","error":"too long"})";
    EXPECT_EQ(error_of(401, "no org id").code, Errc::auth);
    EXPECT_THAT(error_of(401, "no org id").what, HasSubstr("no org id"));
    EXPECT_EQ(error_of(403, bad).code, Errc::auth);
    EXPECT_EQ(error_of(404, "page not found").code, Errc::other);
    EXPECT_EQ(error_of(302, "").code, Errc::other);
    EXPECT_EQ(error_of(400, bad).code, Errc::other);
    EXPECT_THAT(error_of(400, bad).what, HasSubstr("parse error: x"));
    EXPECT_THAT(error_of(422, bad).what, HasSubstr("parse error: x"));
    EXPECT_EQ(error_of(503, late).code, Errc::timeout);
    EXPECT_EQ(error_of(504, "").code, Errc::timeout);
    EXPECT_EQ(error_of(429, "").code, Errc::timeout);
    EXPECT_EQ(error_of(500, bad).code, Errc::connect);
    EXPECT_EQ(error_of(502, "<html>").code, Errc::connect);
    EXPECT_EQ(error_of(502, "<html>").what, "http://p answers HTTP 502");
    EXPECT_EQ(error_of(503, "not ready\nsecond line").what, "http://p answers HTTP 503: not ready");
    EXPECT_EQ(error_of(418, "").code, Errc::other);
    const std::string well = R"({"status":"success","data":{"resultType":"vector","result":[]}})";
    EXPECT_EQ(error_of(500, well).code, Errc::connect) << "an error is one, whatever the body says";
    EXPECT_TRUE(read_api_answer({.status = 200, .body = well}, "http://p"));
}

}  // namespace
}  // namespace keyshift::collectors
