// SPDX-License-Identifier: Apache-2.0
#include "config/tree/file_sd.hpp"

#include <string>

#include <gtest/gtest.h>

namespace keyshift::config {
namespace {

using Targets = std::vector<FileTarget>;

Targets targets(const std::string& text) {
    const auto read = parse_file_sd(text);
    if (!read) {
        ADD_FAILURE() << text << ": " << read.error().text();
        return {};
    }
    return *read;
}

std::string problem(const std::string& text) {
    const auto read = parse_file_sd(text);
    if (read) return "no problem";
    EXPECT_EQ(read.error().code, base::Errc::parse);
    EXPECT_NE(read.error().hint, "") << read.error().what;
    return read.error().what;
}

TEST(FileSd, JsonAsPrometheusDocumentsIt) {
    EXPECT_EQ(targets(R"([
      {"targets": ["10.0.10.2:9100", "10.0.10.3:9100"], "labels": {"__meta_datacenter": "london", "job": "node"}},
      {"targets": ["[::1]:8080"], "labels": {"__scheme__": "https", "__metrics_path__": "/own/metrics"}},
      {"targets": []}
    ])"),
              (Targets{{"10.0.10.2:9100", "", ""},
                       {"10.0.10.3:9100", "", ""},
                       {"[::1]:8080", "https", "/own/metrics"}}));
}

TEST(FileSd, YamlAsPrometheusDocumentsIt) {
    EXPECT_EQ(targets("- targets:\n  - gateway-1:8080\n  - 'gateway-2:8080'\n  labels:\n    job: x\n    "
                      "__metrics_path__: /m\n- targets: [bare]\n  labels:\n"),
              (Targets{{"gateway-1:8080", "", "/m"}, {"gateway-2:8080", "", "/m"}, {"bare", "", ""}}));
    EXPECT_EQ(targets("[]"), Targets{});
}

TEST(FileSd, JsonThatIsNoYaml) {
    EXPECT_EQ(targets("[\n\t{\n\t\t\"targets\":[\"a\\u003a1\"],\n\t\t\"labels\":{\"x\":\"\\ud83d\\uDE00\\/"
                      "\\\"\\\\\"}\n\t}\n]\n"),
              (Targets{{"a:1", "", ""}}));
    EXPECT_EQ(targets(R"([{"targets":["a:1"],"labels":{"x":"a \\ud83d \t tab"}}])").size(), 1U);
    EXPECT_EQ(targets("[{\"targets\":[\"a:1\"],\"labels\":{\"x\":\"\xF0\x9F\x98\x80\"}}]").size(), 1U);
    EXPECT_EQ(problem(R"([{"targets":["a:1"],"labels":{"x":"\ud83d"}}])"),
              "has a wrong escape in a double-quoted text on line 1");
}

TEST(FileSd, WhatIsWrongIsSaidWithItsLine) {
    EXPECT_EQ(problem(""), "is not a list of target groups");
    EXPECT_EQ(problem("{\"targets\": [\"a:1\"]}"), "is not a list of target groups");
    EXPECT_EQ(problem("[\n{\"targets\": [\"a:1\"]},\n\"b:1\"]"),
              "has a group without a list of targets on line 3");
    EXPECT_EQ(problem("- targets: a:1\n"), "has a group without a list of targets on line 1");
    EXPECT_EQ(problem("- labels: {}\n"), "has a group without a list of targets on line 1");
    EXPECT_EQ(problem("- targets: [a]\n  labels: [b]\n"), "has labels that are not a mapping on line 2");
    EXPECT_EQ(problem("- targets: [a]\n  labels: {__scheme__: ftp}\n"),
              "has a __scheme__ other than http and https on line 2");
    EXPECT_EQ(problem("- targets: [a]\n  labels: {__scheme__: [http]}\n"),
              "has a label that is not a text on line 2");
    EXPECT_EQ(problem("- targets: [a]\n  labels: {__metrics_path__: metrics}\n"),
              "has a __metrics_path__ that does not start with / on line 2");
    for (const char* const target :
         {"http://a:1", "a:1/metrics", "user:secret@a", "''", "null", "a b", "{}", "\"a\\u0000\""})
        EXPECT_EQ(problem("- targets: [" + std::string(target) + "]\n"),
                  "has a target that is not host:port on line 1");
    EXPECT_EQ(problem("[{\"targets\": [\"a:1\"}]"),
              "has a closing bracket without its opening one on line 1");
}

TEST(FileSd, IsBounded) {
    std::string many = "[{\"targets\":[";
    for (std::size_t i = 0; i < kFileSdTargets; ++i) many += "\"a:1\",";
    EXPECT_EQ(targets(many + "]}]").size(), kFileSdTargets);
    EXPECT_EQ(problem(many + "\"a:1\"]}]"), "has more than 10000 targets");
    EXPECT_EQ(problem("[" + std::string(kFileSdBytes, ' ') + "]"), "is larger than 1 MiB");
}

}  // namespace
}  // namespace keyshift::config
