// SPDX-License-Identifier: Apache-2.0
// Hostile names, one by one: what becomes of each in each format.
#include "report/escape.hpp"

#include <array>

#include <gtest/gtest.h>

#include "base/json.hpp"
#include "base/utf8.hpp"
#include "unit/report/sample.hpp"

namespace keyshift::report {
namespace {

using namespace std::string_view_literals;

struct Case {
    std::string_view name;
    std::string_view visible;
    std::string_view json;
    std::string_view csv;
    std::string_view markdown;
    std::string_view html;
};

constexpr std::array<Case, 18> kCases{
    {// What drives a terminal, breaks a line, hides or reorders.
     {"a\x1b[31mb", R"(a\x1b[31mb)", R"("a\u001b[31mb")", R"("a\x1b[31mb")", R"(`a\x1b[31mb`)",
      R"(a\x1b[31mb)"},
     {"a\r\nb\tc", R"(a\r\nb\tc)", R"("a\r\nb\tc")", R"("a\r\nb\tc")", R"(`a\r\nb\tc`)", R"(a\r\nb\tc)"},
     {"a\0b"sv, R"(a\x00b)", R"("a\u0000b")", R"("a\x00b")", R"(`a\x00b`)", R"(a\x00b)"},
     {"a\u009B;J", R"(a\x9b;J)", R"("a\u009b;J")", R"("a\x9b;J")", R"(`a\x9b;J`)", R"(a\x9b;J)"},
     {"a\u202Eexe", R"(a\u{202e}exe)", R"("a\u202eexe")", R"("a\u{202e}exe")", R"(`a\u{202e}exe`)",
      R"(a\u{202e}exe)"},
     {"a\xFF\xC0\xAF", R"(a\xff\xc0\xaf)", "\"a\uFFFD\uFFFD\uFFFD\"", R"("a\xff\xc0\xaf")",
      R"(`a\xff\xc0\xaf`)", R"(a\xff\xc0\xaf)"},
     {"👩\u200D👧", "👩\u200D👧", "\"👩\u200D👧\"", "\"👩\u200D👧\"", "`👩\u200D👧`", "👩\u200D👧"},
     // What starts a spreadsheet formula.
     {R"x(=HYPERLINK("u","t"))x", R"x(=HYPERLINK("u","t"))x", R"x("=HYPERLINK(\"u\",\"t\")")x",
      R"x("'=HYPERLINK(""u"",""t"")")x", R"x(`=HYPERLINK("u","t")`)x",
      "=HYPERLINK(&quot;u&quot;,&quot;t&quot;)"},
     {"@SUM(A1)", "@SUM(A1)", R"x("@SUM(A1)")x", R"x("'@SUM(A1)")x", "`@SUM(A1)`", "@SUM(A1)"},
     {"-2+3", "-2+3", R"("-2+3")", R"("'-2+3")", "`-2+3`", "-2+3"},
     {" \u3000\uFF1D1", " \u3000\uFF1D1", "\" \u3000\uFF1D1\"", "\"' \u3000\uFF1D1\"", "` \u3000\uFF1D1`",
      " \u3000\uFF1D1"},
     // What is markup.
     {"a|b", "a|b", R"("a|b")", "a|b", R"(`a\x7cb`)", "a|b"},
     {"`a` \\", "`a` \\", R"("`a` \\")", "`a` \\", R"(`\x60a\x60 \`)", "`a` \\"},
     {"[x](javascript:y)", "[x](javascript:y)", R"x("[x](javascript:y)")x", "[x](javascript:y)",
      "`[x](javascript:y)`", "[x](javascript:y)"},
     {"<script>x</script>", "<script>x</script>", R"("<script>x</script>")", "<script>x</script>",
      "`<script>x</script>`", "&lt;script&gt;x&lt;/script&gt;"},
     {"\"><img onerror='x'>", "\"><img onerror='x'>", R"("\"><img onerror='x'>")",
      R"("""><img onerror='x'>")", "`\"><img onerror='x'>`", "&quot;&gt;&lt;img onerror=&#39;x&#39;&gt;"},
     {"&amp;", "&amp;", R"("&amp;")", R"("&amp;")", "`&amp;`", "&amp;amp;"},
     {"", "", R"("")", R"("")", "*empty*", ""}}};

template <class Append>
std::string appended(Append append, std::string_view text) {
    std::string out = "before ";
    append(out, text);
    return out.substr(7);
}

TEST(Escape, MakesEachHostileNameHarmlessInEachFormat) {
    for (const Case& c : kCases) {
        EXPECT_EQ(appended(append_visible, c.name), c.visible);
        EXPECT_EQ(appended(base::append_json_string, c.name), c.json) << c.visible;
        EXPECT_EQ(appended(append_csv_text, c.name), c.csv) << c.visible;
        EXPECT_EQ(appended(append_code_span, c.name), c.markdown) << c.visible;
        EXPECT_EQ(appended(append_html, c.name), c.html) << c.visible;
    }
}

TEST(Escape, AgreesWithBase) {
    for (const Case& c : kCases) {
        EXPECT_EQ(appended(append_visible, c.name), base::escape_unsafe(c.name));
    }
}

TEST(Escape, EachNameArrivesInItsCell) {
    for (const Case& c : kCases) {
        EXPECT_NE(render_name(Format::text, c.name).find(" | " + std::string(c.visible)), std::string::npos);
        EXPECT_NE(render_name(Format::json, c.name).find("\"name\":" + std::string(c.json) + ","),
                  std::string::npos);
        EXPECT_NE(render_name(Format::csv, c.name).find("a," + std::string(c.csv) + ",sk-"),
                  std::string::npos);
        EXPECT_NE(render_name(Format::markdown, c.name).find("| " + std::string(c.markdown) + " |"),
                  std::string::npos);
        EXPECT_NE(render_name(Format::html, c.name).find("<bdi>" + std::string(c.html) + "</bdi>"),
                  std::string::npos);
    }
}

TEST(Escape, EachReplacementArrivesInItsCell) {
    for (const Case& c : kCases) {
        if (c.name.empty()) continue;  // stands for an id that is not known
        EXPECT_NE(render_replacement(Format::json, c.name)
                      .find("\"replacement\":{\"id\":" + std::string(c.json) + ",\"rule\""),
                  std::string::npos);
        EXPECT_NE(
            render_replacement(Format::csv, c.name).find(",issued," + std::string(c.csv) + ",name,false\r\n"),
            std::string::npos);
        EXPECT_NE(render_replacement(Format::markdown, c.name)
                      .find("| issued | " + std::string(c.markdown) + " (rule name, not in use) |\n"),
                  std::string::npos);
        EXPECT_NE(render_replacement(Format::html, c.name)
                      .find("<code>" + std::string(c.html) + "</code> (rule name, not in use)</td>"),
                  std::string::npos);
    }
}

TEST(AppendPadded, CountsCharactersOfWhatIsShown) {
    const auto padded = [](std::string& out, std::string_view text) { append_padded(out, text, 8); };
    EXPECT_EQ(appended(padded, "abc"), "abc     ");
    EXPECT_EQ(appended(padded, "été 漢字"), "été 漢字  ");
    EXPECT_EQ(appended(padded, "a\x1b"), "a\\x1b   ");
    EXPECT_EQ(appended(padded, "12345678"), "12345678");
    EXPECT_EQ(appended(padded, "123456789"), "123456789");
    EXPECT_EQ(appended(padded, ""), "        ");
}

TEST(Escape, LetsTwoHundredFiftyFiveWideCharactersPass) {
    std::string name;
    for (int i = 0; i < 255; ++i) name += "漢";
    EXPECT_EQ(appended(append_visible, name), name);
    std::string out;
    EXPECT_EQ(append_visible(out, name), 255U);
    EXPECT_NE(render_name(Format::text, name).find(" | " + name + " | sk-AbC123    | "), std::string::npos);
}

TEST(AppendCsvText, DefusesEveryFormulaAndNothingElse) {
    for (const char* formula : {"=1", "+1", "-1", "@A", "\t1", "\r1", "  =1", "\n=1", "\u00A0=1", "\uFF1D1",
                                "\uFF0B1", "\uFF0D1", "\uFF201", "\t=1", "=", "-"})
        EXPECT_EQ(appended(append_csv_text, formula).substr(0, 2), "\"'") << base::escape_unsafe(formula);
    for (const char* harmless : {"a=1", "1-2", "sk-AbC+/@", "'=1", "(=1)", "a b", "#ref"})
        EXPECT_EQ(appended(append_csv_text, harmless), harmless);
    EXPECT_EQ(appended(append_csv_text, "a, b"), "\"a, b\"");
    EXPECT_EQ(appended(append_csv_text, " "), "\" \"");
}

TEST(AppendCsvText, DefusesFormulasOfThoseWhoSeparateCellsBySemicolons) {
    EXPECT_EQ(appended(append_csv_text, "a;b"), "\"a;b\"");
    EXPECT_EQ(appended(append_csv_text, "a;=1"), "\"a;'=1\"");
    EXPECT_EQ(appended(append_csv_text, "a;\"=1\";;-2"), "\"a;'\"\"=1\"\";;'-2\"");
    EXPECT_EQ(appended(append_csv_text, "a; \uFF1D1"), "\"a;' \uFF1D1\"");
}

TEST(AppendCsvId, KeepsNumbersNumbers) {
    EXPECT_EQ(appended(append_csv_id, "42"), "42");
    EXPECT_EQ(appended(append_csv_id, "-42"), "-42");
    EXPECT_EQ(appended(append_csv_id, "-4+2"), "\"'-4+2\"");
    EXPECT_EQ(appended(append_csv_id, "-"), "\"'-\"");
    EXPECT_EQ(appended(append_csv_id, "a1b2c3d4-0001"), "a1b2c3d4-0001");
}

}  // namespace
}  // namespace keyshift::report
