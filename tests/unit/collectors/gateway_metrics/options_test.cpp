// SPDX-License-Identifier: Apache-2.0
// The options of gateway_metrics: in the documentation, in the sample file, and what is refused.
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "unit/collectors/sample_file.hpp"

namespace keyshift::collectors {
namespace {

std::string messages(const std::string& options) {
    std::string out;
    for (const auto& problem : load("collectors:\n  - type: gateway_metrics\n" + options).problems)
        out += problem.text() + "\n";
    return out;
}

domain::Events measured(const std::string& text) {
    const config::Loaded loaded = load(text);
    return configured(loaded.config.collectors.at(0)).measures(loaded.config.gateway);
}

TEST(GatewayOptions, TheSampleHasEveryKeyWithItsDefaultAndSoHasTheDocumentation) {
    std::string text = sample("gateway_metrics");
    ASSERT_NE(text.find("counters:"), std::string::npos);
    const std::string none = "targets: null";
    text.replace(text.find(none), none.size(), "targets: ['http://gateway']");
    for (const char* const key : {"file_sd: null", "bearer_token_file: null", ", password_file: null"})
        text.replace(text.find(key), std::string(key).size(), "");
    for (const char* const key : {"bearer_token: null", "password: null"})
        text.replace(text.find(key), std::string(key).size(), "");
    const config::Loaded loaded = load("collectors:\n" + text);
    for (const auto& problem : loaded.problems) ADD_FAILURE() << problem.text() << "\n" << text;
    const std::string documentation = content("docs/configuration.md");
    std::size_t keys = 0;
    for (const config::KnownKey& key : loaded.known) {
        if (!key.path.starts_with("collectors[gateway_metrics]")) continue;
        ++keys;
        const std::size_t row = documentation.find("| `" + key.path + "` |");
        ASSERT_NE(row, std::string::npos) << key.path << " is not documented";
        const std::string line = documentation.substr(row, documentation.find('\n', row) - row);
        EXPECT_TRUE(line.find("| `" + key.fallback + "` |") != std::string::npos ||
                    line.find("| none |") != std::string::npos || key.path.ends_with("reason_label"))
            << line << " " << key.fallback;
        const std::string name = key.path.substr(key.path.rfind('.') + 1);
        if (name == "reason_label") continue;
        EXPECT_NE(sample("gateway_metrics").find(name + ":"), std::string::npos)
            << name << " is not in the sample";
    }
    EXPECT_GT(keys, 17U);
}

TEST(GatewayOptions, TheSamplesCountersAreThePresets) {
    const std::string text = sample("gateway_metrics");
    const std::string own = "collectors:\n- type: gateway_metrics\n  targets: http://a\n";
    const std::string counters = text.substr(text.find("  counters:"));
    EXPECT_EQ(measured(own + counters), measured(own));
    EXPECT_EQ(measured(own).count(), 2U);
}

TEST(GatewayOptions, TheDocumentationsExampleIsValidAndMeasuresAllHeadlines) {
    const std::string documentation = content("docs/configuration.md");
    const std::size_t begin = documentation.find("```yaml", documentation.find("## gateway_metrics")) + 8;
    const std::string example = documentation.substr(begin, documentation.find("```", begin) - begin);
    for (const auto& problem : load(example).problems) ADD_FAILURE() << problem.text();
    for (const auto signal :
         {domain::Signal::fallback, domain::Signal::auth_cache, domain::Signal::auth_failures})
        EXPECT_TRUE((needed_for(signal) & ~measured(example)).none());
}

TEST(GatewayOptions, TargetsMustBeGiven) {
    EXPECT_EQ(messages(""),
              "k.yaml:2:5: collectors[gateway_metrics].targets: is not given, give the URLs of all replicas' "
              "metrics, or file_sd\n");
    EXPECT_EQ(messages("    file_sd: [targets.json, 'd/*.yml']\n"), "");
    EXPECT_EQ(messages("    targets: [http://a, 'http://a:81', 'https://a/x?y=1', 'http://[::1]']\n"), "");
}

TEST(GatewayOptions, UrlsAreCheckedAndNeverRepeatedWithAPassword) {
    const std::string found =
        messages("    targets: ['http://u:secret@a', 'ftp://a', 'http://a', 'http://a:80/metrics']\n");
    EXPECT_EQ(found.find("secret"), std::string::npos) << found;
    EXPECT_NE(found.find("targets[0]: the value has a user or a password in it"), std::string::npos) << found;
    EXPECT_NE(found.find("targets[1]: the value is not an http:// or https:// URL"), std::string::npos)
        << found;
    EXPECT_EQ(messages("    targets: ['http://a', 'http://a:80/metrics']\n"),
              "k.yaml:3:14: collectors[gateway_metrics].targets: names a target twice, remove one\n");
}

TEST(GatewayOptions, FilesAreCheckedAsPrometheusDoes) {
    EXPECT_EQ(messages("    file_sd: targets.txt\n"),
              "k.yaml:3:14: collectors[gateway_metrics].file_sd: does not end in .json, .yml or .yaml, name "
              "a file of "
              "targets\n");
    EXPECT_EQ(messages("    file_sd: ['*/targets.json']\n"),
              "k.yaml:3:14: collectors[gateway_metrics].file_sd: has a * in a directory, write * in the "
              "file's name "
              "only\n");
    EXPECT_EQ(
        messages("    file_sd: a.json\n    path: metrics\n    scheme: ftp\n    max_body_mib: 0\n"),
        "k.yaml:4:11: collectors[gateway_metrics].path: 'metrics' is not the path of a URL, write it like "
        "/metrics\n"
        "k.yaml:5:13: collectors[gateway_metrics].scheme: 'ftp' is not one of http, https\n"
        "k.yaml:6:19: collectors[gateway_metrics].max_body_mib: '0' is out of range, give 1 to 256\n");
}

TEST(GatewayOptions, CountersAreChecked) {
    const std::string targets = "    targets: http://a\n    counters:\n";
    EXPECT_EQ(
        messages(targets + "    - {event: auth_failure, metric: a_total}\n"
                           "    - {event: failure_blocked, metric: a_total, labels: {a: b, c: [d, e]}}\n"
                           "    - {event: auth_failure, metric: a_total, reason_label: why}\n"),
        "");
    EXPECT_EQ(messages(targets + "    - {metric: a_total}\n    - {event: fallback}\n    - {event: fallback, "
                                 "metric: 'a{b=\"c\"}'}\n"
                                 "    - {event: fallback, metric: a, reason_label: x}\n"
                                 "    - {event: fallback, metric: a, labels: [b]}\n"
                                 "    - {event: fallback, metric: a, labels: {b: {}, c: []}}\n"
                                 "    - {event: fallback, metric: a, lables: {b: c}}\n"),
              "k.yaml:5:7: collectors[gateway_metrics].counters[0].event: is not given, write {event: "
              "fallback, metric: NAME}\n"
              "k.yaml:6:7: collectors[gateway_metrics].counters[1].metric: is not given, write {event: "
              "fallback, metric: NAME}\n"
              "k.yaml:7:33: collectors[gateway_metrics].counters[2].metric: 'a{b=\"c\"}' is not the name of "
              "a metric, "
              "give what stands in {} as labels\n"
              "k.yaml:8:50: collectors[gateway_metrics].counters[3].reason_label: belongs to the event "
              "auth_failure alone, "
              "remove it, or use event: auth_failure\n"
              "k.yaml:9:44: collectors[gateway_metrics].counters[4].labels: is a list, make it a mapping\n"
              "k.yaml:10:48: collectors[gateway_metrics].counters[5].labels.b: is a mapping, make it a list\n"
              "k.yaml:10:55: collectors[gateway_metrics].counters[5].labels.c: is an empty list, give it an "
              "item, or remove "
              "the key to use its default\n"
              "k.yaml:11:36: collectors[gateway_metrics].counters[6].lables: is not a known key, did you "
              "mean 'labels'?\n");
    const std::string unknown = messages(targets + "    - {event: redis_hit, metric: a}\n");
    EXPECT_NE(unknown.find(
                  "counters[0].event: 'redis_hit' is no event that a gateway counts, use one of fallback, "),
              std::string::npos)
        << unknown;
}

}  // namespace
}  // namespace keyshift::collectors
