// SPDX-License-Identifier: Apache-2.0
// Which lines of a gateway's log count as which events. Values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "config/options.hpp"
#include "domain/event.hpp"
#include "formats/tracing.hpp"

namespace keyshift::collectors {

enum class LogFormat { tracing_text, tracing_json, text, json };

/// A field of a JSON line, by its dotted path.
struct FieldTest {
    std::string path;
    std::vector<std::string> texts;  ///< one of them fits; a "*" at the end stands for any text
};

/// A line counts when everything that is not empty here fits.
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

/// "rules"; empty when it is not given.
LogRules read_log_rules(config::OptionsReader& options, LogFormat format);
/// What is known of the gateway's own log, in tracing's forms.
LogRules preset_log_rules(config::Preset preset);

/// What the rule counts.
domain::Events events_of(const LogRule& rule);
/// What can be counted by them for sure if the log goes far enough.
domain::Events events_of(const LogRules& rules);

}  // namespace keyshift::collectors
