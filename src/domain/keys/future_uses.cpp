// SPDX-License-Identifier: Apache-2.0
#include "domain/keys/future_uses.hpp"

namespace keyshift::domain {

std::optional<base::Time> FutureUses::use(std::uint64_t key, base::Time written, base::Time now) {
    const auto found = known_.find(key);
    if (found == known_.end()) {
        if (known_.size() < kMost) known_.emplace(key, Known{written, {}});
        return std::nullopt;
    }
    if (found->second.written != written) found->second = {written, now};
    return found->second.used_at;
}

}  // namespace keyshift::domain
