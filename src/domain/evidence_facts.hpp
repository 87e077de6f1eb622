// SPDX-License-Identifier: Apache-2.0
// What has been counted, as the verdict and the search for the fallback mode want it. Pure; time is a
// parameter.
#pragma once

#include <optional>
#include <string>

#include "base/time.hpp"
#include "domain/model.hpp"
#include "domain/phases/fallback_mode.hpp"
#include "domain/verdict/verdict.hpp"

namespace keyshift::domain {

/// What counting sources and the probe know of the fallback, by the clock of the gateway's database.
CountedFallback counted_fallback(const Model& model, base::Time now);

/// What a configured source might count, even if it cannot at the moment: what its configuration promises,
/// what it can by its last poll, and what it ever counted. A log may tell of a fallback that nobody knew the
/// gateway to have. Nothing where it is not configured, or lacks what it needs.
Events countable(const Model& model, const std::string& source);

/// Whether a configured source may tell of failures, if not at the moment. Statements do not while the
/// gateway scans for what they have not found: nobody misses anything by their silence.
bool may_count_failures(const Model& model, const std::string& source);

/// The configured sources that could count it, even if they cannot at the moment: "gateway_log, statements".
std::string who_could_measure(const Model& model, Signal signal);
bool can_be_measured(const Model& model, Signal signal);

/// When others than the key table last saw a key used that is not keyshift's own: a lookup that found one, a
/// verification, a request that succeeded. By the database's clock.
ModernUse counted_modern_use(const Model& model);
/// The newest of that, and of what the key table tells.
ModernUse modern_use(const Model& model);

/// Over 24 h, or as much longer, up to the drain window, as it takes to have 100 attempts. Normal is twice
/// the share of the seven days before, without the hours of which failures were not normal, and never less
/// than the budget. Empty: not counted, or the source cannot be read in full at the moment.
std::optional<AuthFailures> auth_failures(const Model& model, base::Time now);
/// Failures are not normal now: what is counted in the 24 hours until now is not normal for later ones.
void note_failures(Model& model, base::Time host_now);
/// Of all authentications that the headline has counted; empty when there were none.
std::optional<double> cache_hit_ratio(const Model& model);

}  // namespace keyshift::domain
