// SPDX-License-Identifier: Apache-2.0
// The rules of a gateway's log at work: what lines count as, whether their zeros can be believed, and which
// rule has never matched. Used on the collector's worker thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/collector.hpp"
#include "collectors/gateway_logs/counter.hpp"
#include "collectors/gateway_logs/ground.hpp"
#include "collectors/gateway_logs/matcher.hpp"
#include "collectors/gateway_logs/sqlx_statements.hpp"

namespace keyshift::collectors {

class GatewayLogCounting {
 public:
    explicit GatewayLogCounting(GatewayLogOptions options);

    /// Whether the line counts as anything. `kind()`: the line's LineKind, asked for where it is needed.
    template <class Kind>
    bool match(const MatchedText& line, const Kind& kind, LogTally& tally) {
        const bool matched = matcher_.match(line, tally);
        for (const std::size_t rule : matcher_.fitted())
            if (ground_.wants_matches(rule)) ground_.matched(rule, kind());
        if (!matcher_.release().empty()) ground_.began(matcher_.release());
        if (ground_.waits()) ground_.line(kind());
        return matched;
    }

    /// The same of a line of sqlx::query.
    bool count(const formats::SqlxQuery& query, formats::TracingLevel level, LogTally& tally);
    bool reads_statements() const { return statements_.has_value(); }
    /// What statements can tell and no rule has told.
    domain::Events offered_by_statements() const;
    std::string memory() const;
    /// Takes what memory() gave off the front of `text`.
    void resume(std::string_view& text);

    GatewayLogMatcher& matcher() { return matcher_; }
    const GatewayLogMatcher& matcher() const { return matcher_; }
    /// Since it was last taken.
    domain::Ground take_ground();
    /// The events that all rules for them could match lines of, by what was read.
    domain::Events alive() const;
    /// Which rules no line has fitted.
    void append_findings(std::vector<Finding>& out) const;

 private:
    bool are_preset_;
    std::string sqlx_target_;
    std::optional<SqlxStatements> statements_;
    GatewayLogGround ground_;
    GatewayLogMatcher matcher_;
};

}  // namespace keyshift::collectors
