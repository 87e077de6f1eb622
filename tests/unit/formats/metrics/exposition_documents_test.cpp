// SPDX-License-Identifier: Apache-2.0
// exposition_text.hpp: pages of metrics, each with what is read of it, or with the line and the reason why it
// is refused. What Prometheus takes and cannot change a number is taken.
#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "formats/metrics/exposition_text.hpp"

namespace keyshift::formats {
namespace {

using namespace std::string_view_literals;

constexpr ExpositionFormat kText = ExpositionFormat::prometheus_text;
constexpr ExpositionFormat kOpenMetrics = ExpositionFormat::open_metrics;

std::string s(std::string_view text) {
    return std::string(text);
}

/// Writes down what it is told: "a|b=c 1.5 @12 gauge; ".
class Notes : public ExpositionHandler {
 public:
    void sample(const ExpositionSample& sample) override {
        if (!text_.empty()) text_ += "; ";
        text_ += sample.name;
        for (const ExpositionLabel& label : sample.labels)
            text_.append("|").append(label.name).append("=").append(label.value);
        text_ += ' ' + number(sample.value);
        if (sample.at_seconds) text_ += " @" + number(*sample.at_seconds);
        if (sample.type != MetricType::unknown) text_.append(" ").append(name_of(sample.type));
    }

    const std::string& text() const { return text_; }

 private:
    static std::string number(double value) {
        std::array<char, 40> text{};
        return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
    }

    std::string text_;
};

struct Document {
    const char* what;
    std::string page;
    std::string outcome;
};

void expect_all(ExpositionFormat format, const std::vector<Document>& documents) {
    for (const Document& document : documents) {
        Notes notes;
        const auto read = parse_exposition(document.page, format, notes);
        EXPECT_EQ(read ? notes.text() : read.error().what, document.outcome) << document.what;
    }
}

TEST(ExpositionDocuments, TextBlanks) {
    expect_all(
        kText,
        {
            {"an empty page", "", ""},
            {"empty lines", "\n \t\n\na 1\n\n", "a 1"},
            {"blanks and tabs between tokens", " \ta\t \t1 \t 5000\t \n", "a 1 @5"},
            {"blanks inside braces", "a { b = \"c\" , d=\"e\" } 1\n", "a|b=c|d=e 1"},
            {"no blank behind a brace", "a{b=\"c\"}1\n", "a|b=c 1"},
            {"comments", "#\n# \n#a\n # b c\n\t#\tTYPEX a gauge\n# EOF\na 1\n", "a 1"},
            {"names", "a:b_C9 1\n_ 2\n:x 3\n", "a:b_C9 1; _ 2; :x 3"},
            {"empty braces", "a{} 1\nb{ } 2\n", "a 1; b 2"},
            {"a comma at the end", "a{b=\"c\",} 1\nd{e=\"f\" , } 2\n", "a|b=c 1; d|e=f 2"},
            {"no comma", "a{b=\"c\" d=\"e\"f=\"g\"} 1\n", "a|b=c|d=e|f=g 1"},
            {"an empty label is no label", "a{b=\"\",c=\"d\"} 1\n", "a|c=d 1"},
            {"number sign and braces in a value", "a{b=\"} # {\"} 1\n", "a|b=} # { 1"},
            {"a carriage return in a comment", "# a\r\na 1\n", "a 1"},
            {"a carriage return in HELP", "# HELP a b\r\na 1\n", "a 1"},
            {"a carriage return behind a value", "a 1\r\n",
             "line 1: it ends in a carriage return; only line feeds end lines, at a"},
            {"an empty line with a carriage return", "a 1\n\r\n",
             "line 2: it ends in a carriage return; only line feeds end lines"},
            {"a carriage return behind a type", "# TYPE a gauge\r\n", "line 1: there is no such type, at a"},
            {"the page breaks off", "a 1\nb 12", "line 2: the page breaks off: no line feed ends it, at b"},
            {"the page breaks off in a comment", "a 1\n# HELP a",
             "line 2: the page breaks off: no line feed ends it, at a"},
            {"a byte order mark", "\357\273\277a 1\n", "line 1: there is no metric name"},
            {"NUL is no blank", s("a\000 1\n"sv),
             "line 1: the metric name has a character that needs quotation marks, at a"},
            {"only a comma", "a{,} 1\n",
             "line 1: there is no label name, or one that needs quotation marks, at a"},
            {"two commas", "a{b=\"c\",,d=\"e\"} 1\n",
             "line 1: there is no label name, or one that needs quotation marks, at a"},
            {"a comma first", "a{,b=\"c\"} 1\n",
             "line 1: there is no label name, or one that needs quotation marks, at a"},
        });
}

TEST(ExpositionDocuments, TextNames) {
    expect_all(
        kText,
        {
            {"begin with no digit", "0a 1\n", "line 1: there is no metric name"},
            {"have no point", "a.b 1\n",
             "line 1: the metric name has a character that needs quotation marks, at a"},
            {"have no hyphen", "a-b 1\n",
             "line 1: the metric name has a character that needs quotation marks, at a"},
            {"no name", "{b=\"c\"} 1\n", "line 1: there is no metric name"},
            {"no name at all", "{} 1\n", "line 1: there is no metric name"},
            {"a label without value", "a{b} 1\n", "line 1: an equals sign must follow a label name, at a"},
            {"a value without quotation marks", "a{b=c} 1\n",
             "line 1: a label's value is not in quotation marks, at a"},
            {"single quotation marks", "a{b='c'} 1\n",
             "line 1: a label's value is not in quotation marks, at a"},
            {"a colon in a label's name", "a{b:c=\"d\"} 1\n",
             "line 1: an equals sign must follow a label name, at a"},
            {"an empty label's name", "a{=\"d\"} 1\n",
             "line 1: there is no label name, or one that needs quotation marks, at a"},
            {"the reserved label", "a{__name__=\"d\"} 1\n",
             "line 1: the label name __name__ is reserved, at a"},
            {"a label twice", "a{b=\"1\",c=\"2\",b=\"\"} 1\n", "line 1: a label is there twice, at a"},
            {"braces left open", "a{b=\"c\" 1\n",
             "line 1: a comma or a closing brace must follow a label, at a"},
            {"a value left open", "a{b=\"c} 1\nx\"} 1\n", "line 1: a quotation mark is not closed, at a"},
            {"a label's value with a line feed", "a{b=\"c\nd\"} 1\n",
             "line 1: a quotation mark is not closed, at a"},
            {"type and unit as labels", "a{__type__=\"counter\",__unit__=\"s\"} 1\n",
             "a|__type__=counter|__unit__=s 1"},
            {"labels that begin with an underscore", "a{_b=\"c\"} 1\n", "a|_b=c 1"},
            {"HTML", "<html>\n<body>secret</body>\n", "line 1: there is no metric name"},
            {"JSON", "{\"token\": \"secret\"}\n", "line 1: a comma or a closing brace must follow a label"},
            {"a sentence", "Unauthorized\n", "line 1: the value is missing, at Unauthorized"},
        });
}

TEST(ExpositionDocuments, TextEscapesAndUtf8) {
    expect_all(
        kText,
        {
            {"the three escapes", "a{b=\"\\\\ \\\" \\n\",c=\"d\"} 1\n", "a|b=\\ \" \n|c=d 1"},
            {"another escape stays as it is", "a{b=\"\\t\\x\"} 1\n", "a|b=\\t\\x 1"},
            {"another escape in HELP", "# HELP a \\t \\x \\\na 1\n", "a 1"},
            {"escapes in HELP", "# HELP a \\\\ \\n \\\" \"\na 1\n", "a 1"},
            {"an escape at the end", "a{b=\"\\\n", "line 1: a quotation mark is not closed, at a"},
            {"UTF-8", "a{b=\"\303\244\342\202\254\360\237\230\200\"} 1\n",
             "a|b=\303\244\342\202\254\360\237\230\200 1"},
            {"a carriage return within a value", "a{b=\"\r\"} 1\n", "a|b=\r 1"},
            {"NUL within a value", s("a{b=\"\000\"} 1\n"sv), s("a|b=\000 1"sv)},
            {"NUL in HELP", s("# HELP a b\000c\na 1\n"sv), "a 1"},
            {"bytes that are no UTF-8", "a 1\nb{c=\"\275\"} 1\n", "line 2: it is not valid UTF-8, at b"},
            {"in HELP", "# HELP a \275\na 1\n", "a 1"},
            {"in a comment", "# \275\na 1\n", "a 1"},
            {"an overlong form", "a{b=\"\300\200\"} 1\n", "line 1: it is not valid UTF-8, at a"},
            {"a surrogate", "a{b=\"\355\240\200\"} 1\n", "line 1: it is not valid UTF-8, at a"},
        });
}

TEST(ExpositionDocuments, TextQuotedNames) {
    expect_all(
        kText,
        {
            {"a metric", "{\"my.name\"} 1\n", "my.name 1"},
            {"with labels", "{ \"my.name\" , \"a.b\"=\"c\",d=\"e\"} 1 2000\n", "my.name|a.b=c|d=e 1 @2"},
            {"not first", "{a=\"b\",\"c.d\"} 1\n", "c.d|a=b 1"},
            {"between labels", "{a=\"b\",\"c.d\",e=\"f\"} 1\n", "c.d|a=b|e=f 1"},
            {"with a comma at the end", "{\"a.b\",} 1\n", "a.b 1"},
            {"labels alone", "a{\"b.c\"=\"d\"} 1\n", "a|b.c=d 1"},
            {"with its type", "# HELP \"a b\" c\n# TYPE \"a b\" counter\n{\"a b\"} 1\n", "a b 1 counter"},
            {"with escapes", "{\"a\\\"\\\\\\nb\",c=\"\\n\"} 1\n", "a\"\\\nb|c=\n 1"},
            {"two names", "{\"a.b\",\"c.d\"} 1\n", "line 1: there are two metric names"},
            {"within and without", "a{\"b\"} 1\n", "line 1: there are two metric names, at a"},
            {"an empty name", "{\"\"} 1\n",
             "line 1: there is no label name, or one that needs quotation marks"},
            {"what follows", "{\"a.b\".c=\"d\"} 1\n",
             "line 1: a comma or a closing brace must follow a label"},
            {"outside of braces", "\"a.b\" 1\n", "line 1: there is no metric name"},
        });
}

TEST(ExpositionDocuments, TextValues) {
    expect_all(
        kText,
        {
            {"integers", "a 0\nb -17\nc +5\nd 007\n", "a 0; b -17; c 5; d 7"},
            {"floats", "a 1.5\nb .5\nc 5.\nd 1e3\ne 1E-2\nf 1.2e+03\n",
             "a 1.5; b 0.5; c 5; d 1000; e 0.01; f 1200"},
            {"infinite", "a +Inf\nb -Inf\nc inf\nd INFINITY\n", "a inf; b -inf; c inf; d inf"},
            {"not a number", "a NaN\nb nan\n", "a nan; b nan"},
            {"too small is 0", "a 1e-400\n", "a 0"},
            {"large", "a 18446744073709551615\n", "a 18446744073709551616"},
            {"timestamps are milliseconds", "a 1 1500\nb 1 -1\nc 1 +0\n", "a 1 @1.5; b 1 @-0.001; c 1 @0"},
            {"no value", "a\n", "line 1: the value is missing, at a"},
            {"no value behind a blank", "a \n", "line 1: the value is missing, at a"},
            {"no value behind braces", "a{}\n", "line 1: the value is missing, at a"},
            {"words", "a true\n", "line 1: the value is not a number, at a"},
            {"hexadecimal", "a 0x1p-3\n", "line 1: the value is not a number, at a"},
            {"underscores", "a 1_2\n", "line 1: the value is not a number, at a"},
            {"a comma", "a 1,5\n", "line 1: the value is not a number, at a"},
            {"two signs", "a +-1\n", "line 1: the value is not a number, at a"},
            {"a signed NaN", "a -NaN\n", "line 1: the value is not a number, at a"},
            {"half an exponent", "a 1e\n", "line 1: the value is not a number, at a"},
            {"only a point", "a .\n", "line 1: the value is not a number, at a"},
            {"too large", "a 1e400\n", "line 1: the value is not a number, at a"},
            {"a fraction of a millisecond", "a 1 2.5\n", "line 1: the timestamp is not a number, at a"},
            {"a timestamp too large", "a 1 9223372036854775808\n",
             "line 1: the timestamp is not a number, at a"},
            {"a third number", "a 1 2 3\n", "line 1: there is more than a value and a timestamp, at a"},
            {"an exemplar", "a 1 # {} 1\n", "line 1: the timestamp is not a number, at a"},
        });
}

TEST(ExpositionDocuments, TextFamilies) {
    expect_all(
        kText,
        {
            {"types", "# TYPE a counter\na 1\n# TYPE b gauge\nb 1\n# TYPE c untyped\nc 1\n",
             "a 1 counter; b 1 gauge; c 1"},
            {"types of OpenMetrics",
             "# TYPE a gaugehistogram\na_bucket{le=\"1\"} 1\na_gcount 1\n# TYPE b unknown\nb 1\n# TYPE c "
             "info\nc 1\n# TYPE d stateset\nd 1\n",
             "a_bucket|le=1 1 gaugehistogram; a_gcount 1 gaugehistogram; b 1; c 1 info; d 1 stateset"},
            {"blanks", " # \t TYPE \t a \t gauge \t \na 1\n", "a 1 gauge"},
            {"no blank behind the number sign", "#TYPE a gauge\na 1\n", "a 1 gauge"},
            {"HELP without words", "# HELP a\n# HELP b \na 1\n", "a 1"},
            {"HELP of nothing", "# HELP\n# HELP \n#HELP\na 1\n", "a 1"},
            {"TYPE of nothing", "# TYPE\n# TYPE \na 1\n", "a 1"},
            {"HELP behind samples", "a 1\n# HELP a b\n", "a 1"},
            {"HELP twice", "# HELP a b\na 1\n# HELP a c\n", "a 1"},
            {"TYPE twice, the same", "# TYPE a gauge\na 1\n# TYPE a gauge\na{b=\"c\"} 2\n",
             "a 1 gauge; a|b=c 2 gauge"},
            {"TYPE behind samples, that they had", "a 1\n# TYPE a untyped\n", "a 1"},
            {"a counter keeps its name", "# TYPE a_total counter\na_total 1\n", "a_total 1 counter"},
            {"histograms",
             "# TYPE a histogram\na_bucket{le=\"1\"} 1\na_bucket{le=\"+Inf\"} 2\na_sum 3\na_count 2\na_other "
             "1\n",
             "a_bucket|le=1 1 histogram; a_bucket|le=+Inf 2 histogram; a_sum 3 histogram; a_count 2 "
             "histogram; a_other 1"},
            {"buckets whose bound is no number", "# TYPE a histogram\na_bucket{le=\"x\"} 1\na_bucket 2\n",
             "a_bucket|le=x 1 histogram; a_bucket 2 histogram"},
            {"a negative count", "# TYPE a histogram\na_count -1\n", "a_count -1 histogram"},
            {"summaries",
             "# TYPE a summary\na{quantile=\"0.5\"} NaN\na{quantile=\"x\"} 1\na_sum 3\na_count 2\na_bucket "
             "1\n",
             "a|quantile=0.5 nan summary; a|quantile=x 1 summary; a_sum 3 summary; a_count 2 summary; "
             "a_bucket 1"},
            {"a family of that very name wins", "# TYPE a histogram\n# TYPE a_sum gauge\na_sum 1\n",
             "a_sum 1 gauge"},
            {"families may mix", "# TYPE a gauge\na 1\nb 1\na{c=\"d\"} 2\n", "a 1 gauge; b 1; a|c=d 2 gauge"},
            {"another type", "# TYPE a gauge\n# TYPE a counter\n",
             "line 2: a second TYPE line gives this metric another type, at a"},
            {"a type behind samples", "a 1\n# TYPE a gauge\n",
             "line 2: the TYPE line must stand before the samples of its metric, at a"},
            {"no such type", "# TYPE a gouge\n", "line 1: there is no such type, at a"},
            {"no type", "# TYPE a\n", "line 1: there is no such type, at a"},
            {"more than a type", "# TYPE a gauge b\n", "line 1: a TYPE line has more than a type, at a"},
            {"a bad name", "# TYPE a-b gauge\n", "line 1: the metric name needs quotation marks, at a"},
        });
}

TEST(ExpositionDocuments, TextSeriesTwice) {
    expect_all(
        kText,
        {
            {"a name", "a 1\nb 1\na 1\n", "line 3: the series is there twice (line 1), at a"},
            {"labels in another order", "a{b=\"1\",c=\"2\"} 1\na{c=\"2\",b=\"1\"} 2\n",
             "line 2: the series is there twice (line 1), at a"},
            {"an empty label is none", "a 1\na{b=\"\"} 2\n",
             "line 2: the series is there twice (line 1), at a"},
            {"at one time", "a 1 5\na 2 5\n", "line 2: the series is there twice (line 1), at a"},
            {"at two times", "a 1 1\na 2 2\n", "a 1 @0.001; a 2 @0.002"},
            {"with and without a time", "a 1 1\na 2\n", "a 1 @0.001; a 2"},
            {"the first is named", "a 1\nb 1\nb 1\na 1\n",
             "line 3: the series is there twice (line 2), at b"},
            {"names and values do not run together",
             "a{b=\"cd\"} 1\na{bc=\"d\"} 1\nab{c=\"d\"} 1\na{b=\"c\",d=\"e\"} 1\na{b=\"e\",d=\"c\"} 1\n",
             "a|b=cd 1; a|bc=d 1; ab|c=d 1; a|b=c|d=e 1; a|b=e|d=c 1"},
        });
}

TEST(ExpositionDocuments, OpenMetricsTheEnd) {
    expect_all(kOpenMetrics,
               {
                   {"alone", "# EOF\n", ""},
                   {"without line feed", "a 1\n# EOF", "a 1"},
                   {"missing on an empty page", "", "line 1: the page breaks off: # EOF is missing"},
                   {"missing", "a 1\n", "line 1: the page breaks off: # EOF is missing, at a"},
                   {"missing in the midst of a line", "a 1",
                    "line 1: the page breaks off: no line feed ends it, at a"},
                   {"an empty line behind it", "# EOF\n\n", "line 2: there is something after # EOF"},
                   {"something behind it", "# EOF\na 1\n", "line 2: there is something after # EOF, at a"},
                   {"a blank behind it", "# EOF \n",
                    "line 1: only # TYPE, # HELP, # UNIT and # EOF may begin with a number sign"},
                   {"a carriage return behind it", "# EOF\r\n",
                    "line 1: only # TYPE, # HELP, # UNIT and # EOF may begin with a number sign"},
                   {"a blank before it", " # EOF\n", "line 1: there is no metric name"},
               });
}

TEST(ExpositionDocuments, OpenMetricsBlanks) {
    expect_all(
        kOpenMetrics,
        {
            {"one between tokens", "a 1\nb{} 1\nc{d=\"e\",f=\"g\"} 1 5\n# EOF\n", "a 1; b 1; c|d=e|f=g 1 @5"},
            {"an empty line", "\na 1\n# EOF\n", "line 1: there is an empty line"},
            {"one before the name", " a 1\n# EOF\n", "line 1: there is no metric name, at a"},
            {"two before the value", "a  1\n# EOF\n", "line 1: the value is missing, at a"},
            {"a tab", "a\t1\n# EOF\n",
             "line 1: the metric name has a character that needs quotation marks, at a"},
            {"one behind the value", "a 1 \n# EOF\n", "line 1: the timestamp is not a number, at a"},
            {"two before the timestamp", "a 1  2\n# EOF\n", "line 1: the timestamp is not a number, at a"},
            {"one behind the timestamp", "a 1 2 \n# EOF\n",
             "line 1: there is more than a value and a timestamp, at a"},
            {"one before braces", "a {} 1\n# EOF\n", "line 1: the value is not a number, at a"},
            {"none behind braces", "a{}1\n# EOF\n", "line 1: a blank must follow the labels, at a"},
            {"inside braces", "a{ b=\"c\"} 1\n# EOF\n",
             "line 1: there is no label name, or one that needs quotation marks, at a"},
            {"before an equals sign", "a{b =\"c\"} 1\n# EOF\n",
             "line 1: an equals sign must follow a label name, at a"},
            {"behind an equals sign", "a{b= \"c\"} 1\n# EOF\n",
             "line 1: a label's value is not in quotation marks, at a"},
            {"before a closing brace", "a{b=\"c\" } 1\n# EOF\n",
             "line 1: a comma or a closing brace must follow a label, at a"},
            {"a comma at the end", "a{b=\"c\",} 1\n# EOF\n", "a|b=c 1"},
            {"no comma", "a{b=\"c\"d=\"e\"} 1\n# EOF\n",
             "line 1: a comma or a closing brace must follow a label, at a"},
            {"two commas", "a{b=\"c\",,d=\"e\"} 1\n# EOF\n",
             "line 1: there is no label name, or one that needs quotation marks, at a"},
            {"a carriage return", "a 1\r\n# EOF\n",
             "line 1: it ends in a carriage return; only line feeds end lines, at a"},
        });
}

TEST(ExpositionDocuments, OpenMetricsNames) {
    expect_all(
        kOpenMetrics,
        {
            {"escapes", "a{b=\"\\n\\\\\\\"\\x\"} 1\n# EOF\n", "a|b=\n\\\"\\x 1"},
            {"quoted", "{\"a.b\",b=\"c\"} 1\n# EOF\n", "a.b|b=c 1"},
            {"quoted, not first", "{q=\"0.9\",\"http.status\",a=\"b\"} 8.3835e-05\n# EOF\n",
             "http.status|q=0.9|a=b 8.3835e-05"},
            {"quoted, the last", "{q=\"0.9\",\"http.status\"} 1\n# EOF\n", "http.status|q=0.9 1"},
            {"quoted with type", "# TYPE \"a.b\" counter\n{\"a.b_total\"} 1\n# EOF\n", "a.b_total 1 counter"},
            {"points", "a.b 1\n# EOF\n",
             "line 1: the metric name has a character that needs quotation marks, at a"},
            {"bytes that are no UTF-8", "a{b=\"\377\"} 1\n# EOF\n", "line 1: it is not valid UTF-8, at a"},
            {"no name", "{b=\"c\"} 1\n# EOF\n", "line 1: there is no metric name"},
            {"two names", "{\"a.b\",\"c.d\"} 1\n# EOF\n", "line 1: there are two metric names"},
        });
}

TEST(ExpositionDocuments, OpenMetricsMetadata) {
    expect_all(
        kOpenMetrics,
        {
            {"all three", "# TYPE a_s gauge\n# UNIT a_s s\n# HELP a_s x\na_s 1\n# EOF\n", "a_s 1 gauge"},
            {"empty ones", "# HELP a \n# UNIT a \na 1\n# EOF\n", "a 1"},
            {"any escape in HELP", "# HELP a \\x \\\" \303\244\na 1\n# EOF\n", "a 1"},
            {"twice",
             "# TYPE a gauge\n# TYPE a gauge\n# HELP a \n# HELP a x\n# UNIT a_s s\n# UNIT a_s s\n# EOF\n",
             ""},
            {"behind samples", "# TYPE a gauge\na 1\n# HELP a x\n# EOF\n", "a 1 gauge"},
            {"a type behind samples", "a 1\n# TYPE a gauge\n# EOF\n",
             "line 2: the TYPE line must stand before the samples of its metric, at a"},
            {"another type", "# TYPE a gauge\n# TYPE a counter\n# EOF\n",
             "line 2: a second TYPE line gives this metric another type, at a"},
            {"an info with a unit", "# TYPE a_s info\n# UNIT a_s s\na_s_info 1\n# EOF\n", "a_s_info 1 info"},
            {"a comment", "# a comment\n# EOF\n",
             "line 1: only # TYPE, # HELP, # UNIT and # EOF may begin with a number sign"},
            {"a number sign alone", "#\n# EOF\n",
             "line 1: only # TYPE, # HELP, # UNIT and # EOF may begin with a number sign"},
            {"no blank behind the number sign", "#TYPE a gauge\n# EOF\n",
             "line 1: only # TYPE, # HELP, # UNIT and # EOF may begin with a number sign, at a"},
            {"small letters", "# type a gauge\n# EOF\n",
             "line 1: only # TYPE, # HELP, # UNIT and # EOF may begin with a number sign"},
            {"a tab", "#\tTYPE a gauge\n# EOF\n",
             "line 1: only # TYPE, # HELP, # UNIT and # EOF may begin with a number sign, at a"},
            {"no name", "# TYPE \n# EOF\n", "line 1: there is no metric name"},
            {"no type", "# TYPE a\n# EOF\n", "line 1: a blank must follow the family's name, at a"},
            {"no words", "# HELP a\n# EOF\n", "line 1: a blank must follow the family's name, at a"},
            {"no such type", "# TYPE a gouge\n# EOF\n", "line 1: there is no such type, at a"},
            {"the word of the text format", "# TYPE a untyped\n# EOF\n",
             "line 1: there is no such type, at a"},
            {"a blank behind the type", "# TYPE a gauge \n# EOF\n", "line 1: there is no such type, at a"},
            {"a unit that is not in the name", "# UNIT a seconds\n# EOF\n",
             "line 1: the metric's name does not end in its unit, at a"},
            {"a unit that is the name", "# UNIT s s\n# EOF\n",
             "line 1: the metric's name does not end in its unit, at s"},
            {"a unit without its underscore", "# UNIT as s\n# EOF\n",
             "line 1: the metric's name does not end in its unit, at as"},
        });
}

TEST(ExpositionDocuments, OpenMetricsFamilies) {
    expect_all(
        kOpenMetrics,
        {
            {"counters", "# TYPE a counter\na_total 1\na_created 1.5\n# EOF\n",
             "a_total 1 counter; a_created 1.5 counter"},
            {"a counter without its suffix", "# TYPE a counter\na 1\n# EOF\n", "a 1 counter"},
            {"a counter called so", "# TYPE a_total counter\na_total 1\n# EOF\n", "a_total 1 counter"},
            {"an info", "# TYPE a info\na_info{b=\"c\"} 1\n# EOF\n", "a_info|b=c 1 info"},
            {"an info that is not 1", "# TYPE a info\na_info{b=\"c\"} 2\n# EOF\n", "a_info|b=c 2 info"},
            {"a state set", "# TYPE a stateset\na{a=\"x\"} 1\na{a=\"y\"} 0\n# EOF\n",
             "a|a=x 1 stateset; a|a=y 0 stateset"},
            {"another family begins", "# TYPE a gauge\na_total 1\n# EOF\n", "a_total 1"},
            {"without a type", "a_total 1\n# EOF\n", "a_total 1"},
            {"mixed", "a 1\nb 1\na{c=\"d\"} 1\n# EOF\n", "a 1; b 1; a|c=d 1"},
            {"a metric that goes on",
             "# TYPE a gauge\na{b=\"1\"} 1 1\na{b=\"2\"} 1 1\na{b=\"1\"} 1 2\n# EOF\n",
             "a|b=1 1 @1 gauge; a|b=2 1 @1 gauge; a|b=1 1 @2 gauge"},
            {"a histogram",
             "# TYPE a histogram\na_bucket{le=\"1\"} 1\na_bucket{le=\"+Inf\"} 2\na_count 2\na_sum "
             "3\na_created 4\n# EOF\n",
             "a_bucket|le=1 1 histogram; a_bucket|le=+Inf 2 histogram; a_count 2 histogram; a_sum 3 "
             "histogram; a_created 4 histogram"},
            {"a histogram without its last bucket",
             "# TYPE a histogram\na_bucket{le=\"1\"} 1\na_count 2\n# EOF\n",
             "a_bucket|le=1 1 histogram; a_count 2 histogram"},
            {"buckets that do not rise",
             "# TYPE a histogram\na_bucket{le=\"2\"} 2\na_bucket{le=\"1\"} 3\n# EOF\n",
             "a_bucket|le=2 2 histogram; a_bucket|le=1 3 histogram"},
            {"a gauge histogram",
             "# TYPE a gaugehistogram\na_bucket{le=\"-1\"} 1\na_bucket{le=\"+Inf\"} 2\na_gcount 2\na_gsum "
             "-5\n# EOF\n",
             "a_bucket|le=-1 1 gaugehistogram; a_bucket|le=+Inf 2 gaugehistogram; a_gcount 2 gaugehistogram; "
             "a_gsum -5 gaugehistogram"},
            {"a gauge histogram with the names of a histogram",
             "# TYPE a gaugehistogram\na_bucket{le=\"+Inf\"} 2\na_count 2\na_sum 3\n# EOF\n",
             "a_bucket|le=+Inf 2 gaugehistogram; a_count 2 gaugehistogram; a_sum 3 gaugehistogram"},
            {"a summary", "# TYPE a summary\na{quantile=\"0\"} NaN\na_sum 0\na_count 0\na_created 1\n# EOF\n",
             "a|quantile=0 nan summary; a_sum 0 summary; a_count 0 summary; a_created 1 summary"},
            {"a negative counter", "# TYPE a counter\na_total -1\n# EOF\n", "a_total -1 counter"},
            {"a counter that is no number", "# TYPE a counter\na_total NaN\n# EOF\n", "a_total nan counter"},
        });
}

TEST(ExpositionDocuments, OpenMetricsTimestamps) {
    expect_all(
        kOpenMetrics,
        {
            {"seconds", "a 1 1.5\nb 1 -1e3\n# EOF\n", "a 1 @1.5; b 1 @-1000"},
            {"two", "a 1 1\na 2 2\n# EOF\n", "a 1 @1; a 2 @2"},
            {"that go back", "a 1 2\na 2 1\n# EOF\n", "a 1 @2; a 2 @1"},
            {"with and without", "a 1 2\na 2\n# EOF\n", "a 1 @2; a 2"},
            {"the same twice", "a 1 5\na 2 5.0\n# EOF\n", "line 2: the series is there twice (line 1), at a"},
            {"none, twice", "a 1\na 2\n# EOF\n", "line 2: the series is there twice (line 1), at a"},
            {"words", "a 1 x\n# EOF\n", "line 1: the timestamp is not a number, at a"},
            {"not a number", "a 1 NaN\n# EOF\n", "line 1: the timestamp is not a number, at a"},
            {"infinite", "a 1 Inf\n# EOF\n", "line 1: the timestamp is not a number, at a"},
            {"underscores", "a 1 1_2\n# EOF\n", "line 1: the timestamp is not a number, at a"},
            {"a third number", "a 1 1 1\n# EOF\n",
             "line 1: there is more than a value and a timestamp, at a"},
        });
}

TEST(ExpositionDocuments, OpenMetricsExemplars) {
    expect_all(
        kOpenMetrics,
        {
            {"of a counter", "# TYPE a counter\na_total 1 # {} 2\n# EOF\n", "a_total 1 counter"},
            {"with time", "# TYPE a counter\na_total{b=\" # {\"} 1 5 # {id=\"a # b\"} 0.5 7.5\n# EOF\n",
             "a_total|b= # { 1 @5 counter"},
            {"of a bucket", "# TYPE a histogram\na_bucket{le=\"+Inf\"} 1 # {a=\"b\"} 1\n# EOF\n",
             "a_bucket|le=+Inf 1 histogram"},
            {"of a count", "# TYPE a histogram\na_count 1 # {a=\"b\"} 1\n# EOF\n", "a_count 1 histogram"},
            {"of a gauge", "# TYPE a gauge\na 1 # {a=\"b\"} 1\n# EOF\n", "a 1 gauge"},
            {"of a summary's count",
             "# TYPE a summary\na_count 1 # {\"id.thing\"=\"x\",other=\"hello\"} 4\n# EOF\n",
             "a_count 1 summary"},
            {"long", "a 1 # {a=\"" + std::string(200, 'x') + "\"} 2\n# EOF\n", "a 1"},
            {"a comma at the end", "a 1 # {a=\"b\",} 1\n# EOF\n", "a 1"},
            {"nothing", "a 1 #\n# EOF\n", "line 1: the timestamp is not a number, at a"},
            {"no blank", "a 1# {} 1\n# EOF\n", "line 1: the value is not a number, at a"},
            {"no labels", "a 1 # \n# EOF\n", "line 1: an exemplar must begin with its labels, at a"},
            {"no value", "a 1 # {}\n# EOF\n", "line 1: an exemplar has no value, at a"},
            {"no blank before the value", "a 1 # {}1\n# EOF\n", "line 1: an exemplar has no value, at a"},
            {"words", "a 1 # {} x\n# EOF\n", "line 1: an exemplar has no value, at a"},
            {"a time that is no number", "a 1 # {} 1 NaN\n# EOF\n",
             "line 1: the timestamp is not a number, at a"},
            {"more", "a 1 # {} 1 1 1\n# EOF\n", "line 1: there is more than a value and a timestamp, at a"},
            {"a label twice", "a 1 # {a=\"1\",a=\"2\"} 1\n# EOF\n", "line 1: a label is there twice, at a"},
            {"a name", "a 1 # {\"a\"} 1\n# EOF\n", "line 1: an equals sign must follow a label name, at a"},
            {"a value without quotation marks", "a 1 # {a=b} 1\n# EOF\n",
             "line 1: a label's value is not in quotation marks, at a"},
        });
}
}  // namespace
}  // namespace keyshift::formats
