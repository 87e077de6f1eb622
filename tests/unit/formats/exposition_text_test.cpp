// SPDX-License-Identifier: Apache-2.0
// exposition_text.hpp: each rule of the two formats with pages that keep it and pages that break it.
#include "formats/exposition_text.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace keyshift::formats {
namespace {

using testing::HasSubstr;

constexpr ExpositionFormat kText = ExpositionFormat::prometheus_text;
constexpr ExpositionFormat kOpenMetrics = ExpositionFormat::open_metrics;

/// Writes down what it is told: "a{b=c} 1.5 @12 gauge".
class Notes : public ExpositionHandler {
 public:
    void sample(const ExpositionSample& sample) override {
        std::string note(sample.name);
        for (const ExpositionLabel& label : sample.labels)
            note.append("|").append(label.name).append("=").append(label.value);
        note += ' ' + number(sample.value);
        if (sample.at_seconds) note += " @" + number(*sample.at_seconds);
        if (sample.type != MetricType::unknown) note.append(" ").append(name_of(sample.type));
        notes_.push_back(note);
    }

    void family(std::string_view name, MetricType type) override {
        families_.push_back(std::string(name) + " " + std::string(name_of(type)));
    }

    const std::vector<std::string>& notes() const { return notes_; }
    const std::vector<std::string>& families() const { return families_; }

 private:
    static std::string number(double value) {
        std::array<char, 40> text{};
        return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
    }

    std::vector<std::string> notes_;
    std::vector<std::string> families_;
};

struct Valid {
    const char* rule;
    std::string page;
    std::vector<std::string> notes = {};
};

struct Invalid {
    const char* rule;
    std::string page;
    const char* what;  ///< a part of the error
};

void expect_valid(ExpositionFormat format, const std::vector<Valid>& cases) {
    for (const Valid& example : cases) {
        Notes notes;
        const auto read = parse_exposition(example.page, format, notes);
        EXPECT_TRUE(read) << example.rule << ": " << (read ? "" : read.error().text());
        EXPECT_EQ(notes.notes(), example.notes) << example.rule;
        EXPECT_EQ(read ? read->samples : 0, example.notes.size()) << example.rule;
    }
}

void expect_invalid(ExpositionFormat format, const std::vector<Invalid>& cases) {
    for (const Invalid& example : cases) {
        Notes notes;
        const auto read = parse_exposition(example.page, format, notes);
        ASSERT_FALSE(read) << example.rule << ": " << example.page;
        EXPECT_EQ(read.error().code, base::Errc::parse);
        EXPECT_THAT(read.error().what, HasSubstr(example.what)) << example.rule;
    }
}

TEST(PrometheusText, TokensAndBlanks) {
    expect_valid(kText, {
                            {"no page is an empty page", ""},
                            {"empty lines mean nothing", "\n \t\n\na 1\n\n", {"a 1"}},
                            {"any blanks and tabs between tokens", " \ta\t \t1 \t 5000\t \n", {"a 1 @5"}},
                            {"blanks inside braces", "a { b = \"c\" , d=\"e\" } 1\n", {"a|b=c|d=e 1"}},
                            {"no blank needed after a brace", "a{b=\"c\"}1\n", {"a|b=c 1"}},
                            {"comments", "#\n# \n#a\n # b c\n\t#\tTYPEX a gauge\n# EOF\na 1\n", {"a 1"}},
                            {"names", "a:b_C9 1\n_ 2\n:x 3\n", {"a:b_C9 1", "_ 2", ":x 3"}},
                            {"empty braces", "a{} 1\nb{ } 2\n", {"a 1", "b 2"}},
                            {"a trailing comma", "a{b=\"c\",} 1\nd{e=\"f\" , } 2\n", {"a|b=c 1", "d|e=f 2"}},
                            {"an empty label is no label", "a{b=\"\",c=\"d\"} 1\n", {"a|c=d 1"}},
                            {"hash and braces in a value", "a{b=\"} # {\"} 1\n", {"a|b=} # { 1"}},
                        });
    expect_invalid(
        kText, {
                   {"the last line ends in a line feed", "a 1\nb 12", "line 2: the page breaks off"},
                   {"as does a comment", "# HELP a b", "line 1: the page breaks off"},
                   {"no carriage returns", "a 1\n\r\n", "line 2: it ends in a carriage return"},
                   {"not in a comment", "# HELP a b\r\n", "line 1: it ends in a carriage return"},
                   {"nor after a value", "a 1\r\n", "line 1: it ends in a carriage return"},
                   {"NUL is not white space", std::string("a\0 1\n", 5), "needs quotation marks"},
                   {"names begin with a letter", "0a 1\n", "no metric name"},
                   {"points need quotation marks", "a.b 1\n", "quotation marks: \"a.b 1\""},
                   {"a byte order mark is no blank",
                    "\xEF\xBB\xBF"
                    "a 1\n",
                    "no metric name"},
                   {"only a comma", "a{,} 1\n", "no label name"},
                   {"two commas", "a{b=\"c\",,d=\"e\"} 1\n", "no label name"},
                   {"no comma", "a{b=\"c\" d=\"e\"} 1\n", "a comma or a closing brace"},
                   {"no value", "a{b} 1\n", "an equals sign must follow the label name \"b\""},
                   {"no quotation marks", "a{b=c} 1\n", "\"b\" is not in quotation marks"},
                   {"single quotation marks", "a{b='c'} 1\n", "\"b\" is not in quotation marks"},
                   {"a colon in a label's name", "a{b:c=\"d\"} 1\n", "equals sign"},
                   {"the reserved label", "a{__name__=\"d\"} 1\n", "reserved"},
                   {"a label twice", "a{b=\"1\",c=\"2\",b=\"\"} 1\n", "\"b\" is there twice"},
                   {"braces left open", "a{b=\"c\" 1\n", "a comma or a closing brace"},
                   {"a value left open", "a{b=\"c} 1\nx\"} 1\n", "line 1: a quotation mark is not closed"},
                   {"no name", "{b=\"c\"} 1\n", "no metric name"},
                   {"no name at all", "{} 1\n", "no metric name"},
               });
}

TEST(PrometheusText, EscapesAndUtf8) {
    expect_valid(kText,
                 {
                     {"the three escapes",
                      R"(a{b="\\ \" \n",c="d"} 1)"
                      "\n",
                      {"a|b=\\ \" \n|c=d 1"}},
                     {"UTF-8",
                      "a{b=\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\"} 1\n",
                      {"a|b=\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80 1"}},
                     {"a carriage return within a value", "a{b=\"\r\"} 1\n", {"a|b=\r 1"}},
                     {"NUL within a value", std::string("a{b=\"\0\"} 1\n", 11), {std::string("a|b=\0 1", 7)}},
                     {"escapes in HELP", "# HELP a \\\\ \\n \\\" \"\n"},
                 });
    expect_invalid(kText, {
                              {"no other escape",
                               R"(a{b="\t"} 1)"
                               "\n",
                               "a backslash stands before"},
                              {"nor in HELP", "# HELP a \\t\n", "a backslash stands before"},
                              {"nor at its end", "# HELP a \\\n", "a backslash stands before"},
                              {"an escape at the end", "a{b=\"\\\n", "not closed"},
                              {"invalid UTF-8", "a 1\nb{c=\"\xBD\"} 1\n",
                               R"(line 2: it is not valid UTF-8: "b{c="\xbd"} 1")"},
                              {"a surrogate", "# \xED\xA0\x80\n", "line 1: it is not valid UTF-8"},
                              {"an overlong form", "# \xC0\x80\n", "not valid UTF-8"},
                          });
}

TEST(PrometheusText, QuotedNames) {
    expect_valid(
        kText,
        {
            {"a metric", "{\"my.name\"} 1\n", {"my.name 1"}},
            {"with labels", "{ \"my.name\" , \"a.b\"=\"c\",d=\"e\"} 1 2000\n", {"my.name|a.b=c|d=e 1 @2"}},
            {"labels alone", "a{\"b.c\"=\"d\"} 1\n", {"a|b.c=d 1"}},
            {"with its type", "# HELP \"a b\" c\n# TYPE \"a b\" counter\n{\"a b\"} 1\n", {"a b 1 counter"}},
            {"with escapes",
             R"({"a\"\\\nb",c="\n"} 1)"
             "\n",
             {"a\"\\\nb|c=\n 1"}},
        });
    expect_invalid(
        kText, {
                   {"two names", "{\"a.b\",\"c.d\"} 1\n", "an equals sign must follow"},
                   {"a name within and without", "a{\"b\"} 1\n", "two metric names"},
                   {"a name after a label", "{a=\"b\",\"c.d\"} 1\n", "an equals sign must follow"},
                   {"an empty name", "{\"\"} 1\n", "no label name"},
                   {"what follows", "{\"a.b\".c=\"d\"} 1\n", "a comma or a closing brace"},
                   {"an escape that there is not", "# TYPE \"a\\t\" counter\n", "a backslash stands before"},
                   {"a quoted name outside", "\"a.b\" 1\n", "no metric name"},
               });
}

TEST(PrometheusText, Values) {
    expect_valid(
        kText, {
                   {"integers", "a 0\nb -17\nc +5\nd 007\n", {"a 0", "b -17", "c 5", "d 7"}},
                   {"floats",
                    "a 1.5\nb .5\nc 5.\nd 1e3\ne 1E-2\nf 1.2e+03\n",
                    {"a 1.5", "b 0.5", "c 5", "d 1000", "e 0.01", "f 1200"}},
                   {"infinite", "a +Inf\nb -Inf\nc inf\nd INFINITY\n", {"a inf", "b -inf", "c inf", "d inf"}},
                   {"not a number", "a NaN\nb nan\n", {"a nan", "b nan"}},
                   {"too small is 0", "a 1e-400\nb -1e-400\n", {"a 0", "b -0"}},
                   {"timestamps are milliseconds",
                    "a 1 1500\nb 1 -1\nc 1 +0\n",
                    {"a 1 @1.5", "b 1 @-0.001", "c 1 @0"}},
               });
    expect_invalid(
        kText, {
                   {"no value", "a\n", "the value is missing"},
                   {"no value after a blank", "a \n", "the value is missing"},
                   {"no value after braces", "a{}\n", "the value is missing"},
                   {"words", "a blubb\n", R"(line 1: the value is not a number: "blubb": "a blubb")"},
                   {"hexadecimal", "a 0x1p-3\n", "not a number"},
                   {"hexadecimal integers", "a 0x1\n", "not a number"},
                   {"underscores", "a 1_2\n", "not a number"},
                   {"a comma", "a 1,5\n", "not a number"},
                   {"two signs", "a +-1\n", "not a number"},
                   {"a signed NaN", "a -NaN\n", "not a number"},
                   {"a payload", "a nan(1)\n", "not a number"},
                   {"half an exponent", "a 1e\n", "not a number"},
                   {"only a point", "a .\n", "not a number"},
                   {"too large", "a 1e400\n", "not a number"},
                   {"too large without exponent", "a " + std::string(400, '9') + "\n", "not a number"},
                   {"a fraction of a millisecond", "a 1 2.5\n", "the timestamp is not a number"},
                   {"a timestamp too large", "a 1 9223372036854775808\n", "the timestamp is not a number"},
                   {"a third number", "a 1 2 3\n", "more than a value and a timestamp"},
                   {"exemplars are OpenMetrics'", "a 1 # {} 1\n", "the timestamp is not a number"},
               });
}

TEST(PrometheusText, Families) {
    expect_valid(
        kText, {
                   {"types",
                    "# TYPE a counter\na 1\n# TYPE b gauge\nb 1\n# TYPE c untyped\nc 1\n",
                    {"a 1 counter", "b 1 gauge", "c 1"}},
                   {"blanks", " # \t TYPE \t a \t gauge \t \na 1\n", {"a 1 gauge"}},
                   {"no blank after the number sign", "#TYPE a gauge\na 1\n", {"a 1 gauge"}},
                   {"HELP without words",
                    "# HELP a\n# HELP b \n# HELP c"
                    " x\n"},
                   {"HELP after samples", "a 1\n# HELP a b\n", {"a 1"}},
                   {"a counter keeps its name", "# TYPE a_total counter\na_total 1\n", {"a_total 1 counter"}},
                   {"histograms",
                    "# TYPE a histogram\na_bucket{le=\"1\"} 1\na_bucket{le=\"+Inf\"} 2\na_sum 3\na_count "
                    "2\na_other 1\n",
                    {"a_bucket|le=1 1 histogram", "a_bucket|le=+Inf 2 histogram", "a_sum 3 histogram",
                     "a_count 2 histogram", "a_other 1"}},
                   {"summaries",
                    "# TYPE a summary\na{quantile=\"0.5\"} NaN\na_sum 3\na_count 2\na_bucket 1\n",
                    {"a|quantile=0.5 nan summary", "a_sum 3 summary", "a_count 2 summary", "a_bucket 1"}},
                   {"a family of that very name wins",
                    "# TYPE a histogram\n# TYPE a_sum gauge\na_sum 1\n",
                    {"a_sum 1 gauge"}},
                   {"the type may come between",
                    "a_sum 1\n# TYPE a summary\na_sum{b=\"c\"} 1\n",
                    {"a_sum 1", "a_sum|b=c 1 summary"}},
                   {"families may mix",
                    "# TYPE a gauge\na 1\nb 1\na{c=\"d\"} 2\n",
                    {"a 1 gauge", "b 1", "a|c=d 2 gauge"}},
               });
    expect_invalid(
        kText,
        {
            {"a second HELP", "# HELP a b\na 1\n# HELP a b\n", "line 3: there is a second HELP"},
            {"a second TYPE", "# TYPE a gauge\n# TYPE a gauge\n", "line 2: there is a second TYPE"},
            {"TYPE after samples", "a 1\n# TYPE a gauge\n", "line 2: the TYPE line must stand before"},
            {"an unknown type", "# TYPE a gouge\n", R"(there is no type "gouge")"},
            {"OpenMetrics' word", "# TYPE a unknown\n", "there is no type"},
            {"no type", "# TYPE a\n", "there is no type"},
            {"no name", "# TYPE\n", "no metric name"},
            {"no name in HELP", "# HELP \n", "no metric name"},
            {"more than a type", "# TYPE a gauge b\n", "more than a type"},
            {"a bad name", "# TYPE a-b gauge\n", "needs quotation marks"},
            {"le is a number", "# TYPE a histogram\na_bucket{le=\"x\"} 1\n", "the label le"},
            {"le is there", "# TYPE a histogram\na_bucket 1\n", "the label le"},
            {"quantile is a number", "# TYPE a summary\na{quantile=\"0x1p-3\"} 1\n", "the label quantile"},
            {"buckets do not go below 0", "# TYPE a histogram\na_bucket{le=\"1\"} -1\n",
             "a count is negative"},
            {"counts do not go below 0", "# TYPE a histogram\na_count -1\n", "a count is negative"},
        });
}

TEST(PrometheusText, SeriesTwice) {
    expect_invalid(kText,
                   {
                       {"a name", "a 1\nb 1\na 1\n", R"(line 3: the series is there twice (line 1): "a 1")"},
                       {"labels in another order", "a{b=\"1\",c=\"2\"} 1\na{c=\"2\",b=\"1\"} 2\n",
                        "line 2: the series is there twice (line 1)"},
                       {"an empty label is none", "a 1\na{b=\"\"} 2\n", "line 2: the series is there twice"},
                       {"whatever the time", "a 1 1\na 1 2\n", "line 2: the series is there twice"},
                       {"the first is named", "a 1\nb 1\nb 1\na 1\n", "line 3"},
                   });
    expect_valid(
        kText,
        {
            {"names and values do not run together",
             "a{b=\"cd\"} 1\na{bc=\"d\"} 1\nab{c=\"d\"} 1\na{b=\"c\",d=\"e\"} 1\na{b=\"e\",d=\"c\"} 1\n",
             {"a|b=cd 1", "a|bc=d 1", "ab|c=d 1", "a|b=c|d=e 1", "a|b=e|d=c 1"}},
        });
}

TEST(Exposition, FamiliesAreReported) {
    Notes text;
    ASSERT_TRUE(parse_exposition("# HELP a x\n# TYPE a counter\n# TYPE \"b.c\" gauge\n", kText, text));
    EXPECT_THAT(text.families(), testing::ElementsAre("a unknown", "a counter", "b.c gauge"));
    Notes open_metrics;
    ASSERT_TRUE(
        parse_exposition("# TYPE a info\n# HELP a x\n# UNIT b_s s\n# EOF\n", kOpenMetrics, open_metrics));
    EXPECT_THAT(open_metrics.families(), testing::ElementsAre("a info", "a info", "b_s unknown"));
}

TEST(Exposition, Limits) {
    const ExpositionLimits limits{.label_value_bytes = 4, .labels_per_sample = 2, .samples = 3};
    const auto read = [&](const char* page) {
        Notes notes;
        const auto result = parse_exposition(page, kText, notes, limits);
        return result ? std::string() : result.error().what;
    };
    EXPECT_EQ(read("a{b=\"1234\",c=\"\"} 1\nb 1\nc 1\n"), "");
    EXPECT_THAT(read("a{b=\"12345\"} 1\n"), HasSubstr("a label has more than 4 bytes"));
    EXPECT_THAT(read("a{b2345=\"1\"} 1\n"), HasSubstr("a label has more than 4 bytes"));
    EXPECT_THAT(read("abcde 1\n"), HasSubstr("the metric name is too long"));
    EXPECT_THAT(read("# TYPE abcde gauge\n"), HasSubstr("the metric name is too long"));
    EXPECT_THAT(read("a{b=\"1\",c=\"2\",d=\"3\"} 1\n"), HasSubstr("more than 2 labels"));
    EXPECT_THAT(read("a 1\nb 1\nc 1\nd 1\n"), HasSubstr("line 4: there are more than 3 samples"));
}

TEST(Exposition, ErrorsQuoteLittleAndHarmlessly) {
    Notes notes;
    const auto read = parse_exposition("\x1B[2J" + std::string(1000, 'x') + "\n", kText, notes);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().what,
              "line 1: there is no metric name: \"\\x1b[2J" + std::string(53, 'x') + "...\"");
}

TEST(Exposition, TimeIsLinear) {
    const auto seconds = [](const std::string& page, ExpositionFormat format) {
        Notes notes;
        const auto begin = std::chrono::steady_clock::now();
        EXPECT_TRUE(
            parse_exposition(page, format, notes,
                             {.label_value_bytes = 4'000'000, .labels_per_sample = 64, .samples = 400'000}));
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    };
    std::string escapes = "a{b=\"";
    for (int i = 0; i < 500'000; ++i) escapes += "\\n";
    EXPECT_LT(seconds(escapes + "\"} 1\n", kText), 5);
    std::string families;
    for (int i = 0; i < 60'000; ++i) families += "a" + std::to_string(i) + " 1\n";
    EXPECT_LT(seconds(families, kText), 5);
    EXPECT_LT(seconds(families + "# EOF\n", kOpenMetrics), 5);
}

TEST(Exposition, FormatByContentType) {
    const std::vector<std::pair<const char*, std::optional<ExpositionFormat>>> cases{
        {"", kText},
        {" ", kText},
        {"text/plain", kText},
        {"text/plain; version=0.0.4; charset=utf-8; escaping=values", kText},
        {"TEXT/Plain;version=1.0.0", kText},
        {"application/openmetrics-text", kOpenMetrics},
        {"application/openmetrics-text; version=1.0.0; charset=utf-8", kOpenMetrics},
        {"Application/OpenMetrics-Text ; charset=utf-8 ; Version = \"1.0.0\"", kOpenMetrics},
        {"application/openmetrics-text; version=0.0.1", kOpenMetrics},
        {"application/openmetrics-text; version=2.0.0", std::nullopt},
        {"application/openmetrics-text2", std::nullopt},
        {"application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
         std::nullopt},
        {"text/html; charset=utf-8", std::nullopt},
        {"application/json", std::nullopt},
        {";", std::nullopt},
        {"text/plain, text/plain", std::nullopt},
    };
    for (const auto& [header, format] : cases) EXPECT_EQ(exposition_format(header), format) << header;
}

}  // namespace
}  // namespace keyshift::formats
