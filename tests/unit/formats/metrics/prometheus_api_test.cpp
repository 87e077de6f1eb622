// SPDX-License-Identifier: Apache-2.0
// prometheus_api.hpp: answers of Prometheus, Thanos and VictoriaMetrics, and answers that must not be
// believed.
#include "formats/metrics/prometheus_api.hpp"

#include <cmath>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace keyshift::formats {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

/// A successful answer with these series.
std::string vector(const std::string& series) {
    return R"({"status":"success","data":{"resultType":"vector","result":[)" + series + "]}}";
}

std::string with(const std::string& fields) {
    return R"({"status":"success","data":{"resultType":"vector","result":[]},)" + fields + "}";
}

base::Error error_of(const std::string& body) {
    const auto answer = parse_api_answer(body);
    EXPECT_FALSE(answer) << body;
    return answer ? base::Error{} : answer.error();
}

TEST(PrometheusApi, Vector) {
    const auto answer = parse_api_answer(vector(
        R"({"metric":{"job":"a","__name__":"up","x":"\u00e4\n"},"value":[1435781451.781,"1.5"]},{"metric":{},"value":[7,"-Inf"]})"));
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_EQ(answer->kind, ApiAnswer::Kind::vector);
    EXPECT_FALSE(answer->partial);
    ASSERT_EQ(answer->series.size(), 2U);
    const ApiSeries& first = answer->series[0];
    EXPECT_THAT(first.labels, ElementsAre(Pair("__name__", "up"), Pair("job", "a"), Pair("x", "\xC3\xA4\n")));
    EXPECT_EQ(first.label("job"), "a");
    EXPECT_EQ(first.label("no"), "");
    EXPECT_EQ(first.value, 1.5);
    EXPECT_EQ(first.at_seconds, 1435781451.781);
    EXPECT_EQ(answer->series[1].value, -HUGE_VAL);
    EXPECT_EQ(answer->series[1].at_seconds, 7);
}

TEST(PrometheusApi, ScalarAndNothing) {
    const auto scalar = parse_api_answer(
        R"({"status":"success","data":{"resultType":"scalar","result":[1435781460.781,"NaN"]}})");
    ASSERT_TRUE(scalar) << scalar.error().text();
    EXPECT_EQ(scalar->kind, ApiAnswer::Kind::scalar);
    ASSERT_EQ(scalar->series.size(), 1U);
    EXPECT_TRUE(std::isnan(scalar->series[0].value));
    const auto nothing = parse_api_answer(vector(""));
    ASSERT_TRUE(nothing);
    EXPECT_TRUE(nothing->series.empty());
}

TEST(PrometheusApi, PartialAnswers) {
    const auto read = [](const std::string& fields) { return parse_api_answer(with(fields)).value(); };
    EXPECT_TRUE(read(R"("isPartial":true)").partial);
    EXPECT_FALSE(read(R"("isPartial":false,"warnings":null)").partial);
    const ApiAnswer thanos = read(R"("warnings":["No StoreAPIs matched for this query"])");
    EXPECT_TRUE(thanos.partial);
    EXPECT_THAT(thanos.warnings, ElementsAre("No StoreAPIs matched for this query"));
    const ApiAnswer about_query = read(R"("warnings":["PromQL warning: mixed","PromQL info: no counter"])");
    EXPECT_FALSE(about_query.partial);
    EXPECT_THAT(about_query.warnings, ElementsAre("PromQL warning: mixed"));
    const ApiAnswer remarks = read(R"("infos":["PromQL info: metric might not be a counter"])");
    EXPECT_FALSE(remarks.partial);
    EXPECT_TRUE(remarks.warnings.empty());
    EXPECT_EQ(read(R"("warnings":["\u001b[2J)" + std::string(500, 'x') + R"("])").warnings.front(),
              "\\x1b[2J" + std::string(153, 'x') + "...");
}

TEST(PrometheusApi, Errors) {
    const base::Error timeout = error_of(
        R"({"status":"error","errorType":"timeout","error":"query timed out in expression evaluation"})");
    EXPECT_EQ(timeout.code, base::Errc::timeout);
    EXPECT_EQ(timeout.what, "the Prometheus API answers timeout: query timed out in expression evaluation");
    const base::Error bad = error_of(R"({"status":"error","errorType":"bad_data","error":"1:1: \u001b\n)" +
                                     std::string(1000, 'y') + "\"}");
    EXPECT_EQ(bad.code, base::Errc::other);
    EXPECT_THAT(bad.what, HasSubstr("bad_data: 1:1: \\x1b\\ny"));
    EXPECT_LT(bad.what.size(), 250U);
    EXPECT_EQ(error_of(R"({"status":"error","errorType":"422","error":"x"})").code, base::Errc::other);
    EXPECT_EQ(error_of(R"({"status":"error","error":"x"})").code, base::Errc::parse);
    EXPECT_EQ(error_of(R"({"status":"error","errorType":"timeout","error":5})").code, base::Errc::parse);
}

TEST(PrometheusApi, ShapesThatAreWrong) {
    const std::string point = R"("value":[1,"1"])";
    const std::pair<std::string, const char*> cases[] = {
        {"", "is not JSON"},
        {"<html>", "is not JSON"},
        {"[]", "is not a JSON object"},
        {"{}", "has no \"status\""},
        {R"({"status":7})", "a wrong kind of \"status\""},
        {R"({"status":"maybe"})", "the status \"maybe\""},
        {R"({"status":"success"})", "has no \"data\""},
        {R"({"status":"success","data":[]})", "a wrong kind of \"data\""},
        {R"({"status":"success","data":{}})", "has no \"resultType\""},
        {R"({"status":"success","data":{"resultType":"vector"}})", "has no \"result\""},
        {R"({"status":"success","data":{"resultType":"vector","result":null}})",
         "a wrong kind of \"result\""},
        {R"({"status":"success","data":{"resultType":"matrix","result":[]}})", "is a \"matrix\""},
        {R"({"status":"success","data":{"resultType":"string","result":[1,"x"]}})", "is a \"string\""},
        {R"({"status":"success","data":{"resultType":"scalar","result":[]}})", "not [time, \"number\"]"},
        {R"({"status":"success","status":"error","data":{}})", "has \"status\" twice"},
        {vector("7"), "a series that is not an object"},
        {vector("{" + point + "}"), "has no \"metric\""},
        {vector(R"({"metric":{}})"), "has no \"value\""},
        {vector(R"({"metric":{},"value":[1,"1"],"value":[1,"2"]})"), "has \"value\" twice"},
        {vector(R"({"metric":{},"histogram":[1,{}]})"), "a native histogram"},
        {vector(R"({"metric":{"a":1},"value":[1,"1"]})"), "a label \"a\" that is not a text"},
        {vector(R"({"metric":{"a":"1","a":"1"},"value":[1,"1"]})"), "two labels \"a\""},
        {vector(R"({"metric":{},"value":[1]})"), "not [time"},
        {vector(R"({"metric":{},"value":[1,"1",2]})"), "not [time"},
        {vector(R"({"metric":{},"value":["1","1"]})"), "not [time"},
        {vector(R"({"metric":{},"value":[1,1]})"), "not [time"},
        {vector(R"({"metric":{},"value":[1,"0x1"]})"), "the value \"0x1\", which is not a number"},
        {vector(R"({"metric":{},"value":[1,"1e999"]})"), "is not a number"},
        {vector(R"({"metric":{},"value":[1,""]})"), "is not a number"},
        {vector(R"({"metric":{},"value":[1e999,"1"]})"), "is not JSON"},
        {vector(
             R"({"metric":{"a":"1","b":"2"},"value":[1,"1"]},{"metric":{"b":"2","a":"1"},"value":[1,"1"]})"),
         "two series with the same labels"},
        {with(R"("isPartial":"yes")"), "a wrong kind of \"isPartial\""},
        {with(R"("warnings":"x")"), "a wrong kind of \"warnings\""},
        {with(R"("warnings":[1])"), "a warning that is not a text"},
        {vector("") + "x", "is not JSON"},
        {vector("") + vector(""), "is not JSON"},
        {vector("").substr(0, 40), "is not JSON"},
        {vector("{\"metric\":{\"a\":\"\xFF\"}," + point + "}"), "is not JSON"},
        {with("\"x\":" + std::string(100, '[') + std::string(100, ']')), "is not JSON"},
        {std::string(1'000'000, '['), "is not JSON"},
    };
    for (const auto& [body, what] : cases) {
        const base::Error error = error_of(body);
        EXPECT_EQ(error.code, base::Errc::parse) << body;
        EXPECT_THAT(error.what, HasSubstr(what)) << body.substr(0, 200);
    }
}

}  // namespace
}  // namespace keyshift::formats
