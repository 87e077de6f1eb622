// SPDX-License-Identifier: Apache-2.0
// How commands write for people: colours only where somebody can see them, times and durations for the eye.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace keyshift::commands {

enum class Colour { good, warning, bad, quiet };

/// Colours on standard output if it is a terminal that has them and NO_COLOR is not set (no-color.org).
class Terminal {
 public:
    Terminal();
    /// `text` in the colour, or as it is.
    std::string paint(Colour colour, std::string_view text) const;

 private:
    bool colours_;
};

/// "2026-01-10 12:00 UTC".
std::string show_time(base::Time t);
/// "5 s ago", "3 h ago", "in 2 d": the largest unit only.
std::string show_distance(base::Time t, base::Time now);
/// Both: "2026-01-10 12:00 UTC (3 h ago)"; "never".
std::string show_when(std::optional<base::Time> t, base::Time now);
/// "1 key", "3 keys".
std::string key_count(std::uint64_t keys);
/// `text` and as many spaces as it lacks to `width` characters.
std::string pad(std::string_view text, std::size_t width);

}  // namespace keyshift::commands
