// SPDX-License-Identifier: Apache-2.0
// Which keys, in which order, and which part of them: as the parameters of /api/v1/keys say it. Values and
// pure functions: safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "domain/phases/phase.hpp"
#include "inventory/key_index.hpp"

namespace keyshift::inventory {

/// Parameters of a request, decoded, in their order.
using Parameters = std::vector<std::pair<std::string, std::string>>;

enum class KeyOrder : std::uint8_t { created, last_used, since, owner, phase, name };

inline constexpr std::size_t kDefaultLimit = 100;
inline constexpr std::size_t kMostLimit = 1000;

/// The last key of a page, in the order of its query: what follows it is the next page, whatever has changed
/// in between.
struct KeyCursor {
    std::uint64_t value = 0;                ///< of the order; of KeyOrder::owner and name it is void
    std::optional<std::string> owner = {};  ///< of KeyOrder::owner; empty: of no owner
    std::string name = {};                  ///< of KeyOrder::name, in lower case
    std::uint32_t row = 0;
};

struct KeyQuery {
    std::vector<domain::Phase> phases = {};  ///< empty: of every phase
    std::optional<std::string> owner = {};   ///< "": of no owner
    std::string search = {};                 ///< empty: whatever their texts
    std::optional<base::Time> used_since = {};
    std::optional<base::Time> unused_since = {};  ///< not used since then, or never
    KeyOrder order = KeyOrder::created;
    bool descending = true;
    std::size_t limit = kDefaultLimit;
    std::optional<KeyCursor> after = {};

    /// Reads `phase`, `owner`, `search`, `used_within`, `idle_longer_than`, `sort`, `limit` and `cursor`;
    /// `now` is what the durations are before. Without `phase` the keys that are still there. Errors: usage;
    /// their text says what would do, and repeats nothing that was given.
    static base::Result<KeyQuery> parse(const Parameters& parameters, base::Time now);
};

/// A page of what a query found.
struct KeySelection {
    std::uint64_t total = 0;          ///< that fit the query, on all pages
    std::vector<std::uint32_t> rows;  ///< of the journal, in the query's order
    std::string next;                 ///< the cursor of the page behind; empty: there is none
};

/// Costs one pass over all keys.
KeySelection select(const KeyIndex& index, const KeyQuery& query);

}  // namespace keyshift::inventory
