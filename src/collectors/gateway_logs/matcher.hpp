// SPDX-License-Identifier: Apache-2.0
// Which rules a line fits, and what it adds to a tally then. Used on the collector's worker thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/gateway_logs/rules.hpp"
#include "collectors/logs/client_names.hpp"
#include "collectors/logs/line_counter.hpp"
#include "domain/counts/event.hpp"
#include "formats/lines/beginnings.hpp"
#include "formats/lines/expressions.hpp"
#include "formats/text/json_line.hpp"
#include "formats/tracing/tracing.hpp"

namespace keyshift::collectors {

/// A line, as far as rules ask for it. Refers to what it is made of: a copy of what was just written would
/// have to wait for it.
struct MatchedText {
    const formats::TracingLine& parsed;   ///< its message is compared; time, if known, in RFC 3339
    std::string_view line;                ///< all of it: whether keyshift's own request has written it
    formats::JsonLine* fields = nullptr;  ///< null: no rule with fields fits
};

class GatewayLogMatcher {
 public:
    /// `canary`: the id of a key that keyshift alone uses; empty: none.
    GatewayLogMatcher(LogRules rules, const ClientOptions& clients, std::string canary);

    /// Adds what the line counts as, each event at most once. Returns whether it counts as anything. What is
    /// of keyshift's own requests, or of the canary's key, goes to LogTally::own.
    bool match(const MatchedText& line, LogTally& tally) {
        in_line_.reset();
        fitted_.clear();
        release_ = {};
        own_in_line_.reset();
        beginnings_.find(line.parsed.message, [&](std::size_t literal) { begins(literal, line, tally); });
        if (!searched_.empty()) search(line, tally);
        if (!fielded_.empty()) test_fields(line, tally);
        return in_line_.any();
    }

    /// The rules that the last line fitted.
    const std::vector<std::size_t>& fitted() const { return fitted_; }
    /// Whether a line ever fitted that rule.
    bool ever_fitted(std::size_t rule) const { return ever_fitted_.at(rule); }
    /// What the last line said of the gateway's release.
    std::string_view release() const { return release_; }
    /// The events of the rules that a line ever fitted.
    const domain::Events& seen() const { return seen_; }
    /// ... or one that an earlier process had read.
    void add_seen(const domain::Events& events) { seen_ |= events; }
    const LogRules& rules() const { return rules_; }

 private:
    using Groups = formats::NamedGroups;

    void begins(std::size_t literal, const MatchedText& line, LogTally& tally);
    void search(const MatchedText& line, LogTally& tally);
    void test_fields(const MatchedText& line, LogTally& tally);
    void fits(const LogRule& rule, const MatchedText& line, const Groups& groups, LogTally& tally);
    void fail(domain::Event event, const Groups& groups, base::Time at, LogTally& tally);

    LogRules rules_;
    std::vector<std::size_t> begun_;     // rules, by the literals of beginnings_
    std::vector<std::size_t> searched_;  // rules, by the expressions of expressions_
    std::vector<std::size_t> fielded_;   // rules that have fields alone
    formats::LineBeginnings beginnings_;
    formats::LineExpressions expressions_;  // looked for anywhere
    formats::LineExpressions confirming_;   // by literal, where its rule has one
    ClientNames clients_;
    std::string canary_;
    std::vector<std::size_t> fitted_;
    std::vector<bool> ever_fitted_;
    std::string_view release_;
    domain::Events seen_;
    domain::Events in_line_;
    domain::Events own_in_line_;
};

}  // namespace keyshift::collectors
