// SPDX-License-Identifier: Apache-2.0
// What an operator says of the fallback: it is switched off for some minutes (a brownout), it is on again, it
// is off for good (the cutover). Pure values; safe from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace keyshift::domain {

enum class MarkKind : std::uint8_t { brownout_begin, brownout_end, cutover };
inline constexpr std::array kMarkKinds{MarkKind::brownout_begin, MarkKind::brownout_end, MarkKind::cutover};

/// "brownout_begin".
std::string_view mark_name(MarkKind kind);
std::optional<MarkKind> mark_named(std::string_view name);

struct Mark {
    std::int64_t id = 0;  ///< ascending; given by the state
    MarkKind kind = MarkKind::brownout_begin;
    base::Time at = {};       ///< by the database's clock
    base::Time host_at = {};  ///< the same moment by this host's clock, by which sources are read
    std::string by = {};
    std::string note = {};
};

/// Why a mark cannot be set or taken back, and what to do instead.
struct MarkRefusal {
    std::string what;
    std::string remedy;
};
/// `marks`: all of them, oldest first; `now` of the database's clock. Empty: it may be set.
std::optional<MarkRefusal> refuse_mark(const std::vector<Mark>& marks, MarkKind kind, base::Time now);
/// Only the last mark of all can be taken back, since what followed was said because of it.
std::optional<MarkRefusal> refuse_removal(const std::vector<Mark>& marks, MarkKind kind);

}  // namespace keyshift::domain
