// SPDX-License-Identifier: Apache-2.0
// Which of many literals stand anywhere in a text, by Wu and Manber: where the last bytes of a window stand
// in no literal, the window moves on by nearly the length of the shortest one, so that most of a text is
// never read. Immutable; any thread. Kept inside src/formats.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace keyshift::formats {

class LiteralSearch {
 public:
    /// What is shorter cannot be searched.
    static constexpr std::size_t kLeast = 4;

    /// Each of at least kLeast bytes; the same may stand there twice.
    explicit LiteralSearch(std::vector<std::string> literals);

    /// Calls `found(index)` each time that a literal stands in `text`.
    template <class Found>
    void find(std::string_view text, const Found& found) const {
        if (text.size() < window_ || literals_.empty()) return;
        const char* const end = text.data() + text.size();
        for (const char* at = text.data() + window_; at <= end;) {
            const std::size_t slot = slot_of(at);
            const std::size_t shift = shifts_[slot];
            at += shift;
            if (shift != 0) continue;
            for (std::size_t i = begins_[slot]; i != begins_[slot + 1]; ++i)
                if (stands(literals_[ending_[i]], at - window_, end)) found(ending_[i]);
            ++at;
        }
    }

 private:
    using Key = std::uint32_t;

    static bool stands(const std::string& literal, const char* at, const char* end) {
        return static_cast<std::size_t>(end - at) >= literal.size() &&
               std::memcmp(at, literal.data(), literal.size()) == 0;
    }
    /// Of the bytes before `at`.
    std::size_t slot_of(const char* at) const {
        Key key = 0;
        std::memcpy(&key, at - sizeof key, sizeof key);
        return static_cast<Key>((key & mask_) * 0x9E3779B1U) >> shift_;
    }

    std::vector<std::string> literals_;
    std::size_t window_ = kLeast;  ///< so many of each one's first bytes are looked for
    Key mask_ = 0;                 ///< the last bytes of a window that decide
    unsigned shift_ = 0;
    std::vector<std::uint8_t> shifts_;   ///< by slot: how far to the next window that may hold a literal
    std::vector<std::uint32_t> begins_;  ///< by slot: its part of ending_
    std::vector<std::uint32_t> ending_;  ///< literals, by the slot of their window's end
};

}  // namespace keyshift::formats
