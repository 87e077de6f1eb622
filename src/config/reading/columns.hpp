// SPDX-License-Identifier: Apache-2.0
// Reads what the configuration says of the key table's columns: gateway.columns, gateway.legacy_when and
// gateway.users. Inside config.
#pragma once

#include "config/config.hpp"
#include "config/options/options.hpp"

namespace keyshift::config {

/// `options` is the section `gateway`; `gateway` holds what its preset presumes.
void read_columns(OptionsReader& options, Gateway& gateway);

}  // namespace keyshift::config
