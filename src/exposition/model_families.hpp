// SPDX-License-Identifier: Apache-2.0
// The model as metric families: the one place where a metric gets its name, type, labels and help. Pure: safe
// from any thread that may read the model.
#pragma once

#include <string>
#include <vector>

#include "domain/model.hpp"
#include "exposition/family.hpp"

namespace keyshift::exposition {

/// Everything that changes only with the model. What is not known has no sample: never a zero for "unknown".
std::vector<Family> model_families(const domain::Model& model, base::Time now);

}  // namespace keyshift::exposition
