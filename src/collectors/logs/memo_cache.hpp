// SPDX-License-Identifier: Apache-2.0
// What comes again and again in a log is made once. Used on one thread.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace keyshift::collectors {

/// Of a longer text only the beginning is the key: less is kept of it anyway.
inline constexpr std::size_t kMemoKeyBytes = 1024;

/// What was made of texts recently, by text.
template <class T, std::size_t kSlots>
class MemoCache {
 public:
    /// `make(text)`, or what that was before. Valid until the next call.
    template <class Make>
    const T& get(std::string_view text, const Make& make) {
        Slot& slot = slots_[std::hash<std::string_view>()(text) % slots_.size()];
        if (!slot.made || slot.text != text) {
            slot.made = make(text);
            slot.text = text;
        }
        return *slot.made;
    }

 private:
    struct Slot {
        std::string text;
        std::optional<T> made;
    };
    std::vector<Slot> slots_ = std::vector<Slot>(kSlots);
};

}  // namespace keyshift::collectors
