// SPDX-License-Identifier: Apache-2.0
// Owners, and what is to be done with the keys of each. Pure: safe from any thread.
#pragma once

#include <string>

#include "api/keys.hpp"
#include "base/error.hpp"
#include "page/html/html.hpp"

namespace keyshift::page {

/// As the parameters of /api/v1/owners say it; empty: not said.
struct OwnersAsked {
    std::string search = {};
    std::string sort = {};
    std::string cursor = {};
};

Html owner_table(const OwnersAsked& asked, const base::Result<api::OwnerPage>& page, base::Time now);

}  // namespace keyshift::page
