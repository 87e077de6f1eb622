// SPDX-License-Identifier: Apache-2.0
// Which events of rules can be taken for zero, and what the levels of a log say about its rules. Used on the
// collector's worker thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/collector.hpp"
#include "collectors/gateway_logs/levels.hpp"
#include "collectors/gateway_logs/rules.hpp"
#include "domain/counts/event.hpp"

namespace keyshift::collectors {

class GatewayLogCountable {
 public:
    /// `sqlx_target`: that of the gateway's own lines, where its statements can be read too; or empty.
    explicit GatewayLogCountable(const LogRules& rules, std::string sqlx_target = {});

    GatewayLogLevels& levels() { return levels_; }
    const GatewayLogLevels& levels() const { return levels_; }
    /// `seen`: the events of the rules that a line ever fitted.
    domain::Events countable(const domain::Events& seen) const;
    std::vector<Finding> findings() const;

    /// What countable() needs of the past, for resume(); empty: nothing.
    std::string memory(const domain::Events& seen) const;
    /// Puts back what memory() gave, and returns the events seen then. What is not of its form is ignored as
    /// a whole.
    domain::Events resume(std::string_view memory);

 private:
    /// What one rule needs.
    struct Need {
        domain::Events events;
        bool once_seen;
        std::size_t group;
        std::optional<formats::TracingLevel> level;
        std::string crate;  // of its targets
    };
    bool is_reached(const Need& need) const;
    std::string remedy() const;
    std::vector<Finding> unreached(formats::TracingLevel level) const;

    std::string sqlx_target_;
    GatewayLogLevels levels_;
    std::vector<Need> needs_;
    domain::Events seen_matters_;  // whether lines for these were ever seen decides
};

}  // namespace keyshift::collectors
