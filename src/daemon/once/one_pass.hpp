// SPDX-License-Identifier: Apache-2.0
// What the daemon does, once: every source that expects no side effects is read, what it has counted is
// added to the state, and the metrics are rendered. Blocking; on one thread.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "config/config.hpp"
#include "store/state.hpp"

namespace keyshift::daemon {

struct OnePass {
    /// The families of /metrics, but for those that tell of a process, and for the verdict: that is about an
    /// unbroken watch.
    std::string metrics;
    /// Of each source that could not be read; "keys: ...".
    std::vector<base::Error> failures;
};

/// `state`: as the daemon's, or a copy. Errors: those of the state.
base::Result<OnePass> one_pass(const config::Config& config, store::State& state);

}  // namespace keyshift::daemon
