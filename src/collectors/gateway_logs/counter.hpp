// SPDX-License-Identifier: Apache-2.0
// The LineCounter of a gateway's log, for each of its formats. See there for threads.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "collectors/gateway_logs/rules.hpp"
#include "collectors/logs/client_names.hpp"
#include "collectors/logs/line_counter.hpp"
#include "collectors/shared/statement_class.hpp"
#include "formats/lines/prefix.hpp"

namespace keyshift::collectors {

/// What decides what lines count as.
struct GatewayLogOptions {
    LogFormat format = LogFormat::tracing_text;
    formats::LinePrefix prefix = formats::LinePrefix::automatic;
    LogRules rules = {};         ///< valid for that format
    ClientOptions clients = {};  ///< how those that rules name are kept
    std::string canary = {};     ///< the id of a key that keyshift alone uses; empty: none
    enum class Source { preset, configuration };
    Source source = Source::preset;  ///< of the rules
    /// What the gateway's statements mean; empty: its log has none that can be read.
    std::optional<StatementClasses> statements = {};
    /// The gateway could log its statements, and has this target for other lines; empty: nobody knows.
    std::string sqlx_target = {};
};

std::unique_ptr<LineCounter> make_gateway_log_counter(GatewayLogOptions options);

}  // namespace keyshift::collectors
