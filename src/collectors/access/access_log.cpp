// SPDX-License-Identifier: Apache-2.0
// Reads the access log of the proxy before the gateway: what came of requests, and who fails to authenticate,
// why, and where from.
#include <memory>
#include <utility>

#include "collectors/access/counter.hpp"
#include "collectors/access/options.hpp"
#include "collectors/entry.hpp"
#include "collectors/logs/collector.hpp"

namespace keyshift::collectors {
namespace {

using namespace std::chrono_literals;

constexpr const char* kName = "access_log";

class ConfiguredAccessLog final : public ConfiguredWith<AccessOptions, ConfiguredLog> {
 public:
    using ConfiguredWith::ConfiguredWith;

    std::unique_ptr<Collector> make(const config::Gateway& gateway, const config::Schedule&,
                                    const drivers::Interrupt& interrupt) const override {
        return make_log_collector(kName, make_log_input(options().input, interrupt), line_counter(gateway));
    }
    domain::Events measures(const config::Gateway& gateway) const override {
        return access_events(gateway, options());
    }
    std::unique_ptr<LineCounter> line_counter(const config::Gateway& gateway) const override {
        return make_access_counter(gateway, options());
    }
};

}  // namespace

Entry access_log_entry() {
    return {.name = kName,
            .schedule = {.interval = 5s, .timeout = 10s},
            .reads_log = true,
            .traits = {.ranks = {.auth_failures = domain::EvidenceRank{.place = 10}}},
            .read = [](config::OptionsReader& reader, const config::Gateway&) {
                return std::make_unique<ConfiguredAccessLog>(read_access_options(reader));
            }};
}

}  // namespace keyshift::collectors
