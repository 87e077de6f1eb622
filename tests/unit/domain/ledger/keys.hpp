// SPDX-License-Identifier: Apache-2.0
// Rows of a key table, for tests of the ledger.
#pragma once

#include <optional>
#include <string_view>

#include "domain/keys/key.hpp"

namespace keyshift::domain {

inline const base::Time kNow{std::chrono::seconds{1'768'003'200}};

/// Created long ago.
inline Key legacy(std::string_view id, std::optional<base::Time> used = {}, std::string_view owner = "o1") {
    Key key;
    key.id = id;
    key.owner = owner;
    key.created_at = kNow - std::chrono::hours{9000};
    key.last_used_at = used;
    key.legacy = true;
    return key;
}

inline Key modern(std::string_view id, base::Time created = kNow, std::optional<base::Time> used = {}) {
    Key key;
    key.id = id;
    key.created_at = created;
    key.last_used_at = used;
    return key;
}

}  // namespace keyshift::domain
