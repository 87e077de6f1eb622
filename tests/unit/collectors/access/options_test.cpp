// SPDX-License-Identifier: Apache-2.0
// The options of access_log: in the documentation, in the sample file, and what is refused.

#include "unit/collectors/access/fixture.hpp"
#include "unit/collectors/sample_file.hpp"

namespace keyshift::collectors {
namespace {

config::Loaded load_sample() {
    std::string text = sample("access_log");
    const auto replace = [&](const std::string& from, const std::string& to) {
        ASSERT_NE(text.find(from), std::string::npos) << from;
        text.replace(text.find(from), from.size(), to);
    };
    // What must be given, and what may stand only once.
    replace("files: null", "files: /a.log");
    replace("docker: null", "");
    replace("stdin: false", "");
    replace("journald: {unit: null, match: null, directory: null}", "");
    replace("address_key_file: null", "");
    replace("address_key: null", "");
    return load("collectors:\n" + text);
}

TEST(AccessOptions, TheSampleHasEveryKeyWithItsDefaultAndSoHasTheDocumentation) {
    const config::Loaded loaded = load_sample();
    for (const auto& problem : loaded.problems)
        ADD_FAILURE() << problem.text() << "\n" << sample("access_log");
    const std::string documentation = content("docs/configuration.md");
    std::size_t keys = 0;
    for (const config::KnownKey& key : loaded.known) {
        if (!key.path.starts_with("collectors[access_log]")) continue;
        ++keys;
        const std::size_t row = documentation.find("| `" + key.path + "` |");
        ASSERT_NE(row, std::string::npos) << key.path << " is not documented";
        const std::string line = documentation.substr(row, documentation.find('\n', row) - row);
        const bool item = key.path.find("failures[]") != std::string::npos;
        EXPECT_TRUE(line.find("| `" + key.fallback + "` |") != std::string::npos ||
                    line.find("| none |") != std::string::npos || item)
            << line << " fallback " << key.fallback;
        const std::string name = key.path.substr(key.path.rfind('.') + 1);
        EXPECT_NE(sample("access_log").find(name + ":"), std::string::npos)
            << name << " is not in the sample";
    }
    EXPECT_GT(keys, 18U);
}

TEST(AccessOptions, TheSamplesFailuresAndPathsAreThePresets) {
    const config::Loaded loaded = load_sample();
    AccessLog bare;
    const auto counter =
        configured(loaded.config.collectors.at(0)).log()->line_counter(loaded.config.gateway);
    for (int status : {200, 401, 403, 429, 500})
        for (int bytes = 0; bytes < 100; ++bytes)
            for (const char* const path : {"/v1/a", "/auth/key/a", "/auth/a", "/"}) {
                const std::string line = access_line("GET " + std::string(path) + " H", status, bytes);
                bare.count(line);
                LogTally tally;
                counter->count(line, tally);
                AccessLog one;
                one.count(line);
                ASSERT_EQ(tally.events, one.tally.events) << line;
            }
    EXPECT_EQ(bare.tally.lines.matched, 1000U);
}

TEST(AccessOptions, TheDocumentationsExampleIsValidAndMeasuresFailures) {
    const std::string documentation = content("docs/configuration.md");
    const std::size_t begin = documentation.find("```yaml", documentation.find("## access_log")) + 8;
    const std::string example = documentation.substr(begin, documentation.find("```", begin) - begin);
    const auto nothing = [](std::string_view) { return std::optional<std::string>(); };
    const config::Loaded loaded = config::parse(example, "k.yaml", nothing, catalog_types());
    for (const auto& problem : loaded.problems) ADD_FAILURE() << problem.text();
    const auto measured = configured(loaded.config.collectors.at(0)).measures(loaded.config.gateway);
    EXPECT_TRUE((needed_for(domain::Signal::auth_failures) & ~measured).none());
}

TEST(AccessOptions, FormatsHaveWhatTheyNeedAndNothingElse) {
    for (const char* const format :
         {"nginx_combined", "traefik_clf", "traefik_json", "caddy_json", "haproxy_http"})
        EXPECT_EQ(access_problems("    format: " + std::string(format) + "\n"), "") << format;
    EXPECT_EQ(access_problems("    format: nginx\n"),
              "k.yaml:2:5: collectors[access_log].log_format: is not given, give what stands in nginx's "
              "log_format\n");
    EXPECT_EQ(
        access_problems("    log_format: '$status \"$request\"'\n    escape: json\n"),
        "k.yaml:4:17: collectors[access_log].log_format: is of no use here, set format: nginx, or remove it\n"
        "k.yaml:5:13: collectors[access_log].escape: is of no use here, set format: nginx, or remove it\n");
    EXPECT_EQ(access_problems(
                  "    format: nginx\n    log_format: '$status \"$request\"'\n    client: x_forwarded_for\n"
                  "    trusted_proxies: 10.0.0.0/8\n"),
              "k.yaml:6:13: collectors[access_log].client: needs a log that has X-Forwarded-For, log "
              "$http_x_forwarded_for with format: nginx, or set client: remote_addr\n");
}

TEST(AccessOptions, NoProxyAtAllIsAsGoodAsNoneGiven) {
    const std::string wanted =
        "k.yaml:4:13: collectors[access_log].client: needs to know whose X-Forwarded-For to believe, give "
        "the proxies' addresses as trusted_proxies\n";
    const std::string client = "    client: x_forwarded_for\n    format: traefik_json\n";
    EXPECT_EQ(access_problems(client), wanted);
    EXPECT_EQ(access_problems(client + "    trusted_proxies: null\n"), wanted);
    EXPECT_EQ(access_problems("    trusted_proxies: null\n"), "");
}

}  // namespace
}  // namespace keyshift::collectors
