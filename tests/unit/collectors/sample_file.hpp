// SPDX-License-Identifier: Apache-2.0
// What tests of collectors' options share: the sample file and the documentation as they stand, and
// configuration from a text.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include "collectors/catalog.hpp"

namespace keyshift::collectors {

/// Of a file of the project.
inline std::string content(const std::string& path) {
    std::ifstream in(std::filesystem::path(KEYSHIFT_SOURCE_DIR) / path);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// The collector's item in config/keyshift.yaml, where it stands in comments.
inline std::string sample(const std::string& type) {
    std::istringstream lines(content("config/keyshift.yaml"));
    std::string out;
    for (std::string line; std::getline(lines, line);) {
        if (!out.empty() && !line.starts_with("# ")) break;
        if (!out.empty() || line == "# - type: " + type) out += line.substr(2) + "\n";
    }
    return out;
}

/// Without environment.
inline config::Loaded load(const std::string& text) {
    const auto nothing = [](std::string_view) { return std::optional<std::string>(); };
    return config::parse(text, "k.yaml", nothing, catalog_types());
}

}  // namespace keyshift::collectors
