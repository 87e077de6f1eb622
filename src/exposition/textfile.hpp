// SPDX-License-Identifier: Apache-2.0
// Metrics as a file for node_exporter's textfile collector. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "exposition/page.hpp"

namespace keyshift::exposition {

/// In the text format, without timestamps, which that collector refuses; without the families whose names
/// begin with one of `left_out`.
std::string textfile(Snapshot snapshot, std::span<const std::string_view> left_out);

}  // namespace keyshift::exposition
