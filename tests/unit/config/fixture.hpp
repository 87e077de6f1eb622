// SPDX-License-Identifier: Apache-2.0
// What the tests of config share: an environment of their own, and stand-ins for the collectors with the
// options of the real ones.
#pragma once

#include <chrono>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/config.hpp"

namespace keyshift::config {

/// Never to be seen in a message.
inline constexpr const char* kCanary = "canary";

inline Environment variables(std::map<std::string, std::string, std::less<>> values) {
    return [values = std::move(values)](std::string_view name) -> std::optional<std::string> {
        const auto found = values.find(name);
        if (found == values.end()) return std::nullopt;
        return found->second;
    };
}

/// What tests/config/*.yaml refer to. DATABASE_URL is not in it.
inline Environment file_environment() {
    return variables({{"HOME", "/home/keyshift"},
                      {"HOST", "db.internal"},
                      {"NUMBER", "45"},
                      {"EMPTY", ""},
                      {"SET_URL", "postgres://db/gateway"},
                      {"CANARY", kCanary}});
}

/// Options that are what `read` made of the section, as a collector's are.
template <class Options>
struct Held final : CollectorOptions {
    explicit Held(Options options) : value(std::move(options)) {}
    Options value;
};
template <class Options>
std::shared_ptr<const CollectorOptions> held(Options options) {
    return std::make_shared<const Held<Options>>(std::move(options));
}
/// Throws where others were read.
template <class Options>
const Options& options_of(const CollectorConfig& collector) {
    return dynamic_cast<const Held<Options>&>(*collector.options).value;
}

inline constexpr SecretNames kDatabaseUrl{.variable = "DATABASE_URL", .credential = "database_url"};

struct KeysOptions {
    SecretSource database_url;
    base::Duration census_timeout{};
    double database_duty = 0;
};

inline std::shared_ptr<const CollectorOptions> read_keys_options(OptionsReader& options, const Gateway&) {
    using namespace std::chrono_literals;
    KeysOptions keys;
    keys.database_url = options.secret("database_url", kDatabaseUrl);
    keys.census_timeout = options.duration("census_timeout", 10min, {.min = 1s, .max = 24h});
    keys.database_duty = options.ratio("database_duty", 0.02, {.min = 0.0001, .max = 1});
    return held(std::move(keys));
}

inline std::shared_ptr<const CollectorOptions> read_statements_options(OptionsReader& options,
                                                                       const Gateway&) {
    return held(options.secret(
        "database_url", {.variable = "DATABASE_URL", .credential = "database_url", .sibling = "keys"}));
}

inline CollectorTypes collector_types() {
    using namespace std::chrono_literals;
    return {{"keys", kDatabaseUrl, {30s, 10s}, read_keys_options},
            {"statements", kDatabaseUrl, {15s, 5s}, read_statements_options}};
}

inline std::filesystem::path source_path(const std::string& path) {
    return std::filesystem::path(KEYSHIFT_SOURCE_DIR) / path;
}

/// Parses as if the text stood in "keyshift.yaml" in the current directory.
inline Loaded parsed(std::string_view text, const Environment& environment = file_environment(),
                     const CollectorTypes& types = collector_types()) {
    return parse(text, "keyshift.yaml", environment, types);
}

inline std::string messages(const std::vector<Problem>& problems) {
    std::string out;
    for (const Problem& problem : problems) out += problem.text() + "\n";
    return out;
}

}  // namespace keyshift::config
