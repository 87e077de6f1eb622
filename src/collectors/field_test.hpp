// SPDX-License-Identifier: Apache-2.0
// Whether a JSON line has a field as a rule wants it. Pure.
#pragma once

#include "config/preset.hpp"
#include "formats/json_line.hpp"

namespace keyshift::collectors {

bool passes(const config::FieldTest& test, formats::JsonLine& fields);

}  // namespace keyshift::collectors
