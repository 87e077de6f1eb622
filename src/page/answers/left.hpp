// SPDX-License-Identifier: Apache-2.0
// Who is left: how many old keys are in which phase, each a way to the list of them. Pure: safe from any
// thread.
#pragma once

#include "api/status.hpp"
#include "page/html/html.hpp"

namespace keyshift::page {

Html left(const api::Status& status);

}  // namespace keyshift::page
