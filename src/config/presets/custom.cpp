// SPDX-License-Identifier: Apache-2.0
// A gateway of which nothing is presumed: the configuration says everything.
#include "config/presets/preset.hpp"

namespace keyshift::config {

PresetFacts custom_preset();

PresetFacts custom_preset() {
    return {.key_paths = {"/"}};
}

}  // namespace keyshift::config
