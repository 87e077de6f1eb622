// SPDX-License-Identifier: Apache-2.0
// What the tests of config share: an environment of their own, and stand-ins for the collectors with the
// options of the real ones.
#pragma once

#include <any>
#include <chrono>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <string>
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

struct KeysOptions {
    SecretSource database_url;
    base::Duration census_timeout{};
    double database_duty = 0;
};

inline std::any read_keys_options(OptionsReader& options, const Gateway&) {
    using namespace std::chrono_literals;
    KeysOptions keys;
    keys.database_url =
        options.secret("database_url", {.variable = "DATABASE_URL", .credential = "database_url"});
    keys.census_timeout = options.duration("census_timeout", 10min, {.min = 1s, .max = 24h});
    keys.database_duty = options.ratio("database_duty", 0.02, {.min = 0.0001, .max = 1});
    return keys;
}

inline std::any read_statements_options(OptionsReader& options, const Gateway&) {
    return options.secret("database_url",
                          {.variable = "DATABASE_URL", .credential = "database_url", .sibling = "keys"});
}

inline CollectorTypes collector_types() {
    using namespace std::chrono_literals;
    return {{"keys", "DATABASE_URL", {30s, 10s}, read_keys_options},
            {"statements", "DATABASE_URL", {15s, 5s}, read_statements_options}};
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
