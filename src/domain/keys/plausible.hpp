// SPDX-License-Identifier: Apache-2.0
// What of a row can be believed: a value that contradicts another one, or what was seen, is none, and each
// has a side on which nobody is locked out. Pure functions; safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.hpp"
#include "domain/keys/key.hpp"

namespace keyshift::domain {

/// What the lookup hash of a row, or whatever else tells legacy keys, comes to. The values are part of the
/// view that `keyshift sql view` prints. From kPlainLength on a value is that of a modern key of which no
/// shape is known, and that many octets longer than kPlainLength.
enum class HashKind : std::uint8_t { modern, legacy, empty, malformed, neither, unknown, slow };
inline constexpr std::int32_t kPlainLength = 16;
/// A value of fewer octets is no hash that anybody looks up: its length says nothing of those that are.
inline constexpr std::int32_t kShortestHash = 16;

enum class Budget : std::uint8_t { none, within, over, not_positive };

/// A row as it was read. Texts are views into the source's buffer. Infinite times are
/// base::kInfiniteFuture and base::kInfinitePast.
struct KeyRow {
    std::string_view id;
    std::optional<std::string_view> owner, owner_email, name;
    std::string_view prefix;
    std::optional<base::Time> created_at, last_used_at, expires_at;
    std::optional<bool> blocked = false;
    Budget budget = Budget::none;
    HashKind hash = HashKind::modern;
    std::optional<std::int32_t> plain_length = {};  ///< octets of a modern value of which no shape is known
    bool hash_shared = false;                       ///< another row has the same lookup hash
    std::optional<int> bcrypt_cost;
};

/// A last use that much later than the moment of the poll is in the future.
inline constexpr base::Duration kFutureTolerance = std::chrono::seconds{5};

/// `now` is the database's moment of the poll.
Key plausible(const KeyRow& row, base::Time now);

/// The key was used at `at`, as another source tells, later than its row says. An expiry before that is none.
void believe_use(Key& key, base::Time at);

/// Whether a text that should identify a key holds a hash that is made to be slow, or that of a known
/// framework: such a text must not be shown.
bool holds_a_hash(std::string_view id);

}  // namespace keyshift::domain
