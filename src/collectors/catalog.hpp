// SPDX-License-Identifier: Apache-2.0
// All collectors, from collectors.def. Immutable after first use: safe from any thread.
#pragma once

#include <string_view>
#include <vector>

#include "collectors/entry.hpp"

namespace keyshift::collectors {

const std::vector<Entry>& catalog();
/// What the configuration loader needs of it.
config::CollectorTypes catalog_types();
/// What the domain must know of it, by type.
domain::KnownSources known_sources();
/// Precondition: `type` is in the catalog, as it is in a valid configuration.
const Entry& catalog_entry(std::string_view type);
/// What the options of `collector` are. Precondition: they were read by catalog_types(), and by nothing else.
const Configured& configured(const config::CollectorConfig& collector);

}  // namespace keyshift::collectors
