// SPDX-License-Identifier: Apache-2.0
// One row of the gateway's key table, as a source gave it.
// Texts are views into the source's buffer: valid only during the call that hands the key over.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.hpp"

namespace keyshift::domain {

struct Key {
    std::string_view id;
    std::optional<std::string_view> owner;        ///< the owner's id; empty: a key of the system
    std::optional<std::string_view> owner_email;  ///< only where asked for and readable
    std::optional<std::string_view> name;
    std::string_view prefix;  ///< the first characters of the key, as the gateway shows them
    base::Time created_at;
    std::optional<base::Time> last_used_at;
    std::optional<base::Time> expires_at;
    std::optional<int> bcrypt_cost;  ///< empty where it may not be read
    bool blocked = false;
    bool over_budget = false;
    bool legacy = false;  ///< has no lookup hash
};

}  // namespace keyshift::domain
