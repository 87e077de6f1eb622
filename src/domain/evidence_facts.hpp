// SPDX-License-Identifier: Apache-2.0
// What has been counted, as the verdict and the search for the fallback mode want it. Pure; time is a
// parameter.
#pragma once

#include <optional>
#include <string>

#include "base/time.hpp"
#include "domain/fallback_mode.hpp"
#include "domain/model.hpp"
#include "domain/verdict.hpp"

namespace keyshift::domain {

/// What counting sources and the probe know of the fallback, by the clock of the gateway's database.
CountedFallback counted_fallback(const Model& model, base::Time now);

/// What a configured source might count, even if it cannot at the moment: what its configuration promises,
/// what it can by its last look, and what it ever counted. A log may tell of a fallback that nobody knew the
/// gateway to have. Nothing where it is not configured, or lacks what it needs.
Events countable(const Model& model, const std::string& source);

/// A configured source could count it, even if it cannot at the moment.
bool can_be_measured(const Model& model, Signal signal);

/// Empty: no source that is better than last_used_at is whole and up to date. The last hit is the last one
/// that any of them saw; scans that statements show are none once no legacy key is left.
std::optional<FallbackHits> fallback_hits(const Model& model, base::Time now);

/// Over 24 h, or since counting began. Normal is twice the share of the seven days before, and never less
/// than the budget. Empty: not counted, or nobody counts how many requests there are.
std::optional<AuthFailures> auth_failures(const Model& model, base::Time now);

/// Of all authentications that the headline has counted; empty when there were none.
std::optional<double> cache_hit_ratio(const Model& model);

}  // namespace keyshift::domain
