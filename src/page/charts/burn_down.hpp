// SPDX-License-Identifier: Apache-2.0
// Are we in time: old keys that are left, over time, with what is to be expected. Pure: safe from any thread.
#pragma once

#include <vector>

#include "api/lists.hpp"
#include "base/error.hpp"
#include "page/html/html.hpp"

namespace keyshift::page {

/// What the chart is drawn of.
struct Past {
    std::vector<api::HistoryPoint> points = {};  ///< oldest first
    std::vector<api::Mark> marks = {};
    std::vector<api::Event> events = {};  ///< those that change the picture are shown
};

/// With its legend, and the same numbers as a table.
Html burn_down(const api::Status& status, const base::Result<Past>& past);

/// At most `most` points: of each stretch of time the last one. The last point stays.
std::vector<api::HistoryPoint> thinned(const std::vector<api::HistoryPoint>& points, std::size_t most);

}  // namespace keyshift::page
