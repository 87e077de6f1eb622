// SPDX-License-Identifier: Apache-2.0
// What every collector is: one source, polled once per call. Success, age, duration and the reason of a
// failure are measured by whoever calls, so a collector only reads; what others have counted is handed over
// as it stands, and whoever calls knows how much of it is new. A collector is used on one worker thread;
// collect() and examine() block, bounded by the deadline and the interrupt.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "domain/counts/event.hpp"
#include "domain/counts/log_facts.hpp"
#include "domain/counts/meter.hpp"
#include "domain/evidence/ground.hpp"
#include "domain/keys/key.hpp"
#include "domain/keys/table_identity.hpp"
#include "domain/model.hpp"

namespace keyshift::collectors {

/// How much of the key table a scan shows.
enum class Scan {
    pulse,   ///< only legacy keys that were created or used since the last scan
    active,  ///< all legacy keys that were created or used within Request::active_window
    census,  ///< every row
};

/// Where the rows of a scan come from, and as of when they are.
struct ScanStart {
    Scan scan = Scan::census;
    base::Time moment;   ///< the database's clock, when the rows were read
    base::Time data_at;  ///< the rows are as they were then: on a standby, earlier than `moment`
    domain::TableIdentity table;
};

/// Takes the keys of one scan, one by one, so that memory does not grow with their number.
class KeySink {
 public:
    virtual ~KeySink() = default;
    /// A scan begins. A second begin() means that the first scan broke off and is being repeated.
    virtual base::Result<void> begin(const ScanStart& start) = 0;
    /// The key's texts are valid during the call only.
    virtual base::Result<void> key(const domain::Key& key) = 0;
    /// After all keys of an active scan: at most `limit` ids of those that should have been among them. The
    /// scan goes on with the rows that these ids have still; the others have gone.
    virtual base::Result<std::vector<std::string>> missing(std::size_t limit) = 0;
};

struct Request {
    base::Deadline
        deadline;  ///< for a regular pass; a collector with a longer one of its own says so in its options
    KeySink* keys = nullptr;         ///< for the collector of the key table, never null there
    base::Duration active_window{};  ///< see Scan::active
    Scan wanted = Scan::pulse;       ///< census: a pulse will not do, what was known before has been lost
    /// The verdict waits for nothing but a census: one may come before its time, and the next one later.
    bool awaits_census = false;
};

/// What others have counted, read at one moment.
struct Counted {
    domain::Readings readings = {};
    domain::Events countable;  ///< the events that can be counted here: only these may be taken for zero
    std::vector<std::string> missing = {};  ///< what did not answer, by name
    /// Of them by name, why: what a person must repair, not what merely was not there.
    std::map<std::string, std::string> refused = {};
    /// What was counted between the last poll and this one may be lost, although no counter shows it.
    bool lossy = false;
    /// An instance known from earlier polls and not among the readings is missing, not gone.
    bool parts_stay = false;
    /// What its zeros rest on.
    domain::Ground ground = {};
    /// For a collector that counts by itself: what it has counted since its last poll, beside the readings.
    domain::PerEvent<std::uint64_t> grown{};
    /// The same of requests that it knows for keyshift's own: they show that it can count, and are left out.
    domain::PerEvent<std::uint64_t> own{};
};

/// What a poll of a log came to beside the counts, to be saved together with them.
struct LogFacts {
    domain::LogLines lines;       ///< growth
    std::uint64_t lag_bytes = 0;  ///< known to be there and not read yet
    domain::FailureTally failures;
    domain::KeyUses uses;
    std::map<std::string, std::optional<std::string>> cursor;  ///< what resume() needs; empty: forgotten
};

struct Observation {
    base::Time taken_at;    ///< the source's clock; what was read is as of then
    base::Duration skew{};  ///< this host's clock minus the source's
    std::optional<Counted> counted = {};
    std::optional<domain::Gauges> gauges = {};       ///< its own; replaces what it gave before
    std::optional<domain::ProbeAnswers> probe = {};  ///< only what is new
    std::optional<LogFacts> log = {};
    std::vector<domain::Event> caused = {};  ///< see Collector::expected_side_effects
};

/// One thing that a source needs, and how it stands.
struct Finding {
    enum class Kind { ok, warning, failure };
    Kind kind = Kind::ok;
    std::string what;                     ///< one line, no full stop
    std::string remedy = {};              ///< the command or SQL to run; may have several lines
    base::Errc code = base::Errc::other;  ///< of a failure
};

class Collector {
 public:
    virtual ~Collector() = default;
    /// After an error everything handed to the sinks in this call is void.
    virtual base::Result<Observation> collect(const Request& request) = 0;
    /// How long to stay away from now on, whatever the interval says, so that the load on the source stays
    /// bounded; after a failure too.
    virtual base::Duration min_delay() const { return {}; }
    /// Where an earlier process had got to: what its observations said of their cursor. Before the first
    /// collect(), on any thread.
    virtual void resume(const std::map<std::string, std::string>& /*cursor*/) {}
    /// After a collect() that failed: what resume() needs all the same.
    virtual std::map<std::string, std::optional<std::string>> saved_though_failed() { return {}; }
    /// Readable as soon as collect() may find something new, whatever the interval says, until the next
    /// collect(). -1: nothing tells. The same over the collector's life.
    virtual int wake_fd() const { return -1; }
    /// How soon to come back at the latest, whatever the interval says; empty: by the interval. After each
    /// collect().
    virtual std::optional<base::Duration> max_poll_interval() const { return std::nullopt; }
    /// What the next collect() may make the gateway count, so that it is left out of what others count. Asked
    /// between two calls of collect(), on another thread.
    virtual std::vector<domain::Event> expected_side_effects() const { return {}; }
    /// Tries everything that the source needs, for `keyshift doctor`. Not empty.
    virtual std::vector<Finding> examine(base::Deadline deadline) = 0;
};

/// What a failed poll is for `keyshift doctor`.
Finding failure(const base::Error& error);

}  // namespace keyshift::collectors
