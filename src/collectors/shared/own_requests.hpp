// SPDX-License-Identifier: Apache-2.0
// How requests of keyshift's own are told from others' in a log: by its user agent, and where a log shows
// none, by what the probe puts into its query. They are left out only where they stand: a log that they never
// reached (a proxy's, while the probe asks the gateway directly) loses nothing. A client that calls itself
// keyshift/1.0 leaves itself out; it hides nobody else. Pure: any thread.
#pragma once

#include <string>
#include <string_view>

namespace keyshift::collectors {

/// In the query of the probe's requests. The same everywhere: who reads a log need not be who asks.
inline constexpr std::string_view kOwnParameter = "keyshift=probe";

/// Whether requests of keyshift's own may be in `text`, of any size; cheap. Where it is false, there are
/// none.
bool may_hold_own(std::string_view text);
/// "keyshift/VERSION", of any version.
bool is_own_agent(std::string_view user_agent);
/// Whether the query of a request's target has kOwnParameter.
bool is_own_target(std::string_view target);
/// Whether a line of any form names keyshift's user agent, or a target of its requests.
bool is_own_line(std::string_view line);

/// `target` with kOwnParameter in its query.
std::string mark_target(std::string_view target);

}  // namespace keyshift::collectors
