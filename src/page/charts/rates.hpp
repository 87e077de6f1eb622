// SPDX-License-Identifier: Apache-2.0
// What was counted in each hour of the last week: fallback hits, failures by reason, and how often the cache
// answered. Pure: safe from any thread.
#pragma once

#include <vector>

#include "api/lists.hpp"
#include "page/html/html.hpp"

namespace keyshift::page {

/// `hours` are those in which something was counted, oldest first.
Html rates(const api::Status& status, const std::vector<api::Hour>& hours);

}  // namespace keyshift::page
