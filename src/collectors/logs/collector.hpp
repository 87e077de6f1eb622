// SPDX-License-Identifier: Apache-2.0
// What all collectors of logs have in common: an input's lines go to a counter, and what it made of them goes
// out together with the place that has been read up to. See Collector for threads and errors.
#pragma once

#include <memory>
#include <string_view>

#include "collectors/entry.hpp"
#include "collectors/logs/line_counter.hpp"
#include "config/config.hpp"
#include "drivers/files/input.hpp"

namespace keyshift::collectors {

/// A collector of a log as it is configured.
class ConfiguredLog : public Configured {
 public:
    /// What its lines are counted as.
    virtual std::unique_ptr<LineCounter> line_counter(const config::Gateway& gateway) const = 0;
    const ConfiguredLog* log() const final { return this; }
};

/// `type`: as the catalog calls it, a literal.
std::unique_ptr<Collector> make_log_collector(std::string_view type, std::unique_ptr<drivers::LogInput> input,
                                              std::unique_ptr<LineCounter> counter);

}  // namespace keyshift::collectors
