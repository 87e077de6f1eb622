// SPDX-License-Identifier: Apache-2.0
// An operator says which modern key replaces a legacy one. Planning reads the gateway's key table and changes
// nothing; blocking, by one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "config/config.hpp"
#include "decisions/modern_key.hpp"
#include "store/state.hpp"

namespace keyshift::decisions {

struct PlannedPair {
    std::shared_ptr<const store::KeyHistory> old;  ///< not null
    ModernKey modern;
    std::vector<std::string> doubts;            ///< why the one is hardly the replacement of the other
    std::optional<store::OperatorPair> before;  ///< what an operator has said of the old key
};

/// Errors: usage (no such keys), those of the state and of the key table, which is asked for `longest`.
base::Result<PlannedPair> plan_pair(const config::Config& config, store::State& state,
                                    const std::string& legacy, const std::string& replacement,
                                    base::Duration longest = base::Duration::max());
base::Result<void> save_pair(store::State& state, const PlannedPair& plan, const std::string& by);

/// What was said of the legacy key. Errors: usage where nothing was.
base::Result<store::OperatorPair> plan_unpair(store::State& state, const std::string& legacy);
base::Result<void> save_unpair(store::State& state, const std::string& legacy);

}  // namespace keyshift::decisions
