// SPDX-License-Identifier: Apache-2.0
#include "formats/tracing/json.hpp"

#include <gtest/gtest.h>

namespace keyshift::formats {
namespace {

std::string parsed(const std::string& line) {
    TracingJson reader;
    TracingLine out;
    if (!reader.parse(line, out)) return "none";
    return std::string(out.time) + "|" + std::string(tracing_level_name(out.level)) + "|" +
           std::string(out.target) + "|" + std::string(out.message);
}

const std::string kHead = R"({"timestamp":"2026-11-22T11:56:47.949528Z","level":"DEBUG",)";
const std::string kRead = "2026-11-22T11:56:47.949528Z|DEBUG|a::b|";

TEST(TracingJson, IsNestedOrFlattened) {
    EXPECT_EQ(parsed(kHead + R"("fields":{"message":"Cached"},"target":"a::b"})"), kRead + "Cached");
    EXPECT_EQ(parsed(kHead + R"("message":"Cached","target":"a::b"})"), kRead + "Cached");
    EXPECT_EQ(parsed(kHead + R"("message":"Cached","key":7,"target":"a::b"})"), kRead + "Cached");
}

TEST(TracingJson, FieldsSpansAndOtherPlacesAreAllowed) {
    EXPECT_EQ(
        parsed(kHead + R"("fields":{"error":"x","message":"Cached","z":{"message":"y"}},"target":"a::b"})"),
        kRead + "Cached");
    EXPECT_EQ(parsed(kHead + R"("fields":{"message":"Cached"},"target":"a::b","span":{"message":"forged"},)"
                             R"("spans":[{"name":"r","message":"forged"}]})"),
              kRead + "Cached");
    EXPECT_EQ(parsed(R"( {"target" : "a::b" , "level" : "info", "fields" : {"message" : "x"}} )"),
              "|INFO|a::b|x");
    EXPECT_EQ(parsed(R"({"level":"WARN"})"), "|WARN||");
    EXPECT_EQ(parsed(R"({"level":"WARN","fields":{"message":7}})"), "|WARN||");
}

TEST(TracingJson, EscapesAreUndone) {
    EXPECT_EQ(parsed(kHead + R"("fields":{"message":"a \"b\" \\ \/ c"},"target":"a::b"})"),
              kRead + R"(a "b" \ / c)");
    EXPECT_EQ(parsed(kHead + R"("fields":{"message":"\u0043ached \ud83d\ude80"},"target":"a::b"})"),
              kRead + "Cached \xf0\x9f\x9a\x80");
    EXPECT_EQ(parsed(kHead + R"("fields":{"message":"a\nb"},"target":"a::b"})"), kRead + "a\nb");
}

TEST(TracingJson, TextOfClientsCannotEndAField) {
    EXPECT_EQ(parsed(kHead + R"("fields":{"message":"x\"},\"target\":\"c\"}"},"target":"a::b"})"),
              kRead + R"(x"},"target":"c"})");
}

TEST(TracingJson, OtherLinesAreNone) {
    for (const char* const line :
         {"", " ", "{", "}", "{}", "[]", "x", R"({"level":"DEBUG")", R"({"level":"DEBUG"}x)",
          R"([{"level":"DEBUG"}])", R"({"level":7})", R"({"level":"FATAL"})", R"({"level":null})",
          "{\"level\":\"INFO\",\"message\":\"\xff\"}", "{\"level\":\"INFO\",\"message\":\"\t\"}",
          "2026-11-22T11:56:47.949528Z DEBUG a::b: {}"})
        EXPECT_EQ(parsed(line), "none") << line;
}

TEST(JsonLine, FieldsAreFoundByPathAndReadAsText) {
    JsonLine line;
    ASSERT_TRUE(line.parse(R"({"a":{"b":{"c":"x"},"d.e":7},"a.f":"y","t":true,"n":null,"l":[1],"r":1.5})"));
    EXPECT_EQ(line.text("a.b.c"), "x");
    EXPECT_EQ(line.text("a.d.e"), "7");
    EXPECT_EQ(line.text("a.f"), "y");
    EXPECT_EQ(line.text("t"), "true");
    EXPECT_EQ(line.text("n"), "null");
    EXPECT_EQ(line.text("r"), "1.5");
    for (const char* const path : {"", "a", "l", "a.b", "a.x", "a.b.c.d", "x", ".", "a."})
        EXPECT_FALSE(line.text(path)) << path;
    EXPECT_FALSE(line.parse("[]"));
    EXPECT_FALSE(line.parse("{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}"));
}

}  // namespace
}  // namespace keyshift::formats
