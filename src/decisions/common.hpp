// SPDX-License-Identifier: Apache-2.0
// What all decisions have in common. Blocking; safe from any thread, a State by one.
#pragma once

#include <string>

#include "base/error.hpp"
#include "base/time.hpp"
#include "store/state.hpp"

namespace keyshift::decisions {

/// A decision is compared with what rows say, so it carries the database's time: this host's, less what the
/// daemon's last poll found the clocks to differ.
base::Result<base::Time> decision_time(store::State& state);

/// What to say of an id that the journal does not have.
base::Error unknown_key(const std::string& id);

/// Follows what was decided.
inline constexpr const char kTakesEffect[] = "; a running daemon takes it into account at its next poll";

}  // namespace keyshift::decisions
