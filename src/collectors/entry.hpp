// SPDX-License-Identifier: Apache-2.0
// What a collector's own file gives the catalog: how its section of the configuration is read, and what the
// section then stands for. Everything is immutable: safe from any thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "collectors/collector.hpp"
#include "config/config.hpp"
#include "domain/counts/event.hpp"
#include "domain/evidence/source_traits.hpp"
#include "drivers/net/interrupt.hpp"

namespace keyshift::collectors {

class ConfiguredLog;
struct KeysOptions;

/// One collector as it is configured: its options, of the collector's own type, and all that is asked of
/// them. What is not said of a collector is the default here.
class Configured : public config::CollectorOptions {
 public:
    /// The collector itself. `interrupt` outlives it.
    virtual std::unique_ptr<Collector> make(const config::Gateway& gateway, const config::Schedule& schedule,
                                            const drivers::Interrupt& interrupt) const = 0;
    /// What it can count if all is well.
    virtual domain::Events measures(const config::Gateway& /*gateway*/) const { return {}; }
    /// Of a collector that sends requests with a key of its own: that key's id, or empty.
    virtual std::string canary() const { return {}; }
    /// Of a collector that reads a log: itself. Null: it reads none.
    virtual const ConfiguredLog* log() const { return nullptr; }
    /// Of the collector that reads the key table: how. Null: of any other.
    virtual const KeysOptions* key_table() const { return nullptr; }
};

/// The same with its options. `Base`: Configured, or ConfiguredLog.
template <class Options, class Base = Configured>
class ConfiguredWith : public Base {
 public:
    explicit ConfiguredWith(Options options) : options_(std::move(options)) {}

 protected:
    const Options& options() const { return options_; }

 private:
    Options options_;
};

/// One entry of the catalog.
struct Entry {
    /// Reads a collector's own options, as config::ReadCollector. Not null.
    using Read =
        std::function<std::unique_ptr<const Configured>(config::OptionsReader&, const config::Gateway&)>;

    std::string name;  ///< as config::CollectorType has it, and the next two
    config::SecretNames default_when{};
    config::Schedule schedule;
    bool reads_log = false;  ///< what it is configured as is a ConfiguredLog
    /// The ranks of all are side by side in tests/unit/domain/evidence/source_fixture.hpp.
    domain::SourceTraits traits{};
    Read read;
};

}  // namespace keyshift::collectors
