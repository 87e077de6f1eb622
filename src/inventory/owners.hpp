// SPDX-License-Identifier: Apache-2.0
// Who owns the keys: the index summed up by owner. Values and pure functions: safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "api/keys.hpp"
#include "base/error.hpp"
#include "inventory/documents.hpp"
#include "inventory/key_index.hpp"
#include "inventory/key_query.hpp"

namespace keyshift::inventory {

enum class OwnerOrder : std::uint8_t { keys, owner, last_used };

/// The last owner of a page.
struct OwnerCursor {
    std::uint64_t value = 0;                ///< of the order; of OwnerOrder::owner it is void
    std::optional<std::string> owner = {};  ///< empty: nobody
};

struct OwnerQuery {
    std::string search = {};  ///< in the owner; empty: all
    bool gone = false;        ///< also owners whose keys have all gone
    OwnerOrder order = OwnerOrder::keys;
    bool descending = true;
    std::size_t limit = kDefaultLimit;
    std::optional<OwnerCursor> after = {};

    /// Reads `search`, `gone` (yes, no), `sort`, `limit` and `cursor`. Errors: usage.
    static base::Result<OwnerQuery> parse(const Parameters& parameters);
};

/// Costs one pass over all keys.
api::OwnerPage owner_page(const KeyIndex& index, const OwnerQuery& query, const JudgedBy& by);

}  // namespace keyshift::inventory
