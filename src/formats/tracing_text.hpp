// SPDX-License-Identifier: Apache-2.0
// Lines of `tracing`'s default form, with or without colours, told line by line:
//
//     2026-11-22T11:56:47.949528Z DEBUG request{method=GET}: inferxgate::auth: Cached token field=value
//
// Time, spans, thread, target, file and line may be missing. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "formats/tracing.hpp"

namespace keyshift::formats {

/// `line` without its newline. False, with `out` undefined, when it has no level where one belongs: it is
/// none of tracing's, or the rest of a message with several lines. A span's field without quotation marks may
/// hold what looks like the header's end: then the message begins there.
bool parse_tracing_text(std::string_view line, TracingLine& out);
/// The same without the way for the lines that are most frequent: what it must be equal to.
bool parse_tracing_text_slowly(std::string_view line, TracingLine& out);

/// Whether escapes have to be removed from a message before expressions see it.
bool has_escapes(std::string_view text);
/// Replaces `out` with `text` without its colours: ESC [ ... m.
void remove_escapes(std::string_view text, std::string& out);

}  // namespace keyshift::formats
