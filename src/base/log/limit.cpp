// SPDX-License-Identifier: Apache-2.0
#include "base/log/limit.hpp"

#include <algorithm>
#include <utility>

namespace keyshift::base::log {

std::optional<std::uint64_t> Limit::admit(std::string_view message, Moment now) {
    auto found = said_.find(message);
    if (found == said_.end()) found = said_.emplace(std::string(message), Said{now}).first;
    Said& said = found->second;
    const Moment full_at = std::max(said.full_at, now) + kOneEvery;
    if (full_at > now + kBurst * kOneEvery) {
        ++said.held_back;
        return std::nullopt;
    }
    said.full_at = full_at;
    return std::exchange(said.held_back, 0);
}

}  // namespace keyshift::base::log
