// SPDX-License-Identifier: Apache-2.0
// What a log's lines are counted as. A counter is made from a log collector's options and knows nothing of
// where lines come from; it is fed whole lines and adds to a tally. Pure but for its own memory; is used on
// the collector's worker thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "collectors/collector.hpp"
#include "domain/counts/event.hpp"
#include "domain/counts/failing_clients.hpp"
#include "domain/counts/log_facts.hpp"
#include "domain/evidence/ground.hpp"

namespace keyshift::collectors {

/// What was made of lines.
struct LogTally {
    base::Time now;  ///< for lines that carry no time of their own
    domain::LogLines lines;
    domain::PerEvent<std::uint64_t> events{};
    domain::PerEvent<std::uint64_t> own{};  ///< of keyshift's own requests, and in none of the others
    domain::FailureTally failures;
    domain::FailingClients clients;  ///< not of one poll: it remembers an hour
    domain::KeyUses uses;
};

class LineCounter {
 public:
    virtual ~LineCounter() = default;
    /// Whole lines, each with its '\n' but perhaps the last, at most drivers::kLogBlock bytes. Every line is
    /// added to exactly one of matched, skipped and unparsed; an empty line is skipped.
    virtual void count(std::string_view block, LogTally& tally) = 0;
    /// How many bytes of such a block hold whole messages: what comes behind is to be given with what follows
    /// it.
    virtual std::size_t whole(std::string_view block) const { return block.size(); }
    /// What can be taken for zero where nothing was counted: without events whose lines the log does not hold
    /// at its present level.
    virtual domain::Events countable(base::Time now) const = 0;
    /// What its zeros of the fallback rest on, as of the lines since this was last asked for.
    virtual domain::Ground take_ground() { return {}; }
    /// What the lines so far say about the configuration, such as "0 lines at DEBUG seen: this rule cannot
    /// match". For doctor and `check --log`.
    virtual std::vector<Finding> findings() const = 0;
    /// What must outlive the process, for resume(); empty: nothing. Changes seldom: it is saved when it does.
    virtual std::string memory() const { return {}; }
    /// What an earlier process's memory() was, perhaps under another configuration. Damaged text is ignored.
    /// Before the first count().
    virtual void resume(std::string_view /*memory*/) {}
};

}  // namespace keyshift::collectors
