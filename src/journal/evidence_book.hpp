// SPDX-License-Identifier: Apache-2.0
// Keeps what the sources have counted: turns what was read into growth, keeps the model's evidence, and knows
// what of it the state does not have yet. Counters go on where they stood after a restart. Used on the loop
// thread; what is to be saved leaves it by value.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "collectors/collector.hpp"
#include "domain/counts/log_facts.hpp"
#include "domain/counts/meter.hpp"
#include "domain/evidence/evidence.hpp"
#include "domain/marks/effect.hpp"
#include "domain/model.hpp"
#include "store/state.hpp"

namespace keyshift::journal {

/// What the state does not have yet. A value: it crosses to the thread that saves it.
struct UnsavedEvidence {
    store::Facts facts;
    store::Counters counters;
    /// By source and part; empty: forgotten.
    std::map<std::pair<std::string, std::string>, std::optional<domain::InstanceMemory>> instances;
    std::map<std::pair<std::string, std::int64_t>, std::uint64_t> hourly;

    std::map<std::string, base::Time> observation_starts;
    /// How far logs have been read, by source and name; empty: forgotten.
    std::map<std::pair<std::string, std::string>, std::optional<std::string>> cursors;
    std::map<std::string, domain::FailureTally> failures;  ///< new ones, by source
    domain::KeyUses uses;                                  ///< new ones
    std::optional<base::Time> forget_failures_before;
    std::vector<domain::FailureCounts> failure_counts;  ///< as they stand, for marks
    std::optional<base::Time> legacy_use;               ///< likewise, the newest; alone both are nothing

    bool empty() const {
        return facts.empty() && counters.empty() && instances.empty() && hourly.empty() &&
               observation_starts.empty() && cursors.empty() && failures.empty() && uses.empty() &&
               !forget_failures_before;
    }
    /// Adds what a newer one has; that wins.
    void merge(const UnsavedEvidence& newer);
    void write(store::Transaction& to) const;
};

class EvidenceBook {
 public:
    /// As it was saved, also into `model`.
    base::Result<void> load(store::State& state, domain::Model& model, base::Time now);

    /// A poll of `source` succeeded. A part missing for longer than the drain window is forgotten, and
    /// coverage begins anew without it.
    void record(const std::string& source, const collectors::Observation& seen, base::Duration poll_every,
                base::Time now, domain::Model& model);
    /// From now on keyshift may be causing these events: meanwhile so many are not believed. What it did
    /// cause is in what it saw, see record().
    void begin_own_requests(const std::vector<domain::Event>& events);
    void end_own_requests(const std::vector<domain::Event>& events);
    /// A poll of `source` failed, or not: what has changed in how far it has been read.
    void record_cursor(const std::string& source,
                       const std::map<std::string, std::optional<std::string>>& changes);
    /// How far `source` has been read, for Collector::resume().
    const std::map<std::string, std::string>& cursor(const std::string& source) { return cursors_[source]; }
    /// Uses of keys that logs have told of since this was last asked.
    domain::KeyUses take_uses() { return std::exchange(logged_uses_, domain::KeyUses()); }
    /// The key table has changed so often. If that is news, counters cover from `now` on, since what was
    /// counted before tells of another one; whether it was. The state knows both numbers, whichever was saved
    /// first.
    static bool follow_table(std::uint64_t changes, base::Time now, domain::Model& model);
    /// The source is not polled any more: what it showed of the present goes.
    void forget_gauges(const std::string& source, domain::Model& model) { record_gauges(source, {}, model); }
    /// Time has passed, or a source was read: scans that waited are settled, and the headlines follow.
    static void update(domain::Model& model, base::Time now);

    /// Everything that changed since this was last called.
    UnsavedEvidence take_unsaved(const domain::Model& model);
    /// The state began anew: everything is unsaved.
    void forget_saved();

 private:
    void add_counts(const std::string& source, const collectors::Counted& counted, base::Duration poll_every,
                    base::Time now, domain::Model& model);
    void record_log(const std::string& source, const collectors::LogFacts& seen, base::Time now,
                    domain::Model& model);
    void record_gauges(const std::string& source, const domain::Gauges& gauges, domain::Model& model);

    std::map<std::string, domain::Meter> meters_;
    domain::PerEvent<std::int64_t> in_flight_{};
    std::map<std::string, domain::Gauges> gauges_;  // by source
    UnsavedEvidence saved_;                         // what was handed out, but for the parts
    UnsavedEvidence of_logs_;                       // cursors, failures and uses that were not handed out yet
    std::map<std::string, std::map<std::string, std::string>> cursors_;  // whole, by source
    std::size_t failures_to_trim_ = 0;  // handed out since the state was last told to forget old ones
    base::Time trimmed_at_;
    domain::KeyUses logged_uses_;
    bool all_parts_ = false;
};

}  // namespace keyshift::journal
