// SPDX-License-Identifier: Apache-2.0
// What the model comes to at one moment: the state of the migration and the verdict. Pure; time is a
// parameter.
#pragma once

#include <optional>

#include "base/time.hpp"
#include "domain/model.hpp"
#include "domain/progress/progress.hpp"
#include "domain/verdict/verdict.hpp"

namespace keyshift::domain {

/// The source whose polls the migration is judged by.
inline constexpr const char* kKeysSource = "keys";

struct Assessment {
    std::optional<MigrationState> state;  ///< empty before the first census
    std::optional<double> removed_ratio;
    std::optional<double> drained_ratio;
    FallbackJudgement fallback;
    Judgement judgement;
};

/// `now` of the database's clock: database_now().
Assessment assess(const Model& model, base::Time now);

}  // namespace keyshift::domain
