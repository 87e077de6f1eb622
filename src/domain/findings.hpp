// SPDX-License-Identifier: Apache-2.0
// What an operator must know beside phases and verdict: what the numbers suggest, and what the configuration
// says of the gateway against what is seen. Pure; time is a parameter.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "domain/model.hpp"

namespace keyshift::domain {

/// Legacy keys that may be locked out already: nobody knows whether the gateway still accepts them, they have
/// not been used since, and since then keys are refused that no row knows.
struct PossibleLockout {
    std::uint64_t keys = 0;
    base::Time since;  ///< the last use of any legacy key
};
std::optional<PossibleLockout> possible_lockout(const Model& model, base::Time now);
/// "3 keys may already be locked out since 2026-01-10T00:00:00Z: ..."; one sentence without a full stop.
std::string sentence(const PossibleLockout& lockout);

/// What is wrong, as far as can be seen, with what gateway.promotes_in_place says.
struct PromotionDoubt {
    std::string what;    ///< one sentence without a full stop
    std::string remedy;  ///< likewise
};
std::optional<PromotionDoubt> doubt_about_promotion(const Migration& migration, const Policy& policy);

}  // namespace keyshift::domain
