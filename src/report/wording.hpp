// SPDX-License-Identifier: Apache-2.0
// What every format but the handbook's text says in the same words.
// Constants and pure functions: safe from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "domain/keys/key.hpp"
#include "report/writer.hpp"

namespace keyshift::report {

struct Step {
    std::string_view text;     ///< a sentence without its full stop
    std::string_view request;  ///< the request or command that does it, set off as code; may be empty
};

/// What to do about the listed keys, after a word on whether they still work. Unlike the handbook's text it
/// holds for every kind of gateway, and it names the requests of the gateway at hand.
std::vector<Step> steps(const Header& header);

/// What the list is called: where use upgrades keys they need nothing but that.
std::string_view title(const Header& header);

/// Appends "3 legacy keys of 2 owners", or "1 legacy key" where the owners were not counted. For none of the
/// phase that was asked for it is "No legacy key is": "in phase ..." follows.
void append_totals(std::string& out, const Header& header);

/// How the key stands at `as_of` beside being legacy, such as "blocked, expired"; empty for one in good
/// standing.
std::string_view standing(const domain::Key& key, base::Time as_of);

/// Appends what follows a replacement's id: " (rule name, not in use)".
void append_how_replaced(std::string& out, const KeyPhase& phase);

}  // namespace keyshift::report
