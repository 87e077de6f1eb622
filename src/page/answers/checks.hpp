// SPDX-License-Identifier: Apache-2.0
// The checks that the verdict is made of. Pure: safe from any thread.
#pragma once

#include "api/status.hpp"
#include "page/html/html.hpp"

namespace keyshift::page {

/// Those that do not pass come first, each with what to do.
Html checks(const api::Status& status);

}  // namespace keyshift::page
