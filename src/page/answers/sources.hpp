// SPDX-License-Identifier: Apache-2.0
// Can this be believed: what is watched, and whether it answers. Pure: safe from any thread.
#pragma once

#include "api/status.hpp"
#include "page/html/html.hpp"

namespace keyshift::page {

Html sources(const api::Status& status);

}  // namespace keyshift::page
