// SPDX-License-Identifier: Apache-2.0
// Everything known about one key, in plain words, and the letter to its owner. Pure: safe from any thread.
#pragma once

#include <string>

#include "api/keys.hpp"
#include "page/html/html.hpp"
#include "page/keys/forms.hpp"

namespace keyshift::page {

/// What the daemon adds to a key.
struct KeyExtras {
    std::string address = {};  ///< of its owner; empty: not known
    std::string letter = {};   ///< to its owner, with its subject; empty: nothing is to be asked
};

/// The document is one folder below the overview.
Html key_details(const api::KeyDetails& key, const KeyExtras& extras, const Viewer& viewer);

}  // namespace keyshift::page
