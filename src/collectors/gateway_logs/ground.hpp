// SPDX-License-Identifier: Apache-2.0
// Whether the lines by which a gateway's log would tell of the fallback could be in it: somebody may have
// lowered its level since one was seen last. For each rule that counts the fallback, lines are waited for
// that show so: of its level or a more verbose one, of its target, with the fields that it tests but for the
// message. Where a rule states no level, it is that of the lines that it has matched; a rule that never
// matched is not waited for where others did. Used on the collector's worker thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/gateway_logs/rules.hpp"
#include "domain/counts/event.hpp"
#include "domain/evidence/ground.hpp"
#include "formats/text/json_line.hpp"
#include "formats/tracing/tracing.hpp"

namespace keyshift::collectors {

/// What of a line shows which rules could match others like it.
struct LineKind {
    std::optional<formats::TracingLevel> level = {};  ///< empty: it shows none
    std::string_view target = {};                     ///< empty: any
    formats::JsonLine* fields = nullptr;
};

class GatewayLogGround {
 public:
    /// Whether alive() is asked for.
    enum class Aliveness : std::uint8_t { matters, does_not_matter };
    /// `of`: what else decides what lines count as, such as the format.
    GatewayLogGround(const LogRules& rules, Aliveness aliveness, std::string of);

    /// False: line() would change nothing.
    bool waits() const { return waits_; }
    void line(const LineKind& kind);
    /// Whether matched() may change something.
    bool wants_matches(std::size_t rule) const {
        const Watch& watch = watches_[rule];
        return watch.fallback || !watch.alive || (watch.remembered && !watch.matched);
    }
    /// A line matched that rule.
    void matched(std::size_t rule, const LineKind& kind);
    /// The gateway's own statements are in the log, as something else than a rule counts them.
    enum class Statement : std::uint8_t { known, fallback };
    void statement(Statement seen, formats::TracingLevel level);
    /// What rules have counted, of what statements could tell too.
    const domain::Events& told() const { return told_; }
    /// The gateway has begun, and says which release it is.
    void began(std::string_view release);
    /// Whether a line that shows that the rule could match was ever seen.
    bool alive(std::size_t rule) const { return watches_.at(rule).alive; }

    /// Since it was last taken.
    domain::Ground take();

    /// What must outlive the process: lines of text. Changes seldom.
    std::string memory() const;
    /// Takes what memory() gave off the front of `text`; what is of other rules is ignored.
    void resume(std::string_view& text);

 private:
    struct Watch {
        std::string text;  // of the rule, on one line
        std::optional<formats::TracingLevel> stated = {};
        std::vector<std::string> targets = {};
        std::vector<FieldTest> tests = {};  // without that of the message
        domain::Events events = {};
        bool of_statements = false;  // and not of a rule: it matters once there were any
        bool fallback = false;       // what zeros of the fallback rest on
        bool remembered = false;     // that it has matched matters after a restart
        bool alive = false;
        bool matched = false;
        std::optional<formats::TracingLevel> learned = {};
        bool seen = false;  // since at_work was last true
    };

    static bool shows(const Watch& watch, const LineKind& kind);
    bool is_waited_for(const Watch& watch) const;
    void see(Watch& watch);
    void settle();

    Aliveness aliveness_;
    std::vector<Watch> watches_;  // by rule, and behind them that of statements
    std::string of_;
    std::string release_;
    domain::Events told_;
    bool any_matched_ = false;  // of those that count the fallback
    bool waits_ = true;
};

/// What a rule waits for, as messages name it: 'regex "..."'.
std::string text_of(const LogRule& rule);

}  // namespace keyshift::collectors
