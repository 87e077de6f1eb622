// SPDX-License-Identifier: Apache-2.0
// What every collector is: one source, looked at once per call. Success, age, duration and the reason of a
// failure are measured by whoever calls, so a collector only reads. A collector lives on one worker thread;
// collect() blocks, bounded by the request's deadline and interrupt.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "config/config.hpp"
#include "domain/key.hpp"
#include "drivers/interrupt.hpp"

namespace keyshift::collectors {

/// How much of the key table a scan shows.
enum class Scan {
    pulse,   ///< only legacy keys that were created or used since the last scan
    active,  ///< all legacy keys that were created or used within Request::active_window
    census,  ///< every row
};

/// Takes the keys of one scan, one by one, so that memory does not grow with their number.
class KeySink {
 public:
    virtual ~KeySink() = default;
    /// A scan begins. A second begin() means that the first scan broke off and is being repeated.
    virtual base::Result<void> begin(Scan scan, base::Time database_now) = 0;
    /// The key's texts are valid during the call only.
    virtual base::Result<void> key(const domain::Key& key) = 0;
    /// After all keys of an active scan: at most `limit` ids of those that should have been among them. The
    /// scan goes on with the rows that these ids have still; the others have gone.
    virtual base::Result<std::vector<std::string>> missing(std::size_t limit) = 0;
};

struct Request {
    base::Deadline
        deadline;  ///< for a regular pass; a collector with a longer one of its own says so in its options
    KeySink& keys;
    base::Duration active_window{};  ///< see Scan::active
    Scan wanted = Scan::pulse;       ///< census: a pulse will not do, what was known before has been lost
};

struct Observation {
    base::Time taken_at;    ///< the source's clock
    base::Duration skew{};  ///< this host's clock minus the source's
};

class Collector {
 public:
    virtual ~Collector() = default;
    /// After an error everything handed to the sinks in this call is void.
    virtual base::Result<Observation> collect(const Request& request) = 0;
    /// How long to stay away from now on, whatever the interval says, so that the load on the source stays
    /// bounded; after a failure too.
    virtual base::Duration rest() const { return {}; }
};

/// One line of the catalog: what the configuration must know, and how to make the collector.
struct Entry {
    config::CollectorType type;
    /// `interrupt` outlives the collector.
    std::function<std::unique_ptr<Collector>(const config::Gateway&, const config::CollectorConfig&,
                                             const drivers::Interrupt& interrupt)>
        make;
};

}  // namespace keyshift::collectors
