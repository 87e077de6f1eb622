// SPDX-License-Identifier: Apache-2.0
// Small drawings that stand beside words, never instead of them. Pure: safe from any thread.
#pragma once

#include <string_view>

#include "page/html/html.hpp"

namespace keyshift::page {

/// By verdict_class(): a check mark, a clock, a cross, a question mark.
Html verdict_icon(std::string_view verdict_class);

}  // namespace keyshift::page
