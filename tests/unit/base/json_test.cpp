// SPDX-License-Identifier: Apache-2.0
// json.hpp: whole documents; strings have their test in text_test.cpp.
#include "base/json.hpp"

#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

namespace keyshift::base {
namespace {

TEST(JsonWriter, CommasStandBetweenValuesAndNowhereElse) {
    JsonWriter json;
    json.begin_object();
    json.key("empty").begin_array().end_array();
    json.key("none").begin_object().end_object();
    json.key("list").begin_array().value(1).value("two").begin_object().end_object().value(3).end_array();
    json.key("last").null();
    json.end_object();
    EXPECT_EQ(json.take(), R"({"empty":[],"none":{},"list":[1,"two",{},3],"last":null})");
}

TEST(JsonWriter, EachKindOfValue) {
    JsonWriter json;
    json.begin_array();
    json.value(true).value(false).value("a\"b").value(std::string_view("\x1b"));
    json.value(std::numeric_limits<std::uint64_t>::max()).value(-1).value(0.1).value(1.0).value(1e300);
    json.value(Time{std::chrono::seconds{1'768'003'200}});
    json.value(std::numeric_limits<double>::infinity()).value(std::numeric_limits<double>::quiet_NaN());
    json.end_array();
    EXPECT_EQ(json.take(),
              "[true,false,\"a\\\"b\",\"\\u001b\",18446744073709551615,-1,0.1,1,1e+300,"
              "\"2026-01-10T00:00:00Z\",null,null]");
}

TEST(JsonWriter, AKeyIsEscapedToo) {
    JsonWriter json;
    json.begin_object().key("a\nb").value(1).end_object();
    EXPECT_EQ(json.take(), R"({"a\nb":1})");
}

}  // namespace
}  // namespace keyshift::base
