// SPDX-License-Identifier: Apache-2.0
#include "drivers/journal/parts.hpp"

#include <algorithm>

#include "drivers/files/input.hpp"

namespace keyshift::drivers {

void JournalParts::append(Message& message, std::string_view text) {
    if (message.kept == Kept::too_long) return;
    message.text += text;
    bytes_ += text.size();
    // The newline has to fit in.
    if (message.text.size() < kLogBlock && bytes_ <= kMostBytes) return;
    bytes_ -= message.text.size();
    message.kept = Kept::too_long;
    message.text = {};
}

void JournalParts::hand_over(Open::iterator message, const Handle& handle) {
    bytes_ -= message->second.text.size();
    handle(message->second.text, message->second.kept);
    open_.erase(message);
}

void JournalParts::add(const std::string& stream, std::string_view text, const std::string& cursor) {
    const auto found = open_.emplace(stream, Message{.cursor = cursor, .first = entries_}).first;
    found->second.last = entries_;
    append(found->second, text);
}

void JournalParts::finish(const std::string& stream, std::string_view text, const Handle& handle) {
    const auto found = open_.find(stream);
    if (found == open_.end()) return handle(text, text.size() < kLogBlock ? Kept::whole : Kept::too_long);
    append(found->second, text);
    hand_over(found, handle);
}

void JournalParts::entry_read(const Handle& handle) {
    ++entries_;
    while (!open_.empty()) {
        const auto waits_longest =
            std::min_element(open_.begin(), open_.end(),
                             [](const auto& a, const auto& b) { return a.second.last < b.second.last; });
        if (entries_ - waits_longest->second.last <= kWait) return;
        hand_over(waits_longest, handle);
    }
}

void JournalParts::clear() {
    open_.clear();
    bytes_ = 0;
}

std::string JournalParts::begin() const {
    const auto first = std::min_element(open_.begin(), open_.end(), [](const auto& a, const auto& b) {
        return a.second.first < b.second.first;
    });
    return first == open_.end() ? "" : first->second.cursor;
}

}  // namespace keyshift::drivers
