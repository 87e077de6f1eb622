// SPDX-License-Identifier: Apache-2.0
// The thirteen checks of the verdict, one by one. Only for verdict.cpp: everybody else calls judge(). Pure.
#pragma once

#include "domain/verdict/verdict.hpp"

namespace keyshift::domain {

/// What `check` says of `facts`. Until the key table was read for the first time, checks on its keys are
/// unknown. A `passes_at` is always later than `now`.
CheckResult run_check(Check check, const VerdictFacts& facts, base::Time now);

}  // namespace keyshift::domain
