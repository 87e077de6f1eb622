// SPDX-License-Identifier: Apache-2.0
#include "collectors/catalog.hpp"

#include <algorithm>
#include <stdexcept>

namespace keyshift::collectors {

#define COLLECTOR(name) Entry name##_entry();
#include "collectors/collectors.def"
#undef COLLECTOR

const std::vector<Entry>& catalog() {
    static const std::vector<Entry> entries{
#define COLLECTOR(name) name##_entry(),
#include "collectors/collectors.def"
#undef COLLECTOR
    };
    return entries;
}

config::CollectorTypes catalog_types() {
    config::CollectorTypes types;
    for (const Entry& entry : catalog())
        types.push_back({entry.name, entry.default_when, entry.schedule, entry.read});
    return types;
}

domain::KnownSources known_sources() {
    domain::KnownSources sources;
    for (const Entry& entry : catalog()) sources[entry.name] = entry.traits;
    return sources;
}

Finding failure(const base::Error& error) {
    return {Finding::Kind::failure, error.what, error.hint, error.code};
}

const Entry& catalog_entry(std::string_view type) {
    const auto& entries = catalog();
    const auto entry =
        std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.name == type; });
    if (entry == entries.end()) throw std::logic_error("no collector of type " + std::string(type));
    return *entry;
}

const Configured& configured(const config::CollectorConfig& collector) {
    // Entry::read makes nothing else.
    return static_cast<const Configured&>(*collector.options);
}

}  // namespace keyshift::collectors
