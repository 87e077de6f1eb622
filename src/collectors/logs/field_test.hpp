// SPDX-License-Identifier: Apache-2.0
// Whether a JSON line has a field as a rule wants it. Pure.
#pragma once

#include "config/presets/preset.hpp"
#include "formats/text/json_line.hpp"

namespace keyshift::collectors {

bool passes(const config::FieldTest& test, formats::JsonLine& fields);

}  // namespace keyshift::collectors
