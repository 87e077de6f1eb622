// SPDX-License-Identifier: Apache-2.0
// The page's words: what phases, checks and reasons of failures are called for people, and what is to be done
// about them. Pure: safe from any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "api/status.hpp"
#include "page/html/html.hpp"

namespace keyshift::page {

/// A phase by its name; an unknown name is its own title.
struct PhaseWords {
    std::string_view title;  ///< "New key not deployed"
    std::string_view means;  ///< one sentence
    std::string_view act;    ///< what to do with one key; empty: nothing
};
PhaseWords phase_words(std::string_view phase);
/// All names of phases, the most urgent first, and those of keys that nobody needs last.
std::span<const std::string_view> phases_by_urgency();

struct CheckWords {
    std::string_view title;  ///< what holds when it passes: "Nobody is locked out"
    std::string_view act;    ///< what to do while it does not
};
CheckWords check_words(std::string_view check);

/// "the key is not known to the gateway" for "unknown_key".
std::string_view reason_words(std::string_view reason);

/// How a verdict is called in a class of CSS, and in the name of an icon: "safe", "not_yet", "unsafe",
/// "unknown".
std::string_view verdict_class(const api::Answer& answer);
/// "NOT YET".
std::string_view verdict_word(const api::Answer& answer);

/// A source that should be read and is not.
bool is_down(const api::SourceReport& source);
bool any_down(const api::Status& status);
/// The key table cannot be read: all numbers of keys are old.
bool keys_down(const api::Status& status);

/// An address that can be written to.
Html mail_link(const std::string& address);

/// A phase as it stands in tables: its title in its colour, and its name for programs.
Html phase_badge(const std::optional<std::string>& phase);

}  // namespace keyshift::page
