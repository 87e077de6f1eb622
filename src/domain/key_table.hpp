// SPDX-License-Identifier: Apache-2.0
// A compact memory of every legacy key: 20 bytes a key and slot, so that 10 million fit a small machine. Keys
// are known by a 64-bit hash of their id: two ids collide with probability n^2/2^65 (3e-6 at 10 million),
// which would merge them. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace keyshift::domain {

/// 64-bit hash of an id, never 0; the same within one process only.
std::uint64_t hash_id(std::string_view id);

struct KeySlot {
    std::uint32_t last_used = 0;  ///< seconds since the epoch; 0: never
    std::uint32_t row = 0;        ///< the key's row in the journal
    std::uint32_t bits = 0;       ///< what the ledger packs in
};

class KeyTable {
 public:
    std::size_t size() const { return size_; }
    void clear();

    /// The slot of `hash`, or nullptr. Valid until the next insert or remove.
    KeySlot* find(std::uint64_t hash);
    /// `hash` must be absent.
    void insert(std::uint64_t hash, KeySlot slot);
    /// Calls `visit` for each slot, in no particular order; the table must not change meanwhile.
    void each(const std::function<void(KeySlot&)>& visit);
    /// Removes the slots for which `gone` is true.
    void remove_if(const std::function<bool(const KeySlot&)>& gone);

 private:
    // Many small open-addressing tables instead of one big: growing copies one part, so the peak stays near
    // the sum.
    struct Part {
        std::vector<std::uint64_t> hashes;  // 0: free
        std::vector<KeySlot> slots;
        std::size_t used = 0;

        std::size_t locate(std::uint64_t hash) const;  // its place, or the free one where it would go
        void grow(std::size_t capacity);
    };
    static constexpr std::size_t kParts = 256;
    Part& part(std::uint64_t hash) { return parts_.at(hash >> 56U); }

    std::array<Part, kParts> parts_;
    std::size_t size_ = 0;
};

}  // namespace keyshift::domain
