// SPDX-License-Identifier: Apache-2.0
// The files of src/page/assets, embedded by the build: style sheet, scripts, icons. The name of their folder
// holds a hash of all of them, so that they never change under an address. Pure: safe from any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace keyshift::page {

struct Asset {
    std::string_view name;  ///< "page.css"
    std::string_view content_type;
    std::string_view bytes;
    std::string_view gzipped;
};

std::span<const Asset> assets();
/// Null: there is none of this name.
const Asset* find_asset(std::string_view name);
/// "assets/0123456789abcdef/": relative to the overview.
const std::string& asset_folder();

}  // namespace keyshift::page
