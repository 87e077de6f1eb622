// SPDX-License-Identifier: Apache-2.0
// Which lines of a gateway's log count as which events. Values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/options/options.hpp"
#include "config/presets/preset.hpp"
#include "domain/counts/event.hpp"
#include "formats/tracing/tracing.hpp"

namespace keyshift::collectors {

enum class LogFormat { tracing_text, tracing_json, text, json };

using config::FieldTest;
using config::LogRule;
using config::LogRules;

/// "rules"; empty when it is not given.
LogRules read_log_rules(config::OptionsReader& options, LogFormat format);

/// What the rule counts.
domain::Events events_of(const LogRule& rule);
/// What can be counted by them for sure if the log goes far enough.
domain::Events events_of(const LogRules& rules);

}  // namespace keyshift::collectors
