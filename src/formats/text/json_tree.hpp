// SPDX-License-Identifier: Apache-2.0
// A JSON document as plain values, for what is small and read whole. Pure: safe from any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace keyshift::formats {

struct JsonTree {
    enum class Kind { null, boolean, number, text, list, object };

    Kind kind = Kind::null;
    bool truth = false;  ///< of a boolean
    double number = 0;   ///< of a number: whole ones are exact up to 2^53
    std::string text = {};
    std::vector<JsonTree> items = {};                            ///< of a list
    std::vector<std::pair<std::string, JsonTree>> members = {};  ///< of an object, in the document's order

    /// The first member of that name of an object; null when there is none.
    const JsonTree* find(std::string_view name) const;
};

/// Errors: parse (no JSON, nested deeper than 64 levels).
base::Result<JsonTree> parse_json(std::string_view text);

}  // namespace keyshift::formats
