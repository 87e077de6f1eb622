// SPDX-License-Identifier: Apache-2.0
// Who can tell of uses of the fallback, and what of that is proved: the sources that count them, and the key
// table by its last uses and upgrades. Pure; time is a parameter, by the database's clock.
#pragma once

#include "base/time.hpp"
#include "domain/evidence/pending_scans.hpp"
#include "domain/model.hpp"
#include "domain/verdict/verdict.hpp"

namespace keyshift::domain {

/// The witness that the key table's upgrades are, where a key is upgraded when it is used.
inline constexpr const char* kUpgrades = "upgrades";

FallbackWatch fallback_watch(const Model& model, base::Time now);

/// Other sources show that keys are used, and no key's last use has moved for the quiet period: the gateway
/// writes none any more.
bool last_use_stands_still(const Model& model, base::Time now);
/// Keeps what that rests on. After each poll of the key table, and when time has passed.
void watch_last_use(Model& model, base::Time host_now);

/// What the key table tells of uses, for scans that wait: by this host's clock.
LegacyUse legacy_use(const Model& model, base::Time host_now);

}  // namespace keyshift::domain
