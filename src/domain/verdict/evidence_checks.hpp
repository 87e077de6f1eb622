// SPDX-License-Identifier: Apache-2.0
// The checks that rest on what was counted, and what they make of proved evidence. Only for verdict.cpp and
// checks.cpp. Pure.
#pragma once

#include <optional>

#include "domain/verdict/verdict.hpp"

namespace keyshift::domain {

CheckResult gateway_in_use(const VerdictFacts& facts, base::Time now);
CheckResult coverage(const VerdictFacts& facts, base::Time now);
CheckResult no_fallback_hits(const VerdictFacts& facts, base::Time now);
CheckResult failures_normal(const VerdictFacts& facts, base::Time now);

/// When one proved evidence will have watched for the drain window, if nothing breaks. Empty: none does.
std::optional<base::Time> covered_at(const VerdictFacts& facts);
/// When the last hit will be the drain window ago. Empty: none is known, or there is no fallback.
std::optional<base::Time> quiet_at(const VerdictFacts& facts);

}  // namespace keyshift::domain
