// SPDX-License-Identifier: Apache-2.0
// The environment variables a configuration may refer to, as a function, so that tests bring their own.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace keyshift::config {

/// The value of the variable of that name; empty when it is not set. Safe to call from any thread.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

/// A copy of the process's environment, taken now: later changes are not seen.
Environment process_environment();

/// The variable's value, but nothing when it is set to the empty string: "DATABASE_URL=" means "not given".
std::optional<std::string> non_empty(const Environment& environment, std::string_view name);

}  // namespace keyshift::config
