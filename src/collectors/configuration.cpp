// SPDX-License-Identifier: Apache-2.0
#include "collectors/configuration.hpp"

#include "collectors/catalog.hpp"

namespace keyshift::collectors {

config::Loaded read_configuration(const std::optional<std::filesystem::path>& file) {
    const auto environment = config::process_environment();
    const auto types = catalog_types();
    config::Loaded loaded =
        file ? config::load(*file, environment, types) : config::defaults(environment, types);
    for (const config::CollectorConfig& collector : loaded.config.collectors)
        if (const auto& canary = catalog_entry(collector.type).canary)
            loaded.config.gateway.canary = canary(collector);
    return loaded;
}

}  // namespace keyshift::collectors
