// SPDX-License-Identifier: Apache-2.0
// What the daemon's log says of keys that have changed their phase, and of a changed verdict: no owner, no
// address. Safe from any thread.
#pragma once

#include "daemon/notify/message.hpp"
#include "domain/model.hpp"

namespace keyshift::daemon {

/// A line for each that is named, a warning where clients are or may be locked out; then one that says how
/// many more there were.
void log_phase_changes(const domain::PhaseChanges& changes);
void log_verdict_change(const VerdictChange& change);

}  // namespace keyshift::daemon
