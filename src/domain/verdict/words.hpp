// SPDX-License-Identifier: Apache-2.0
// What the checks of the verdict have in common: findings, and numbers and times as people read them. Only
// for them. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "domain/verdict/verdict.hpp"

namespace keyshift::domain {

/// A time further ahead than this is in the future.
inline constexpr base::Duration kClockSkew = std::chrono::minutes{5};

CheckResult finding(CheckOutcome outcome, std::string evidence, std::optional<base::Time> passes_at = {});
CheckResult pass_if(bool passes, CheckOutcome otherwise, std::string evidence);

std::string date(base::Time t);
std::string date(std::optional<base::Time> t, base::Time now);
std::string length(base::Duration d);
/// "3h ago", "5m in the future".
std::string distance(base::Time t, base::Time now);
/// "1 legacy key", "2 legacy keys".
std::string some(std::uint64_t count, std::string_view noun);
/// "1 legacy key is", "2 legacy keys are".
std::string some_are(std::uint64_t count, std::string_view noun);
std::string percent(double ratio);

}  // namespace keyshift::domain
