// SPDX-License-Identifier: Apache-2.0
// What is known about the key table at one moment: the numbers behind the inventory metrics.
// Values: safe to move between threads.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include "base/time.hpp"
#include "domain/keys/row_problem.hpp"

namespace keyshift::domain {

/// The windows of keyshift_legacy_keys_used, shortest first.
struct UseWindow {
    std::string_view name;
    base::Duration length;
};
inline constexpr std::array<UseWindow, 5> kUseWindows{{{"5m", std::chrono::minutes{5}},
                                                       {"1h", std::chrono::hours{1}},
                                                       {"24h", std::chrono::hours{24}},
                                                       {"7d", std::chrono::hours{24 * 7}},
                                                       {"30d", std::chrono::hours{24 * 30}}}};

struct Inventory {
    base::Time taken_at;            ///< the database's clock
    std::uint64_t legacy_keys = 0;  ///< rows without a lookup hash
    std::uint64_t modern_keys = 0;  ///< rows with one; as of the last census
    std::uint64_t legacy_owners =
        0;  ///< distinct owners of legacy keys, ownerless ones not counted; as of the last census
    std::uint64_t baseline = 0;  ///< legacy keys of the first census and those created later
    std::array<std::uint64_t, kUseWindows.size()>
        used{};                                     ///< legacy keys used within each window, ends at taken_at
    std::map<int, std::uint64_t> by_bcrypt_cost;    ///< legacy keys; empty where the cost may not be read
    std::optional<base::Time> legacy_last_used_at;  ///< newest use of any legacy key, to the second
    std::optional<base::Time> oldest_modern_created_at;  ///< as of the last census
    RowProblemCounts implausible{};                      ///< rows with each problem; as of the last census
};

}  // namespace keyshift::domain
