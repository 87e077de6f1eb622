// SPDX-License-Identifier: Apache-2.0
// utf8.hpp and json.hpp: hostile text made harmless.
#include <array>
#include <utility>

#include <gtest/gtest.h>

#include "base/json.hpp"
#include "base/utf8.hpp"

namespace keyshift::base {
namespace {

TEST(Utf8, RefusesWhatDecodersHaveBeenFooledBy) {
    for (const char* text : {"\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                             "\xF8\x88\x80\x80\x80", "\x80", "\xC3", "\xE2\x82", "\xC3("})
        EXPECT_FALSE(decode_utf8(text).valid) << escape_unsafe(text);
    EXPECT_EQ(decode_utf8("\xF0\x9F\x94\x97").code_point, U'\U0001F517');
}

TEST(Utf8, VisibleEscapesWhatDrivesATerminalOrReorders) {
    const std::array<std::pair<const char*, const char*>, 7> cases{{
        {"Production API", "Production API"},
        {"a\x1b[31mb", "a\\x1b[31mb"},
        {"a\nb\tc\r", "a\\nb\\tc\\r"},
        {"a\xE2\x80\xAE"
         "b",
         "a\\u{202e}b"},
        {"\xC2\x9B", "\\x9b"},
        {"\xFF", "\\xff"},
        {"\xF0\x9F\x94\x97 \xE6\xBC\xA2", "\xF0\x9F\x94\x97 \xE6\xBC\xA2"},
    }};
    for (const auto& [in, out] : cases) EXPECT_EQ(escape_unsafe(in), out);
}

TEST(Utf8, CountsCharactersNotBytes) {
    EXPECT_EQ(count_code_points("\xE6\xBC\xA2\xE5\xAD\x97"), 2U);
    EXPECT_EQ(count_code_points("a\xFF"
                                "b"),
              3U);
}

TEST(Json, KeepsTheValueAndHarmsNobody) {
    const std::array<std::pair<const char*, const char*>, 4> cases{{
        {"a\"b\\c", R"("a\"b\\c")"},
        {"\x1b\n", "\"\\u001b\\n\""},
        {"\xE2\x80\xAE", R"("\u202e")"},
        {"\xFF", "\"\xEF\xBF\xBD\""},
    }};
    for (const auto& [in, out] : cases) {
        std::string text;
        append_json_string(text, in);
        EXPECT_EQ(text, out);
    }
    std::string tag;
    append_json_string(tag, "\xF3\xA0\x80\x81");
    EXPECT_EQ(tag, R"("\udb40\udc01")");
}

}  // namespace
}  // namespace keyshift::base
