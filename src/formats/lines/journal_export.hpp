// SPDX-License-Identifier: Apache-2.0
// `journalctl -o export`: an entry is lines "FIELD=text", or for a text with control characters the line
// "FIELD", eight bytes with the size of the text, little end first, and the text. An empty line ends it.
// Pure functions: safe from any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace keyshift::formats {

/// What every entry begins with.
inline constexpr std::string_view kJournalBegin = "__CURSOR=";

struct JournalEntry {
    std::size_t size = 0;                          ///< with the empty line
    std::optional<std::string_view> message = {};  ///< a part of the text that was read
};

/// The entry at the beginning of `text`. Empty when its end is not there. What is no field is passed over up
/// to the next entry.
std::optional<JournalEntry> read_journal_entry(std::string_view text);

/// How many bytes of `block` hold whole entries.
std::size_t whole_journal_entries(std::string_view block);

}  // namespace keyshift::formats
