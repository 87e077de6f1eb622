// SPDX-License-Identifier: Apache-2.0
// The option `event` of a rule that says what something counts as, and reasons by name. Pure: any thread.
#pragma once

#include <optional>
#include <string_view>

#include "base/error.hpp"
#include "domain/counts/event.hpp"

namespace keyshift::collectors {

/// What a gateway can count by itself. The other events are what databases and caches count.
domain::Events counted_by_gateways();

/// The event that `text` names, if it is one of `allowed`; empty: "auth_failure", whose reason is told
/// elsewhere. `who` is whose events these are: "a gateway counts".
base::Result<std::optional<domain::Event>> parse_event(std::string_view text, domain::Events allowed,
                                                       std::string_view who);

/// The failed authentication whose reason a gateway calls so; failure_other where keyshift has no such
/// reason.
domain::Event failure_named(std::string_view reason);

}  // namespace keyshift::collectors
