// SPDX-License-Identifier: Apache-2.0
// Everything that changes the model: what a cycle of a source came to, what was restored, what is forgotten.
// It also says in the log what an operator has to know of that, once per change. Knows no loop and no timer.
// Used on the loop thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "config/config.hpp"
#include "daemon/sources/source.hpp"
#include "domain/model.hpp"
#include "journal/evidence_book.hpp"
#include "store/state.hpp"

namespace keyshift::daemon {

class ModelUpdater {
 public:
    using Statuses = std::map<std::string, domain::SourceStatus>;
    /// Of a source that was polled.
    struct Polled {
        std::string name;
        base::Duration interval{};
        bool keeps_journal = false;
    };

    const domain::Model& model() const { return model_; }
    /// This host's clock now, as the database's shows it.
    base::Time database_now() const { return domain::database_now(model_, base::now()); }

    /// At the start: counters go on where they stood, since the first scrape must not see a 0 that was never
    /// true.
    base::Result<void> restore(store::State& state, const config::Config& config);
    /// A source is watched from now on; where an earlier process had got to in it, for Collector::resume().
    const std::map<std::string, std::string>& begin_source(const std::string& name);

    /// What a cycle of the source came to; whether the source has gone up or down by it.
    bool apply(const Polled& source, Cycle cycle);
    /// The last poll of the key table, judged again by another configuration.
    void replace_poll(domain::KeyPoll poll) { model_.keys = std::move(poll); }
    /// keyshift's own requests may make others count these events from now on, or no longer.
    void begin_own_requests(const std::vector<domain::Event>& events) { book_.begin_own_requests(events); }
    void end_own_requests(const std::vector<domain::Event>& events) { book_.end_own_requests(events); }
    /// What the journal of the key table has to know of other sources; uses are handed over once.
    JournalInput journal_input(const config::Config& config);
    /// Another source than this one, and none that keeps the journal, has not been polled since the start.
    bool others_unpolled(const std::string& name) const;
    bool all_polled() const;

    /// The configuration was read; whether it is valid.
    void note_configuration(bool valid);
    /// Judges by `config` from now on. Sources that are not in it any more show nothing, and what they have
    /// counted stays; those that were not in the one before begin as `statuses` has them, or where they were.
    void reconfigure(const config::Config& config, Statuses statuses);

    /// What has happened to the state file; whether anything has that the operator must know.
    bool note_state(const std::string& notice, const store::State::Beginning& beginning);
    /// Whether they are others than before.
    bool set_notifications(const domain::Notifications& counts);
    void set_marks(domain::MarkSummary marks) { model_.marks = std::move(marks); }
    void set_state_size(std::uint64_t bytes) { model_.state_size_bytes = bytes; }

    /// Time has passed, or a source was polled: what waited is settled.
    void update() { journal::EvidenceBook::update(model_, base::now()); }
    /// Everything that the state does not have, once.
    journal::UnsavedEvidence take_unsaved() { return book_.take_unsaved(model_); }
    /// The state has nothing any more: everything is unsaved.
    void forget_saved() { book_.forget_saved(); }

 private:
    /// What the log last said of a source.
    struct Logged {
        std::optional<base::Errc> error = {};
        bool skewed = false;
        std::vector<std::string> missing = {};
        std::map<std::string, std::string> refused = {};  // targets, and why
    };

    void apply_success(const Polled& source, domain::SourceStatus& status, Cycle& cycle);
    void apply_failure(const Polled& source, domain::SourceStatus& status, const Cycle& cycle);
    void record_poll(domain::KeyPoll poll);
    static void log_refused(const Polled& source, const collectors::Observation& seen, Logged& logged);
    static void log_missing(const Polled& source, const collectors::Observation& seen, Logged& logged);
    void forget_sources(const std::set<std::string>& configured);

    domain::Model model_;
    journal::EvidenceBook book_;
    std::map<std::string, Logged> logged_;
    Statuses parked_;  // of sources that a reload has taken away
};

}  // namespace keyshift::daemon
