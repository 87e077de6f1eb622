// SPDX-License-Identifier: Apache-2.0
// The list of old keys, with search, filter, orders and pages, all of which are links and forms: it works
// without JavaScript. Pure: safe from any thread.
#pragma once

#include <string>

#include "api/keys.hpp"
#include "base/error.hpp"
#include "page/html/html.hpp"

namespace keyshift::page {

/// What was asked for, as the parameters of /api/v1/keys say it; empty: not said.
struct KeysAsked {
    std::string phase = {};
    std::string owner = {};
    bool by_owner = false;  ///< `owner` was given, perhaps empty: keys that nobody owns
    std::string search = {};
    std::string sort = {};
    std::string cursor = {};
};

Html key_table(const KeysAsked& asked, const base::Result<api::KeyPage>& page, base::Time now);

/// "name" leads to "keys/ID": `root` is before it.
Html key_link(const api::Key& key, std::string_view root);
/// An owner, and the way to its keys; "no owner".
Html owner_link(const std::optional<std::string>& owner, std::string_view root);

}  // namespace keyshift::page
