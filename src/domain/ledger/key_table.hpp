// SPDX-License-Identifier: Apache-2.0
// A compact memory of every legacy key: 36 bytes a key, so that millions fit a small machine. Keys are known
// by a 64-bit hash of their id: two ids collide with probability n^2/2^65 (3e-6 at 10 million), which would
// merge them. Not thread-safe.
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

/// Times are seconds since the epoch, rounded down.
struct KeySlot {
    std::uint32_t row = 0;          ///< the key's row in the journal
    std::uint32_t reference = 0;    ///< last use; of a key never used, its creation
    std::uint32_t longest_gap = 0;  ///< seconds between two advances of last_used_at; 0: there were not two
    std::uint32_t replacement_used = 0;  ///< a use of the replacement, see Ledger::pair(); 0: none is known
    std::uint32_t since = 0;             ///< when `phase` was entered

    std::uint32_t seen : 1 = 0;      ///< equals the parity of the census that last showed the key
    std::uint32_t fresh : 1 = 0;     ///< no phase has been published yet
    std::uint32_t dirty : 1 = 0;     ///< differs from what the journal has
    std::uint32_t used : 1 = 0;      ///< `reference` is a use
    std::uint32_t advanced : 1 = 0;  ///< last_used_at was seen to advance
    std::uint32_t blocked : 1 = 0;
    std::uint32_t over_budget : 1 = 0;
    std::uint32_t expired : 1 = 0;
    std::uint32_t acknowledged : 1 = 0;
    std::uint32_t gone : 1 = 0;        ///< the row is not there any more
    std::uint32_t upgraded : 1 = 0;    ///< ... as a legacy one: it has a lookup hash now
    std::uint32_t in_use : 1 = 0;      ///< it was in use when it went
    std::uint32_t with_owner : 1 = 0;  ///< ... together with all keys of its owner
    std::uint32_t proved : 1 = 0;      ///< ... and was used since it was upgraded
    std::uint32_t beside : 1 = 0;      ///< was used after a use of its replacement
    std::uint32_t returned : 1 = 0;    ///< had gone, and is back since the last settle()
    std::uint32_t matched : 1 = 0;     ///< the pairing under way has given it a replacement
    std::uint32_t rule : 2 = 0;        ///< PairRule
    std::uint32_t phase : 4 = 0;       ///< the published Phase
    std::uint32_t candidate : 4 = 0;   ///< what the last poll came to
    std::uint32_t cost : 5 = 0;        ///< of bcrypt; 0: unknown

    std::uint16_t fingerprint = 0;       ///< of owner, name and expiry
    std::uint16_t replacement : 15 = 0;  ///< fingerprint of the replacement's id
    std::uint16_t behind : 1 = 0;        ///< the row's last use is much earlier than the one that is known
};
static_assert(sizeof(KeySlot) == 28);

class KeyTable {
 public:
    std::size_t size() const { return size_; }
    void clear();

    /// The slot of `hash`, or nullptr. Valid until the next insert or remove.
    KeySlot* find(std::uint64_t hash);
    /// `hash` must be absent.
    void insert(std::uint64_t hash, const KeySlot& slot);
    /// Calls `visit(hash, slot)` for each slot, in no particular order; the table must not change meanwhile.
    template <class Visit>
    void each(const Visit& visit) {
        for (Part& part : parts_) {
            for (std::size_t i = 0; i < part.hashes.size(); ++i)
                if (part.hashes[i] != 0) visit(part.hashes[i], part.slots[i]);
        }
    }
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
