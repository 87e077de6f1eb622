// SPDX-License-Identifier: Apache-2.0
#include "collectors/configuration.hpp"

#include <string>
#include <utility>

#include "collectors/catalog.hpp"

namespace keyshift::collectors {

config::Loaded read_configuration(const std::optional<std::filesystem::path>& file) {
    const auto environment = config::process_environment();
    const auto types = catalog_types();
    config::Loaded loaded =
        file ? config::load(*file, environment, types) : config::defaults(environment, types);
    for (const config::CollectorConfig& collector : loaded.config.collectors)
        if (auto canary = configured(collector).canary(); !canary.empty())
            loaded.config.gateway.canary = std::move(canary);
    return loaded;
}

}  // namespace keyshift::collectors
