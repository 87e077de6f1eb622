// SPDX-License-Identifier: Apache-2.0
// The first answer: may the fallback go, why, what comes next, and how old the numbers are. Pure: safe from
// any thread.
#pragma once

#include "api/status.hpp"
#include "page/html/html.hpp"

namespace keyshift::page {

/// With four numbers below it. `root` leads to the overview.
Html banner(const api::Status& status, std::string_view root);
/// One line of it, for the other documents.
Html small_banner(const api::Status& status, std::string_view root);
/// Says that numbers are old where a source is down; empty where none is.
Html stale_notice(const api::Status& status);

}  // namespace keyshift::page
