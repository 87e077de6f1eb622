// SPDX-License-Identifier: Apache-2.0
// /api/v1/hours: what the headlines have counted, by the hour. Pure.
#pragma once

#include <vector>

#include "api/lists.hpp"
#include "domain/model.hpp"

namespace keyshift::api {

/// Hours in which something was counted, oldest first; as far back as the model remembers.
std::vector<Hour> hours(const domain::Model& model);

}  // namespace keyshift::api
