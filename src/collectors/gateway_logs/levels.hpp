// SPDX-License-Identifier: Apache-2.0
// How far a log goes: which levels its lines have, by target. A rule whose lines are of a level that the log
// does not hold counts nothing, and that is no zero. A value.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "formats/tracing/tracing.hpp"

namespace keyshift::collectors {

class GatewayLogLevels {
 public:
    static constexpr std::size_t kMostGroups = 64;
    /// So long may lines come, none of which is at a level, until the log does not hold it any more.
    static constexpr base::Duration kGone = std::chrono::hours{1};

    /// The number of the group of lines whose target begins with one of these; none: of all lines. Those that
    /// are too many share the group of all.
    std::size_t group(const std::vector<std::string>& targets);

    void line(formats::TracingLevel level, std::string_view target) {
        const auto at = static_cast<std::size_t>(level);
        ++lines_[at];
        if (wanted_[at].any()) match(at, target);
    }
    /// The lines since the last call were read at `now`.
    void end_of_block(base::Time now);

    /// Whether the log holds lines at `level`, or would if there were any: there are some at a more verbose
    /// one.
    bool reaches(std::size_t group, formats::TracingLevel level) const;
    /// What resume() takes: lines of text, the last of which ends in '\n'. Empty: no level is reached. By
    /// groups' targets, so that other rules take from it what fits them.
    std::string memory() const;
    /// Puts back what memory() gave, before the first line. Time without lines to read does not count to
    /// kGone. False, and nothing is changed: it is not of memory()'s form.
    bool resume(std::string_view memory);

    /// Of all lines.
    std::uint64_t lines(formats::TracingLevel level) const { return lines_[static_cast<std::size_t>(level)]; }

 private:
    using Groups = std::bitset<kMostGroups>;
    struct Reach {
        bool reached = false;
        std::optional<base::Time> lacking_since = {};
    };

    using Reaches = std::array<Reach, formats::kTracingLevels>;

    static std::optional<Reaches> parse_reaches(std::string_view& text);
    void match(std::size_t level, std::string_view target);
    void shift_to(base::Time now);
    void settle(Reach& reach, bool seen, base::Time now) const;

    std::vector<std::vector<std::string>> targets_{{}};  // by group; the first is of all lines
    std::vector<Reaches> reach_{{}};
    std::array<Groups, formats::kTracingLevels> wanted_ = {1, 1, 1, 1, 1};  // not seen in this block yet
    std::array<std::uint64_t, formats::kTracingLevels> lines_{};
    std::uint64_t lines_before_ = 0;  // of the blocks that have ended
    base::Time read_at_;              // the last block with lines, to the minute
    bool resumed_ = false;            // and none since: its times are of before
};

/// Whether it begins with one of them; true when there are none, or the line shows no target.
bool has_target(std::string_view target, const std::vector<std::string>& beginnings);

}  // namespace keyshift::collectors
