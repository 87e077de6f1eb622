// SPDX-License-Identifier: Apache-2.0
#include "formats/lines/journal_export.hpp"

#include <cstdint>

#include "base/ascii.hpp"

namespace keyshift::formats {
namespace {

constexpr std::string_view kMessage = "MESSAGE";
constexpr std::size_t kSizeBytes = 8;

std::uint64_t size_of(std::string_view bytes) {
    std::uint64_t out = 0;
    for (std::size_t i = kSizeBytes; i-- > 0;) out = out << 8U | static_cast<unsigned char>(bytes[i]);
    return out;
}

/// Capitals, digits and '_'.
bool is_name(std::string_view text) {
    for (const char c : text)
        if (!base::is_digit(c) && c != '_' && (c < 'A' || c > 'Z')) return false;
    return !text.empty();
}

}  // namespace

std::optional<JournalEntry> read_journal_entry(std::string_view text) {
    JournalEntry out;
    while (out.size < text.size()) {
        const std::string_view rest = text.substr(out.size);
        const std::size_t newline = rest.find('\n');
        if (newline == std::string_view::npos) return std::nullopt;
        const std::string_view line = rest.substr(0, newline);
        const std::size_t equals = line.find('=');
        // The end of the one before was lost.
        if (out.size > 0 && line.starts_with(kJournalBegin)) return out;
        out.size += newline + 1;
        if (line.empty()) return out;
        if (equals != std::string_view::npos) {
            if (line.substr(0, equals) == kMessage) out.message = line.substr(equals + 1);
        } else if (is_name(line)) {
            const std::string_view behind = text.substr(out.size);
            if (behind.size() < kSizeBytes) return std::nullopt;
            const std::uint64_t size = size_of(behind);
            if (size >= behind.size() - kSizeBytes) return std::nullopt;
            if (line == kMessage) out.message = behind.substr(kSizeBytes, static_cast<std::size_t>(size));
            out.size += kSizeBytes + static_cast<std::size_t>(size) + 1;
        }
    }
    return std::nullopt;
}

std::size_t whole_journal_entries(std::string_view block) {
    std::size_t whole = 0;
    while (const auto entry = read_journal_entry(block.substr(whole))) whole += entry->size;
    return whole;
}

}  // namespace keyshift::formats
