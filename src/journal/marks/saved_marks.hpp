// SPDX-License-Identifier: Apache-2.0
// What the state knows of marks, for the model. Blocking. Used by the thread of the State.
#pragma once

#include <optional>

#include "base/error.hpp"
#include "base/time.hpp"
#include "domain/marks/effect.hpp"
#include "store/state.hpp"

namespace keyshift::journal {

/// At `now` of this host's clock. Errors: those of the state.
base::Result<domain::MarkSummary> load_marks(store::State& state, base::Time now);

/// Reads them again where they may have changed: another mark, or time that has passed while one is followed.
class MarksWatch {
 public:
    /// Empty: they are as they were. A state that cannot be read tells nothing new.
    std::optional<domain::MarkSummary> changed(store::State& state, base::Time now);

 private:
    std::optional<store::State::MarksVersion> version_;
    base::Time read_at_ = {};
};

}  // namespace keyshift::journal
