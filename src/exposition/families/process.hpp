// SPDX-License-Identifier: Apache-2.0
// The process_* metrics that every Prometheus client library exports, so that stock dashboards work. Reads
// /proc and asks the kernel: a few system calls, some microseconds. Used on one thread.
#pragma once

#include <optional>
#include <vector>

namespace prometheus {
struct MetricFamily;
}

namespace keyshift::exposition {

class Process {
 public:
    /// Opens what is read again at each scrape, and reads once what does not change.
    Process();
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    /// Appends the families as of now, always in the same order. What cannot be read is left out, never 0; a
    /// limit that is not set is +Inf.
    void append_families(std::vector<prometheus::MetricFamily>& families) const;

 private:
    int statm_ = -1;                            // descriptor of /proc/self/statm
    std::optional<double> start_time_seconds_;  // since the epoch
};

}  // namespace keyshift::exposition
