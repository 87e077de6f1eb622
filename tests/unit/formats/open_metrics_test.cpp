// SPDX-License-Identifier: Apache-2.0
// exposition_text.hpp: OpenMetrics 1.0, each rule with pages that keep it and pages that break it.
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/exposition_text.hpp"

namespace keyshift::formats {
namespace {

class Count : public ExpositionHandler {
 public:
    void sample(const ExpositionSample& sample) override {
        ++count_;
        last_ = std::string(sample.name) + " " + std::string(name_of(sample.type));
        last_label_ = std::string(sample.label("b"));
        at_ = sample.at_seconds;
    }
    int count_ = 0;
    std::string last_;
    std::string last_label_;
    std::optional<double> at_;
};

/// The error of `page` with "# EOF" at its end; empty when it is valid.
std::string error_of(const std::string& page) {
    Count count;
    const auto read = parse_exposition(page + "# EOF\n", ExpositionFormat::open_metrics, count);
    return read ? std::string() : read.error().what;
}

Count last_of(const std::string& page) {
    Count count;
    const auto read = parse_exposition(page + "# EOF\n", ExpositionFormat::open_metrics, count);
    EXPECT_TRUE(read) << page << (read ? "" : read.error().what);
    return count;
}

struct Invalid {
    const char* page;
    const char* what;
};

void expect_valid(const std::vector<const char*>& pages) {
    for (const char* page : pages) EXPECT_EQ(error_of(page), "") << page;
}

void expect_invalid(const std::vector<Invalid>& cases) {
    for (const Invalid& example : cases)
        EXPECT_THAT(error_of(example.page), testing::HasSubstr(example.what)) << example.page;
}

TEST(OpenMetrics, TheEnd) {
    const auto read = [](std::string_view page) {
        Count count;
        const auto result = parse_exposition(page, ExpositionFormat::open_metrics, count);
        return result ? std::string() : result.error().what;
    };
    EXPECT_EQ(read("# EOF\n"), "");
    EXPECT_EQ(read("# EOF"), "");
    EXPECT_EQ(read("a 1\n# EOF"), "");
    EXPECT_EQ(read(""), "line 1: the page breaks off: # EOF is missing: \"\"");
    EXPECT_EQ(read("a 1\n"), "line 1: the page breaks off: # EOF is missing: \"a 1\"");
    EXPECT_EQ(read("a 1"), "line 1: the page breaks off: no line feed ends it: \"a 1\"");
    EXPECT_EQ(read("# EOF\n\n"), "line 2: there is something after # EOF: \"\"");
    EXPECT_EQ(read("# EOF\na 1\n"), "line 2: there is something after # EOF: \"a 1\"");
    EXPECT_THAT(read("# EOF \n"), testing::HasSubstr("may begin with a number sign"));
    EXPECT_THAT(read("# EOF\r\n"), testing::HasSubstr("carriage return"));
}

TEST(OpenMetrics, Blanks) {
    expect_valid({"a 1\n", "a{} 1\n", "a{b=\"c\"} 1 5\n", "a{b=\"c\",d=\"e\"} 1\n"});
    expect_invalid({
        {"\n", "there is an empty line"},
        {" a 1\n", "no metric name"},
        {"a  1\n", "the value is missing"},
        {"a\t1\n", "needs quotation marks"},
        {"a 1 \n", "the timestamp is not a number"},
        {"a 1\t\n", "a single blank"},
        {"a 1  2\n", "the timestamp is not a number"},
        {"a 1 2 \n", "more than a value"},
        {"a {} 1\n", "the value is not a number"},
        {"a{}1\n", "a blank must follow the labels"},
        {"a{}  1\n", "the value is missing"},
        {"a{ b=\"c\"} 1\n", "no label name"},
        {"a{b =\"c\"} 1\n", "equals sign"},
        {"a{b= \"c\"} 1\n", "quotation marks"},
        {"a{b=\"c\" } 1\n", "a comma or a closing brace"},
        {"a{b=\"c\",} 1\n", "no label name"},
        {"a 1\r\n", "carriage return"},
    });
}

TEST(OpenMetrics, EscapesAndNames) {
    EXPECT_EQ(last_of("a{b=\"\\n\\\\\\\"\\x\"} 1\n").last_label_, "\n\\\"\\x");
    EXPECT_EQ(last_of("{\"a.b\",b=\"c\"} 1\n").last_, "a.b unknown");
    EXPECT_EQ(last_of("# TYPE \"a.b\" counter\n{\"a.b_total\"} 1\n").last_, "a.b_total counter");
    EXPECT_EQ(error_of("# HELP a \\x \\\" \xC3\xA4\n"), "");
    expect_invalid({{"a.b 1\n", "quotation marks"}, {"a{b=\"\xFF\"} 1\n", "not valid UTF-8"}});
}

TEST(OpenMetrics, Metadata) {
    expect_valid({
        "# TYPE a_s gauge\n# UNIT a_s s\n# HELP a_s x\na_s 1\n",
        "# HELP a x\n# TYPE a gauge\na 1\n",
        "# HELP a \n# UNIT a \n",
        "# TYPE a gauge\n# TYPE b gauge\n",
    });
    expect_invalid({
        {"#\n", "may begin with a number sign"},
        {"# a comment\n", "may begin with a number sign"},
        {"#TYPE a gauge\n", "may begin with a number sign"},
        {"# type a gauge\n", "may begin with a number sign"},
        {"# TYPE\n", "may begin with a number sign"},
        {"# TYPE \n", "no metric name"},
        {"# TYPE a\n", "a blank must follow"},
        {"# HELP a\n", "a blank must follow"},
        {"# TYPE a gouge\n", "there is no type \"gouge\""},
        {"# TYPE a untyped\n", "there is no type"},
        {"# TYPE a Gauge\n", "there is no type"},
        {"# TYPE a gauge \n", "there is no type"},
        {"# TYPE a gauge\n# TYPE a gauge\n", "line 2: there is a second such line"},
        {"# HELP a \n# HELP a x\n", "line 2: there is a second such line"},
        {"# UNIT a_s s\n# UNIT a_s s\n", "line 2: there is a second such line"},
        {"# TYPE a gauge\na 1\n# HELP a x\n", "line 3: metadata must stand before"},
        {"a 1\n# TYPE a gauge\n", "line 2: metadata must stand before"},
        {"# UNIT a seconds\n", "does not end in its unit"},
        {"# UNIT as s\n", "does not end in its unit"},
        {"# UNIT s s\n", "does not end in its unit"},
        {"# TYPE a_s info\n# UNIT a_s s\n", "has no unit"},
        {"# UNIT a_s s\n# TYPE a_s stateset\n", "has no unit"},
    });
}

TEST(OpenMetrics, NamesOfSamples) {
    EXPECT_EQ(last_of("# TYPE a counter\na_total 1\n").last_, "a_total counter");
    EXPECT_EQ(last_of("# TYPE a counter\na_total 1\na_created 1.5\n").last_, "a_created counter");
    EXPECT_EQ(last_of("# TYPE a info\na_info{b=\"c\"} 1\n").last_, "a_info info");
    EXPECT_EQ(last_of("# TYPE a gauge\na_total 1\n").last_, "a_total unknown") << "another family begins";
    EXPECT_EQ(last_of("a_total 1\n").last_, "a_total unknown");
    expect_invalid({
        {"# TYPE a counter\na 1\n", "its family has the type counter: samples need a suffix"},
        {"# TYPE a_total counter\na_total 1\n", "its family has the type counter"},
        {"# TYPE a info\na 1\n", "its family has the type info"},
        {"# TYPE a histogram\na 1\n", "its family has the type histogram"},
    });
}

TEST(OpenMetrics, FamiliesAreNotMixed) {
    expect_invalid({
        {"a 1\nb 1\na{c=\"d\"} 1\n", "line 3: the family was there before (line 1)"},
        {"# TYPE a gauge\n# TYPE b gauge\n# HELP a x\n", "line 3: the family was there before (line 1)"},
        {"# TYPE a counter\na_total 1\n# TYPE a_total gauge\n",
         "line 3: the family was there before (line 1)"},
        {"# TYPE a_created gauge\n# TYPE a counter\n", "line 2: the family was there before (line 1)"},
        {"# TYPE a gauge\na{b=\"1\"} 1 1\na{b=\"2\"} 1 1\na{b=\"1\"} 1 2\n",
         "line 4: the metric has ended above (line 2)"},
        {"# TYPE a counter\na_total{b=\"1\"} 1\na_total{b=\"2\"} 1\na_created{b=\"1\"} 1\n",
         "line 4: the metric has ended"},
        {"# TYPE a stateset\na{a=\"x\",b=\"1\"} 1\na{a=\"x\",b=\"2\"} 1\na{a=\"y\",b=\"1\"} 0\n",
         "line 4: the metric has ended"},
        {"a 1\na 2\n", "line 2: the series is there twice (line 1)"},
        {"a{b=\"1\",c=\"2\"} 1 5\na{c=\"2\",b=\"1\"} 2 5.0\n", "line 2: the series is there twice (line 1)"},
    });
    expect_valid({
        "# TYPE a stateset\na{a=\"x\",b=\"1\"} 1\na{b=\"1\",a=\"y\"} 0\na{a=\"x\",b=\"2\"} 1\n",
        "# TYPE a info\na_info{b=\"1\"} 1\na_info{b=\"2\"} 1\n",
    });
}

TEST(OpenMetrics, Timestamps) {
    EXPECT_EQ(last_of("a 1 1.5\n").at_, 1.5);
    EXPECT_EQ(last_of("a 1 -1e3\n").at_, -1000);
    EXPECT_EQ(last_of("a 1 1\na 2 2\n").count_, 2);
    EXPECT_EQ(last_of("# TYPE a info\na_info{b=\"1\"} 1 1\na_info{b=\"2\"} 1 0\n").count_, 2);
    expect_invalid({
        {"a 1 x\n", "the timestamp is not a number"},
        {"a 1 NaN\n", "the timestamp is not a number"},
        {"a 1 Inf\n", "the timestamp is not a number"},
        {"a 1 1_2\n", "the timestamp is not a number"},
        {"a 1 2\na 1 1\n", "line 2: a metric's timestamps go back"},
        {"a 1 2\na 1\n", "line 2: only some samples"},
        {"a 1\na 1 2\n", "line 2: only some samples"},
    });
}

TEST(OpenMetrics, ValuesByType) {
    expect_valid(
        {"# TYPE a gauge\na -1\n", "# TYPE a gauge\na NaN\n", "# TYPE a counter\na_total +Inf\n",
         "# TYPE a summary\na{quantile=\"0\"} NaN\na{quantile=\"1\"} 0\na_sum 0\na_count 0\na_created 1\n"});
    expect_invalid({
        {"# TYPE a counter\na_total NaN\n", "not a number"},
        {"# TYPE a counter\na_total -1\n", "negative"},
        {"# TYPE a info\na_info 2\n", "must be 1"},
        {"# TYPE a stateset\na{a=\"x\"} 2\n", "must be 0 or 1"},
        {"# TYPE a stateset\na{b=\"x\"} 1\n", "must be called like the family"},
        {"# TYPE a summary\na 1\n", "the label quantile"},
        {"# TYPE a summary\na{quantile=\"1.1\"} 1\n", "the label quantile"},
        {"# TYPE a summary\na{quantile=\"NaN\"} 1\n", "the label quantile"},
        {"# TYPE a summary\na{quantile=\"0.5\"} -1\n", "a quantile's value is negative"},
        {"# TYPE a summary\na_sum -1\n", "negative"},
        {"# TYPE a summary\na_count NaN\n", "not a number"},
    });
}

TEST(OpenMetrics, Histograms) {
    const std::string head = "# TYPE a histogram\n";
    const std::string gauge = "# TYPE a gaugehistogram\n";
    for (const char* page :
         {"a_bucket{le=\"+Inf\"} 0\n", "a_bucket{le=\"-1\"} 1\na_bucket{le=\"+Inf\"} 2\n",
          "a_bucket{le=\"1e-3\"} 1\na_bucket{le=\"+Inf\"} 2\na_count 2\na_sum 3\na_created 4\n",
          "a_count 2\na_sum 3\na_bucket{le=\"+Inf\"} 2\n"})
        EXPECT_EQ(error_of(head + page), "") << page;
    EXPECT_EQ(error_of(gauge + "a_bucket{le=\"-1\"} 1\na_bucket{le=\"+Inf\"} 2\na_gcount 2\na_gsum -5\n"),
              "");
    const std::vector<Invalid> cases{
        {"a_sum 1\n", "line 3: a histogram has no bucket with le"},
        {"a_bucket 1\n", "the label le"},
        {"a_bucket{le=\"x\"} 1\n", "the label le"},
        {"a_bucket{le=\"NaN\"} 1\n", "the label le"},
        {"a_bucket{le=\"+INF\"} 1\n", "the label le"},
        {"a_bucket{le=\"1\"} 1\n", "no bucket with le"},
        {"a_bucket{le=\"2\"} 1\na_bucket{le=\"1\"} 1\n", "rising order"},
        {"a_bucket{le=\"1\"} 1\na_bucket{le=\"1.0\"} 1\n", "rising order"},
        {"a_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\n", "counts less"},
        {"a_bucket{le=\"+Inf\"} 1\na_sum 1\n", "only one of sum and count"},
        {"a_bucket{le=\"+Inf\"} 1\na_count 1\n", "only one of sum and count"},
        {"a_bucket{le=\"+Inf\"} 1\na_count 2\na_sum 1\n", "not that of its last bucket"},
        {"a_bucket{le=\"-1\"} 1\na_bucket{le=\"+Inf\"} 1\na_count 1\na_sum 1\n",
         "negative buckets has a sum"},
        {"a_bucket{b=\"1\",le=\"1\"} 1\na_bucket{b=\"2\",le=\"+Inf\"} 1\n",
         "line 3: a histogram has no bucket"},
        {"a_bucket{le=\"+Inf\"} NaN\n", "not a number"},
        {"a_bucket{le=\"+Inf\"} -1\n", "negative"},
    };
    for (const Invalid& example : cases)
        EXPECT_THAT(error_of(head + example.page), testing::HasSubstr(example.what)) << example.page;
    EXPECT_THAT(error_of(gauge + "a_bucket{le=\"+Inf\"} 1\na_gcount 1\na_gsum -1\n"),
                testing::HasSubstr("negative sum"));
    EXPECT_THAT(error_of(gauge + "a_bucket{le=\"+Inf\"} 1\na_gcount 1\n"), testing::HasSubstr("only one of"));
}

TEST(OpenMetrics, Exemplars) {
    const std::string counter = "# TYPE a counter\n";
    EXPECT_EQ(error_of(counter + "a_total 1 # {} 2\n"), "");
    EXPECT_EQ(error_of(counter + "a_total{b=\" # {\"} 1 5 # {id=\"a # b\"} 0.5 7.5\n"), "");
    EXPECT_EQ(error_of(counter + "a_total 1 # {a=\"" + std::string(127, 'x') + "\"} 2\n"), "");
    EXPECT_EQ(error_of("# TYPE a histogram\na_bucket{le=\"+Inf\"} 1 # {a=\"b\"} 1\n"), "");
    EXPECT_THAT(error_of(counter + "a_total 1 # {a=\"" + std::string(128, 'x') + "\"} 2\n"),
                testing::HasSubstr("128"));
    expect_invalid({
        {"# TYPE a counter\na_total 1 #\n", "the timestamp is not a number"},
        {"# TYPE a counter\na_total 1# {} 1\n", "the value is not a number"},
        {"# TYPE a counter\na_total 1 # \n", "must begin with its labels"},
        {"# TYPE a counter\na_total 1 # {}\n", "an exemplar has no value"},
        {"# TYPE a counter\na_total 1 # {}1\n", "an exemplar has no value"},
        {"# TYPE a counter\na_total 1 # {} x\n", "an exemplar has no value"},
        {"# TYPE a counter\na_total 1 # {} 1 NaN\n", "the timestamp is not a number"},
        {"# TYPE a counter\na_total 1 # {} 1 1 1\n", "more than a value"},
        {"# TYPE a counter\na_total 1 # {a=\"1\",a=\"2\"} 1\n", "is there twice"},
        {"# TYPE a counter\na_total 1 # {\"a\"} 1\n", "equals sign"},
        {"# TYPE a counter\na_created 1 # {} 1\n", "only buckets and"},
        {"# TYPE a gauge\na 1 # {} 1\n", "only buckets and"},
        {"a 1 # {} 1\n", "only buckets and"},
    });
}

}  // namespace
}  // namespace keyshift::formats
