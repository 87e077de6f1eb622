// SPDX-License-Identifier: Apache-2.0
// The options of prometheus: in the documentation, in the sample file, and what is refused.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/collectors/sample_file.hpp"

namespace keyshift::collectors {
namespace {

TEST(PrometheusOptions, TheSampleHasEveryKeyWithItsDefault) {
    std::string text = sample("prometheus");
    ASSERT_NE(text.find("health:"), std::string::npos);
    // A secret cannot be null and given by a file at once.
    for (const std::string key :
         {"  bearer_token_file: null\n", ", password_file: null",
          "  bearer_token: null              # or bearer_token_file\n", ", password: null"}) {
        ASSERT_NE(text.find(key), std::string::npos) << key;
        text.erase(text.find(key), key.size());
    }
    const config::Loaded given = load("collectors:\n" + text);
    for (const config::Problem& problem : given.problems) ADD_FAILURE() << problem.text();
    const std::string documentation = content("docs/configuration.md");
    std::size_t of_ours = 0;
    for (const config::KnownKey& key : given.known) {
        if (!key.path.starts_with("collectors[prometheus].")) continue;
        ++of_ours;
        EXPECT_NE(documentation.find("| `" + key.path + "` |"), std::string::npos) << key.path;
        const std::string name = key.path.substr(key.path.rfind('.') + 1);
        EXPECT_NE(sample("prometheus").find(name + ':'), std::string::npos) << name;
        const bool is_query = key.path.find(".queries.") != std::string::npos;
        if (is_query || key.fallback == "null") continue;
        EXPECT_NE(sample("prometheus").find(name + ": " + key.fallback), std::string::npos) << name;
    }
    EXPECT_EQ(of_ours, 23U);
}

TEST(PrometheusOptions, TheSamplesQueriesAreTheDefaults) {
    std::string text = sample("prometheus");
    const std::size_t queries = text.find("  queries:");
    const auto texts = [](const config::Loaded& loaded) {
        std::string out;
        for (const config::KnownKey& key : loaded.known)
            if (key.path.find(".queries.") != std::string::npos) out += key.path + ": " + key.fallback + '\n';
        return out;
    };
    const config::Loaded with = load("collectors:\n- type: prometheus\n" + text.substr(queries));
    for (const config::Problem& problem : with.problems) ADD_FAILURE() << problem.text();
    const std::string defaults = texts(load("collectors:\n  - type: prometheus\n"));
    // Each text of the sample, line by line, stands in the defaults.
    std::istringstream lines(text.substr(queries));
    std::string query;
    std::size_t count = 0;
    const auto check = [&] {
        if (query.empty()) return;
        ++count;
        EXPECT_NE(defaults.find(query), std::string::npos) << query << "\nis none of\n" << defaults;
        query.clear();
    };
    for (std::string line; std::getline(lines, line);) {
        const bool begins = line.ends_with(">-") || line.find("health:") != std::string::npos ||
                            line.find("queries:") != std::string::npos;
        if (begins) {
            check();
        } else {
            query += (query.empty() ? "" : " ") + line.substr(line.find_first_not_of(' '));
        }
    }
    check();
    EXPECT_EQ(count, 11U);
}

TEST(PrometheusOptions, Mistakes) {
    const auto problems = [](const std::string& options) {
        std::string out;
        for (const auto& problem : load("collectors:\n  - type: prometheus\n" + options).problems)
            out += problem.text() + '\n';
        return out;
    };
    EXPECT_EQ(problems(""), "");
    EXPECT_THAT(problems("    url: prometheus:9090\n"), testing::HasSubstr("before /api/v1"));
    EXPECT_THAT(problems("    url: http://u:s3cret@p\n"), testing::Not(testing::HasSubstr("s3cret")));
    EXPECT_THAT(problems("    bearer_token: a\n    basic_auth: {username: u, password: p}\n"),
                testing::HasSubstr("remove one of the two"));
}

}  // namespace
}  // namespace keyshift::collectors
