// SPDX-License-Identifier: Apache-2.0
#include "domain/counts/distinct.hpp"

#include <algorithm>

namespace keyshift::domain {

void DistinctCount::add(std::uint64_t hash) {
    std::uint64_t& recent = recent_.at(hash % recent_.size());
    if (recent == hash) return;
    recent = hash;
    hashes_.push_back(hash);
    if (hashes_.size() >= limit_) settle();
}

void DistinctCount::settle() {
    std::sort(hashes_.begin(), hashes_.end());
    hashes_.erase(std::unique(hashes_.begin(), hashes_.end()), hashes_.end());
    limit_ = std::max(limit_, 2 * hashes_.size());
}

bool DistinctCount::contains(std::uint64_t hash) const {
    return std::binary_search(hashes_.begin(), hashes_.end(), hash);
}

std::size_t DistinctCount::count() {
    settle();
    return hashes_.size();
}

}  // namespace keyshift::domain
