// SPDX-License-Identifier: Apache-2.0
// What a command shows: what the running daemon last saw, from its state, or else one poll of the gateway,
// with whatever history there is. Blocking; for commands only.
#pragma once

#include <memory>

#include "base/error.hpp"
#include "base/time.hpp"
#include "config/config.hpp"
#include "decisions/key_table_query.hpp"
#include "domain/model.hpp"
#include "store/state.hpp"

namespace keyshift::commands {

struct Snapshot {
    domain::Model model;
    /// The daemon's, or a copy that the poll has brought up to date. Changes nothing on disk.
    std::unique_ptr<store::State> state;
    bool of_daemon = false;
    base::Time now;  ///< by the database's clock
};

/// Errors: those of the state and of the database; config when there is nothing to look at.
base::Result<Snapshot> take_snapshot(const config::Config& config);

/// The fallback mode as far as it can be told without a poll: asserted, or what the running daemon found.
domain::FallbackMode known_fallback_mode(const config::Config& config);

using decisions::keys_collector;
using decisions::KeyTableAccess;

}  // namespace keyshift::commands
