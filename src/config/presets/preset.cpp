// SPDX-License-Identifier: Apache-2.0
#include "config/presets/preset.hpp"

#include <array>

namespace keyshift::config {

#define PRESET(name) PresetFacts name##_preset();
#include "config/presets.def"
#undef PRESET

const PresetFacts& facts_of(Preset preset) {
    static const std::array kAll{
#define PRESET(name) name##_preset(),
#include "config/presets.def"
#undef PRESET
    };
    return kAll.at(static_cast<std::size_t>(preset));
}

}  // namespace keyshift::config
