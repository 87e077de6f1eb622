// SPDX-License-Identifier: Apache-2.0
// How commands write for people: colours only where somebody can see them, times and durations for the eye.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace keyshift::commands {

enum class Colour { good, warning, bad, quiet };

enum class Painting { none, colours };

class Terminal {
 public:
    /// Colours on standard output if it is a terminal that has them and NO_COLOR is not set (no-color.org).
    Terminal();
    explicit Terminal(Painting painting) : colours_(painting == Painting::colours) {}
    /// `text` in the colour, or as it is.
    std::string paint(Colour colour, std::string_view text) const;

 private:
    bool colours_;
};

/// The columns of standard output: what COLUMNS says, else those of the terminal, else 80.
std::size_t terminal_width();

/// "6 Dec 14:32 UTC"; with the year where it is not that of `now`: "6 Dec 2025 14:32 UTC".
std::string show_time(base::Time t, base::Time now);
/// By this host's clock.
std::string show_time(base::Time t);
/// "5 s ago", "3 h ago", "in 2 d": the largest unit only.
std::string show_distance(base::Time t, base::Time now);
/// Both: "10 Jan 12:00 UTC (3 h ago)"; "never".
std::string show_when(std::optional<base::Time> t, base::Time now);
/// What data say, for a screen: with base::with_times(), and what could move a cursor or reorder text is
/// escaped.
std::string show_text(std::string_view text, base::Time now);
/// "1 key", "3 keys".
std::string key_count(std::uint64_t keys);
/// `text` and as many spaces as it lacks to `width` columns.
std::string pad(std::string_view text, std::size_t width);

}  // namespace keyshift::commands
