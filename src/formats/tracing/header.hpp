// SPDX-License-Identifier: Apache-2.0
// What the readers of tracing's text share. Pure; any thread. Kept inside src/formats.
#pragma once

#include <string_view>

#include "formats/tracing/form.hpp"
#include "formats/tracing/tracing.hpp"

namespace keyshift::formats {

/// What a target may be made of: of ASCII, what stands between a blank and "{". A module's path is.
inline bool is_target_byte(char byte) {
    return byte > ' ' && byte < '{';
}

/// Moves past `begin` if `text` begins with it.
inline bool skip(std::string_view& text, std::string_view begin) {
    if (!text.starts_with(begin)) return false;
    text.remove_prefix(begin.size());
    return true;
}
void skip_escapes(std::string_view& text);

/// Takes time and level off the front, and the blank behind them. Empty time: there is none.
bool consume_level(std::string_view& text, TracingLine& out);
/// Takes off a thread that is known by its name, or by the number behind it.
bool skip_thread(std::string_view& text);
/// As programs call their threads: a few words of letters, digits, '-' and '_'.
bool may_be_thread(std::string_view name);
/// "a::b: " or, in the form pretty, "a::b:12: ".
bool consume_target(std::string_view& text, std::string_view& target);
/// `text` as behind its target, from the message on: without "src/auth.rs:12: ", "src/auth.rs: " or "12: ".
std::string_view without_source_place(std::string_view text, TracingForm& form);

/// What stands behind the level, where the header has no colours ...
void read_plain(std::string_view text, TracingLine& out, TracingForm& form);
/// ... and where it has.
void read_coloured(std::string_view text, TracingLine& out, TracingForm& form);

/// Of the form pretty: one of the lines that follow an event's first.
bool is_continuation(std::string_view line);

}  // namespace keyshift::formats
