// SPDX-License-Identifier: Apache-2.0
#include "collectors/logs/field_test.hpp"

#include <algorithm>

namespace keyshift::collectors {

bool passes(const config::FieldTest& test, formats::JsonLine& fields) {
    const auto value = fields.text(test.path);
    if (!value) return false;
    return std::ranges::any_of(test.texts, [&](std::string_view text) {
        if (text.ends_with('*')) return value->starts_with(text.substr(0, text.size() - 1));
        return *value == text;
    });
}

}  // namespace keyshift::collectors
