// SPDX-License-Identifier: Apache-2.0
// Which of many literals a text begins with, at a cost that does not grow with their number: most texts are
// told from all of them by one look at their first bytes. Immutable; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace keyshift::formats {

class LineBeginnings {
 public:
    /// None of them empty; the same may stand there twice.
    explicit LineBeginnings(const std::vector<std::string>& literals);

    /// Calls `found(index)` for each literal that `text` begins with.
    template <class Found>
    void find(std::string_view text, const Found& found) const {
        for (const Node* node = longest(text); node != nullptr; node = above(*node))
            for (const std::size_t index : node->indices) found(index);
    }

 private:
    static constexpr std::size_t kKey = 8;

    struct Node {
        std::string literal;
        std::vector<std::size_t> indices;  ///< of the literals that are this
        std::size_t above;                 ///< the longest other one that this begins with
    };
    /// Nodes with the same first bytes.
    struct Slot {
        std::uint64_t key = 0;
        std::size_t begin = 0;
        std::size_t end = 0;  ///< begin: free
    };

    std::uint64_t key_of(std::string_view text) const {
        std::uint64_t key = 0;
        if (text.size() >= kKey) {
            std::memcpy(&key, text.data(), kKey);
        } else {
            std::memcpy(&key, text.data(), text.size());
        }
        return key & mask_;
    }
    std::size_t slot_of(std::uint64_t key) const {
        return static_cast<std::size_t>((key * 0x9E3779B97F4A7C15U) >> shift_);
    }
    const Node* longest(std::string_view text) const {
        if (text.size() < key_size_ || nodes_.empty()) return nullptr;
        const std::uint64_t key = key_of(text);
        for (std::size_t at = slot_of(key); slots_[at].end != slots_[at].begin;
             at = (at + 1) & (slots_.size() - 1))
            if (slots_[at].key == key) return longest(text, slots_[at]);
        return nullptr;
    }
    const Node* longest(std::string_view text, const Slot& among) const;
    const Node* above(const Node& node) const {
        return node.above < nodes_.size() ? &nodes_[node.above] : nullptr;
    }
    void link();
    void fill_slots();

    std::vector<Node> nodes_;  ///< sorted
    std::vector<Slot> slots_;
    std::size_t key_size_ = 0;  ///< so many first bytes are looked at: all literals have them
    std::uint64_t mask_ = 0;
    unsigned shift_ = 0;
};

}  // namespace keyshift::formats
