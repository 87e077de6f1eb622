// SPDX-License-Identifier: Apache-2.0
// exposition_text.hpp: limits, errors and time; what pages come to is in exposition_documents_test.cpp.
#include "formats/metrics/exposition_text.hpp"

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

/// Counts, and remembers families.
class Notes : public ExpositionHandler {
 public:
    void sample(const ExpositionSample& /*sample*/) override { ++samples_; }
    void family(std::string_view name, MetricType type) override {
        families_.push_back(std::string(name) + " " + std::string(name_of(type)));
    }

    int samples() const { return samples_; }
    const std::vector<std::string>& families() const { return families_; }

 private:
    int samples_ = 0;
    std::vector<std::string> families_;
};

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

TEST(Exposition, ErrorsSayWhereAndNothingOfLabels) {
    const auto error = [](const std::string& page, ExpositionFormat format) {
        Notes notes;
        const auto read = parse_exposition(page, format, notes);
        return read ? std::string() : read.error().what;
    };
    for (const char* line :
         {"a{b=\"secret\"} x\n", "a{b=\"secret\" 1\n", "a{b=secret} 1\n", "a{b=\"secret} 1\n",
          "a{b=\"1\",b=\"secret\"} 1\n", "a{b=\"secret\"} 1 secret\n", "a secret\n",
          "a{b=\"secret\"} 1 1 secret\n", "{b=\"secret\"} 1\n", "a{\"secret\"} 1\n"}) {
        for (const ExpositionFormat format : {kText, kOpenMetrics}) {
            const std::string what = error(std::string("ok 1\n") + line + "# EOF\n", format);
            EXPECT_EQ(what.find("secret"), std::string::npos) << what;
            EXPECT_EQ(what.find("line 2: "), 0U) << line << what;
        }
    }
    EXPECT_EQ(error("\x1B[2J" + std::string(1000, 'x') + "\n", kText), "line 1: there is no metric name");
    EXPECT_EQ(error(std::string(1000, 'x') + " y\n", kText),
              "line 1: the value is not a number, at " + std::string(80, 'x') + "...");
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
