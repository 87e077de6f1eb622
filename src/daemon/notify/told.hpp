// SPDX-License-Identifier: Apache-2.0
// What the operator has been told by the webhook, as the state keeps it: a restart tells nothing twice.
// Values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "domain/model.hpp"
#include "store/state.hpp"

namespace keyshift::daemon {

struct Told {
    std::optional<std::int64_t> event = {};  ///< the last event that needs no message; empty: no message yet
    std::string verdict = {};                ///< the last one; empty: none
    std::uint64_t verdicts = 0;              ///< changes of the verdict
    domain::Notifications counts = {};
    bool operator==(const Told&) const = default;

    static base::Result<Told> load(store::State& state);
    /// All but the counts is forgotten: who is told again later is told of what happens from then on.
    void begin_anew();
    base::Result<void> save(store::State& state) const;
};

}  // namespace keyshift::daemon
