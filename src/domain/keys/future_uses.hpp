// SPDX-License-Identifier: Apache-2.0
// Last uses of modern keys that lie in the future. When such a value was written nobody can tell; that it
// changes tells of a use. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "base/time.hpp"

namespace keyshift::domain {

class FutureUses {
 public:
    /// So many keys are remembered; the changes of further ones are not seen.
    static constexpr std::size_t kMost = 100'000;

    /// The key's row says `written`, at `now`. When it was last seen to change; empty: not yet.
    std::optional<base::Time> use(std::uint64_t key, base::Time written, base::Time now);

 private:
    struct Known {
        base::Time written;
        std::optional<base::Time> used_at;
    };
    std::unordered_map<std::uint64_t, Known> known_;
};

}  // namespace keyshift::domain
