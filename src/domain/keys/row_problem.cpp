// SPDX-License-Identifier: Apache-2.0
#include "domain/keys/row_problem.hpp"

namespace keyshift::domain {

std::string_view problem_name(RowProblem problem) {
    constexpr std::array<std::string_view, kRowProblems.size()> kNames{
        "expiry_before_creation", "expiry_before_use", "budget_not_positive", "use_before_creation",
        "use_in_future",          "creation_unknown",  "flag_unknown",        "hash_empty",
        "hash_malformed",         "hash_short",        "hash_shared",         "neither"};
    return kNames.at(static_cast<std::size_t>(problem));
}

}  // namespace keyshift::domain
