// SPDX-License-Identifier: Apache-2.0
// What comes next for a key, by its phase, and for an owner, by the phases of all keys.
// Values and pure functions: safe from any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "report/writer.hpp"

namespace keyshift::report {

/// Those of the live phases, and that of a key that is used and not upgraded although use upgrades keys.
inline constexpr std::size_t kSteps = 9;
static_assert(domain::is_live(domain::kPhases[kSteps - 2]) && !domain::is_live(domain::kPhases[kSteps - 1]));

struct NextStep {
    std::string_view word;     ///< for programs, and never changed; empty for a key whose row has gone
    std::string_view one;      ///< a sentence that lacks the "1 " before it and its full stop
    std::string_view several;  ///< the same for any greater number
};

const NextStep& next_step(const KeyPhase& key);

/// How many keys wait for which step: as large for a million keys as for one.
class NextSteps {
 public:
    /// A key whose row has gone waits for nothing.
    void add(const KeyPhase& key);
    /// Appends "2 keys are blocked: delete them after the waiting time." and the like, one sentence for each
    /// step that keys wait for, most urgent first, with a space before each.
    void append_sentences(std::string& out) const;
    /// A JSON array of the same.
    void append_json_array(std::string& out) const;
    bool empty() const;

 private:
    template <class Visit>
    void most_urgent_first(Visit visit) const;

    std::array<std::uint64_t, kSteps> keys_{};
};

}  // namespace keyshift::report
