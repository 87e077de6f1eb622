// SPDX-License-Identifier: Apache-2.0
// Reads the access log of the proxy before the gateway: what came of requests, and who fails to authenticate,
// why, and where from.
#include <any>
#include <utility>

#include "collectors/access/counter.hpp"
#include "collectors/access/options.hpp"
#include "collectors/collector.hpp"
#include "collectors/logs/collector.hpp"

namespace keyshift::collectors {
namespace {

using namespace std::chrono_literals;

const AccessOptions& options_of(const config::CollectorConfig& config) {
    return *std::any_cast<AccessOptions>(&config.options);
}

}  // namespace

Entry access_log_entry() {
    return {.type = {.name = "access_log",
                     .default_when = {},
                     .schedule = {.interval = 5s, .timeout = 10s},
                     .read = [](config::OptionsReader& reader,
                                const config::Gateway&) { return std::any(read_access_options(reader)); }},
            .make = [](const config::Gateway& gateway, const config::CollectorConfig& config,
                       const drivers::Interrupt& interrupt) -> std::unique_ptr<Collector> {
                const AccessOptions& options = options_of(config);
                return make_log_collector("access_log", make_log_input(options.input, interrupt),
                                          make_access_counter(gateway, options));
            },
            .measures = [](const config::Gateway& gateway, const config::CollectorConfig& config)
                -> domain::Events { return access_events(gateway, options_of(config)); },
            .line_counter = [](const config::Gateway& gateway, const config::CollectorConfig& config)
                -> std::unique_ptr<LineCounter> { return make_access_counter(gateway, options_of(config)); }};
}

}  // namespace keyshift::collectors
