// SPDX-License-Identifier: Apache-2.0
// Counts requests by outcome and failed authentications by reason, line by line of an access log.
#pragma once

#include <memory>

#include "collectors/access/options.hpp"
#include "collectors/logs/line_counter.hpp"
#include "config/config.hpp"
#include "domain/counts/event.hpp"

namespace keyshift::collectors {

std::unique_ptr<LineCounter> make_access_counter(const config::Gateway& gateway,
                                                 const AccessOptions& options);

/// What it can count.
domain::Events access_events(const config::Gateway& gateway, const AccessOptions& options);

}  // namespace keyshift::collectors
