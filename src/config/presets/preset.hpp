// SPDX-License-Identifier: Apache-2.0
// What is known of a gateway without being configured: everything that a preset says, in one value. Each
// preset is one file, presets/<name>.cpp, and one line in presets.def. Values: safe to share.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "config/options/options.hpp"
#include "domain/counts/event.hpp"
#include "formats/tracing/tracing.hpp"

namespace keyshift::config {

/// Answers with this status, and with so many bytes; without bytes: with any other number of them.
struct FailureRule {
    unsigned status = 401;
    std::optional<std::uint64_t> bytes = {};
    std::optional<domain::Event> reason =
        {};  ///< empty: refused, but not for its API key, such as a wrong password
    bool operator==(const FailureRule&) const = default;
};
using FailureRules = std::vector<FailureRule>;

/// A field of a JSON line, by its dotted path.
struct FieldTest {
    std::string path;
    std::vector<std::string> texts;  ///< one of them fits; a "*" at the end stands for any text
};

/// A line of a gateway's log counts when everything that is not empty here fits.
struct LogRule {
    enum class Use {
        counts,
        /// Counts; but while no such line was ever seen, nobody knows whether the gateway writes them at all.
        counts_once_seen,
        /// Counts nothing: shows that the gateway writes such lines.
        shows,
    };

    domain::Event event = domain::Event::fallback;  ///< without meaning where the reason tells it
    bool by_reason = false;                         ///< a failed authentication, by the group `reason`
    Use use = Use::counts;
    std::string message = {};                         ///< what the message begins with
    bool key_follows = false;                         ///< the id of a key stands right behind `message`
    std::string regex = {};                           ///< found in the message
    std::vector<FieldTest> fields = {};               ///< all of them
    std::vector<std::string> targets = {};            ///< what the target begins with, any of them
    std::optional<formats::TracingLevel> level = {};  ///< the log must go so far for the line to be in it
};
using LogRules = std::vector<LogRule>;

/// A counter of a gateway's own /metrics.
struct CounterRule {
    domain::Event event = domain::Event::fallback;  ///< without meaning where there is a reason_label
    std::string metric = {};
    std::vector<NamedTexts> labels = {};  ///< each has one of these values
    /// Not empty: failed authentications; the value of this label names the event failure_..., and any other
    /// value is failure_other.
    std::string reason_label = {};
};
using CounterRules = std::vector<CounterRule>;

/// How keys are made and deleted, for reports.
struct KeyRequests {
    std::string create = {};  ///< "POST /auth/key/generate"
    std::string remove = {};
    bool ownerless_by_database = false;  ///< it refuses them for keys without an owner
};

/// Empty where nothing is known: what is not known for sure is not counted.
struct PresetFacts {
    Gateway gateway = {};                     ///< the defaults of the section `gateway`
    std::vector<std::string> key_paths = {};  ///< access_log: how the paths begin where keys are asked for
    FailureRules failures = {};               ///< access_log: the bodies of refusals, by their size
    LogRules log_rules = {};                  ///< gateway_log, in tracing's forms
    CounterRules counters = {};               ///< gateway_metrics
    KeyRequests requests = {};
    bool built_on_sqlx = false;                      ///< its log can hold its statements
    std::map<std::string, std::string> caches = {};  ///< redis: how keys begin, by the label `cache`
};

/// The same object each time.
const PresetFacts& facts_of(Preset preset);

}  // namespace keyshift::config
