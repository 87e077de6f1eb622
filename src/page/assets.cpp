// SPDX-License-Identifier: Apache-2.0
#include "page/assets.hpp"

#include <algorithm>

namespace keyshift::page {

const Asset* find_asset(std::string_view name) {
    const auto all = assets();
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const Asset& asset) { return asset.name == name; });
    return found == all.end() ? nullptr : &*found;
}

}  // namespace keyshift::page
