// SPDX-License-Identifier: Apache-2.0
// What a YAML value is for a program in Go that reads it by yaml.v2, as the exporter-toolkit does: its
// booleans are those of YAML 1.1, its durations those of Go, and nothing is the zero of its type. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/tree/node.hpp"

namespace keyshift::config {

/// Any scalar as it is written, nothing as "". Empty: a list or a mapping.
std::optional<std::string> go_text(const TreeNode& node);

/// "true", "yes", "on", "y" and their opposites, unquoted; nothing is false. Empty: something else.
std::optional<bool> go_boolean(const TreeNode& node);

/// 10, 0x1F, 0b11, 0o17, 017, 1_000, and 1.9, which is 1; unquoted; nothing is 0. Empty: something else.
std::optional<std::int64_t> go_integer(const TreeNode& node);

/// "1h30m", "1.5s", "-10ms", "0". A number without a unit counts nanoseconds. Empty: something else.
std::optional<std::int64_t> go_nanoseconds(const TreeNode& node);

/// The same of a text. Empty: it is none, or longer than 292 years.
std::optional<std::int64_t> parse_go_duration(std::string_view text);

}  // namespace keyshift::config
