// SPDX-License-Identifier: Apache-2.0
// What every format but the handbook's text says in the same words.
// Constants and pure functions: safe from any thread.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "domain/key.hpp"
#include "report/writer.hpp"

namespace keyshift::report {

struct Step {
    std::string_view text;     ///< a sentence without its full stop
    std::string_view request;  ///< the request or command that does it, set off as code; may be empty
};

/// What to do about the listed keys. Unlike the handbook's text it holds for both kinds of gateway, and it
/// names the request that deletes a key in the reference gateway.
inline constexpr std::array<Step, 5> kSteps{
    {{"Do not count on the old keys: a gateway without the slower fallback already answers them with 401 "
      "and no longer updates their last use. Find out which kind yours is",
      "keyshift verdict"},
     {"Create a new key for each one listed", "POST /auth/key/generate"},
     {"Have its holder put the new key where the old one was, and wait until the new one is in use", ""},
     {"Then delete the old key", "POST /auth/key/delete?key_id={key_id}"},
     {"Keys without an owner (system) can only be replaced and deleted in the database: the reference "
      "gateway's API refuses it with 403",
      ""}}};

inline constexpr std::string_view kTitle = "API keys that need regeneration";

/// Appends "3 legacy keys of 2 owners", or "1 legacy key" where the owners were not counted.
void append_totals(std::string& out, const Header& header);

/// How the key stands at `as_of` beside being legacy, such as "blocked, expired"; empty for one in good
/// standing.
std::string_view standing(const domain::Key& key, base::Time as_of);

}  // namespace keyshift::report
