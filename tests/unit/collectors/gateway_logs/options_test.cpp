// SPDX-License-Identifier: Apache-2.0
// The options of gateway_log in the documentation and in the sample file.
#include <string>

#include <gtest/gtest.h>

#include "unit/collectors/sample_file.hpp"

namespace keyshift::collectors {
namespace {

using domain::Event;

domain::Events measured(const config::Loaded& loaded) {
    return configured(loaded.config.collectors.at(0)).measures(loaded.config.gateway);
}

void replace(std::string& text, const std::string& old, const std::string& with) {
    const std::size_t at = text.find(old);
    ASSERT_NE(at, std::string::npos) << old;
    text.replace(at, old.size(), with);
}

TEST(GatewayLogOptions, TheSampleHasEveryKeyWithItsDefaultAndSoHasTheDocumentation) {
    std::string text = sample("gateway_log");
    replace(text, "files: null", "files: /var/log/gateway.log");
    replace(text, "    docker: null", "    # none");
    replace(text, "    journald: {unit: null, match: null, directory: null}", "    # none");
    replace(text, "    stdin: false", "    # none");
    replace(text, "    - {event: fallback, fields: {fields.kind: fallback}}", "    # of another format");
    const config::Loaded loaded = load("collectors:\n" + text);
    for (const auto& problem : loaded.problems) ADD_FAILURE() << problem.text() << "\n" << text;
    const std::string documentation = content("docs/configuration.md");
    std::size_t keys = 0;
    for (const config::KnownKey& key : loaded.known) {
        if (!key.path.starts_with("collectors[gateway_log]")) continue;
        ++keys;
        const std::size_t row = documentation.find("| `" + key.path + "` |");
        ASSERT_NE(row, std::string::npos) << key.path << " is not documented";
        const std::string line = documentation.substr(row, documentation.find('\n', row) - row);
        EXPECT_TRUE(line.find("| `" + key.fallback + "` |") != std::string::npos ||
                    line.find("| none |") != std::string::npos)
            << line << " " << key.fallback;
        const std::string name = key.path.substr(key.path.rfind('.') + 1);
        EXPECT_NE(sample("gateway_log").find(name + ":"), std::string::npos)
            << name << " is not in the sample";
    }
    EXPECT_EQ(keys, 20U);
}

TEST(GatewayLogOptions, TheDocumentationsExampleIsValidAndMeasuresAllHeadlines) {
    const std::string documentation = content("docs/configuration.md");
    const std::size_t begin = documentation.find("```yaml", documentation.find("## gateway_log")) + 8;
    const config::Loaded loaded = load(documentation.substr(begin, documentation.find("```", begin) - begin));
    for (const auto& problem : loaded.problems) ADD_FAILURE() << problem.text();
    for (const auto signal :
         {domain::Signal::fallback, domain::Signal::auth_cache, domain::Signal::auth_failures})
        EXPECT_TRUE((needed_for(signal) & ~measured(loaded)).none());
}

TEST(GatewayLogOptions, ThePresetMeasuresItsCachesButNoFallback) {
    const std::string input = "collectors: [{type: gateway_log, input: {stdin: true}}]\n";
    const domain::Events events = measured(load(input));
    for (const Event event : {Event::auth_cache_hit, Event::auth_cache_miss, Event::verification,
                              Event::key_used, Event::response_cache_hit, Event::response_cache_miss,
                              Event::gateway_started, Event::failure_rate_limited})
        EXPECT_TRUE(events.test(index_of(event))) << event_name(event);
    EXPECT_EQ(events.count(), 8U);
}

}  // namespace
}  // namespace keyshift::collectors
