// SPDX-License-Identifier: Apache-2.0
// Exact number of different 64-bit hashes in a stream, in at most 16 bytes per different one. Not
// thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace keyshift::domain {

class DistinctCount {
 public:
    void add(std::uint64_t hash);
    /// Settles what was added; may be called again after more.
    std::size_t count();
    /// Of what count() has settled.
    bool contains(std::uint64_t hash) const;

 private:
    void settle();

    std::vector<std::uint64_t> hashes_;  // sorted and unique after settle()
    std::size_t limit_ = 1U << 14U;
    std::array<std::uint64_t, 4096> recent_{};  // a repeated owner costs one comparison
};

}  // namespace keyshift::domain
