// SPDX-License-Identifier: Apache-2.0
// Which answers of a gateway are failed authentications, and of which kind. Values; pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "config/options/options.hpp"
#include "config/presets/preset.hpp"
#include "domain/counts/event.hpp"

namespace keyshift::collectors {

using config::FailureRule;
using config::FailureRules;

/// "failures"; empty when it is not given.
FailureRules read_failure_rules(config::OptionsReader& options);

/// What an answer comes to.
struct Outcome {
    std::optional<domain::Event> request = {};  ///< empty: there was no answer
    std::optional<domain::Event> reason = {};   ///< of a failed authentication
    bool by_status_alone = false;               ///< no rule knows so many bytes
    bool operator==(const Outcome&) const = default;
};

class FailureTable {
 public:
    static constexpr unsigned kStatuses = 600;

    /// Of two rules for the same answer the later one holds.
    explicit FailureTable(const FailureRules& rules);

    Outcome outcome(unsigned status, std::optional<std::uint64_t> bytes) const;
    /// Failures that it can tell apart.
    domain::Events reasons() const;
    /// outcome() of this status has a reason, or its bytes decide.
    bool may_fail(unsigned status) const { return status < kStatuses && may_fail_[status]; }

 private:
    const FailureRule* find(unsigned status, std::optional<std::uint64_t> bytes) const;

    FailureRules rules_;  // sorted, each answer once
    std::vector<bool> may_fail_;
};

}  // namespace keyshift::collectors
