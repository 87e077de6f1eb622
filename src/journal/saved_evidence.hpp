// SPDX-License-Identifier: Apache-2.0
// The model's evidence as facts and counters of the state, in both directions. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "base/error.hpp"
#include "domain/model.hpp"
#include "store/records.hpp"
#include "store/state.hpp"

namespace keyshift::journal {

/// Everything of `model` that counting needs after a restart and commands show, but for hours and parts.
void save_evidence(const domain::Model& model, store::Facts& facts, store::Counters& counters);
/// Without how the sources were doing.
void load_evidence(const store::Facts& facts, const store::Counters& counters, domain::Model& model);

/// This host's clock minus the database's, as the daemon's last poll found it; zero before the first one.
base::Duration load_skew(const store::Facts& facts);

/// How the daemon's sources were doing.
void load_statuses(const store::Facts& facts, const store::Counters& counters,
                   std::map<std::string, domain::SourceStatus>& sources);
/// How sources that are watched from now on were doing before: since when, and how often they failed.
base::Result<std::map<std::string, domain::SourceStatus>> restored_statuses(
    store::State& state, const std::set<std::string>& sources);

/// Both, into a model that knows nothing else. Errors: those of the state.
base::Result<domain::Model> load_counted(store::State& state);

}  // namespace keyshift::journal
