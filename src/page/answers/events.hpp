// SPDX-License-Identifier: Apache-2.0
// The events of the last hour, day, week or month. Pure: safe from any thread.
#pragma once

#include <string_view>

#include "api/lists.hpp"
#include "base/error.hpp"
#include "page/html/html.hpp"

namespace keyshift::page {

/// `since` is one of those that can be chosen: "1h", "24h", "7d", "30d".
Html events(const base::Result<api::List<api::Event>>& list, std::string_view since, base::Time now);
/// The nearest of those; "24h" for any other text.
std::string_view known_since(std::string_view text);

}  // namespace keyshift::page
