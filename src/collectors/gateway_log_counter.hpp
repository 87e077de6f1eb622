// SPDX-License-Identifier: Apache-2.0
// The LineCounter of a gateway's log, for each of its formats. See there for threads.
#pragma once

#include <memory>

#include "collectors/client_names.hpp"
#include "collectors/gateway_log_rules.hpp"
#include "collectors/line_counter.hpp"

namespace keyshift::collectors {

/// The rules are valid for that format. `clients`: how those that rules name are kept.
std::unique_ptr<LineCounter> make_gateway_log_counter(LogFormat format, LogRules rules,
                                                      const ClientOptions& clients = {});

}  // namespace keyshift::collectors
