// SPDX-License-Identifier: Apache-2.0
// What an operator can decide on the page: pair, acknowledge, mark, and take that back. Each form shows what
// would change before it changes anything. assets/actions.js sends them; without it they are not shown. Pure:
// safe from any thread.
#pragma once

#include <string>
#include <string_view>

#include "api/keys.hpp"
#include "api/lists.hpp"
#include "page/html/html.hpp"

namespace keyshift::page {

/// Who looks at the page, and what he may do.
struct Viewer {
    std::string user = {};  ///< empty: nobody has logged in
    bool actions = false;   ///< web.actions is on, and he has logged in
};

/// Empty for whoever may not act. `root` leads to the overview.
Html key_forms(const Viewer& viewer, const api::Key& key, std::string_view root);
Html mark_forms(const Viewer& viewer, const std::vector<api::Mark>& marks, base::Time now);

}  // namespace keyshift::page
