// SPDX-License-Identifier: Apache-2.0
// Reading the section `gateway`: the presets, and what overrides them. Internal to config.
#pragma once

#include "config/config.hpp"
#include "config/options/options.hpp"

namespace keyshift::config {

/// `options` is the section. The result is complete; it makes sense only when no problem was recorded.
Gateway read_gateway(OptionsReader options);

}  // namespace keyshift::config
