// SPDX-License-Identifier: Apache-2.0
// What keyshift counts of its own work since its start, as metrics of a prometheus::Registry. What outlasts a
// restart belongs to the model. Used by one thread only.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace prometheus {
struct MetricFamily;
}

namespace keyshift::exposition {

class OwnMetrics {
 public:
    OwnMetrics();
    ~OwnMetrics();
    OwnMetrics(const OwnMetrics&) = delete;
    OwnMetrics& operator=(const OwnMetrics&) = delete;

    /// Requests that `handler` has answered with `code`. `times` may be 0: the series is there from then on.
    void count_requests(std::string_view handler, int code, unsigned times);
    void count_poll(const std::string& source, base::Duration took);
    void count_state_write_error();
    /// The web configuration was read: whether it could be used.
    void note_web_config(bool good);

    /// keyshift_http_server_requests_total: series in the order in which they were first counted.
    void append_requests(std::vector<prometheus::MetricFamily>& out) const;
    /// keyshift_source_poll_duration_seconds of the `sources` named, in that order, from 0 on. Others keep
    /// what they have counted.
    void append_polls(const std::vector<std::string>& sources, std::vector<prometheus::MetricFamily>& out);
    /// keyshift_state_write_errors_total.
    void append_state_write_errors(std::vector<prometheus::MetricFamily>& out) const;
    /// keyshift_web_config_*; none where there is no web configuration.
    void append_web_config(std::vector<prometheus::MetricFamily>& out) const;

 private:
    struct Metrics;
    std::unique_ptr<Metrics> metrics_;
};

}  // namespace keyshift::exposition
