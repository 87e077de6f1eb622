// SPDX-License-Identifier: Apache-2.0
// Lines as `tracing` writes them, in its forms full, compact and pretty, with or without colours:
//
//     2026-11-22T11:56:47.949528Z DEBUG request{method=GET}: inferxgate::auth: Cached token field=value
//
// Time, spans, thread, target, file and line may be missing.
#pragma once

#include <string>
#include <string_view>

#include "formats/tracing/form.hpp"
#include "formats/tracing/tracing.hpp"

namespace keyshift::formats {

/// Lines of one program, by what they and those before have shown of its form. Where a line alone leaves
/// doubt at the start, it is read as if it had a target. Used by one thread at a time.
class TracingText {
 public:
    enum class Part {
        none,          ///< no line of tracing's, or the rest of a message with several lines
        event,         ///< what `out` says
        continuation,  ///< of an event in the form pretty: its place or a span
    };
    /// `line` without its newline. A span's field without quotation marks may hold what looks like the
    /// header's end: then the message begins there. Without targets and colours, a span without fields cannot
    /// be told from the beginning of a message: it stays there, since a client may have chosen it.
    Part parse(std::string_view line, TracingLine& out);
    const TracingForm& form() const { return form_; }

 private:
    enum class Read : unsigned char { not_yet, already };
    Part learn(std::string_view line, TracingLine& out, Read read);

    TracingForm form_;
    bool hides_targets_ = false;
    bool knows_targets_ = false;  ///< frequent lines have nothing more to tell
};

/// One line by itself. False, with `out` undefined, when it is no event. Pure; any thread.
bool parse_tracing_text(std::string_view line, TracingLine& out);
/// The same without the way for the lines that are most frequent: what it must be equal to.
bool parse_tracing_text_slowly(std::string_view line, TracingLine& out);

/// Whether escapes have to be removed from a message before expressions see it.
bool has_escapes(std::string_view text);
/// Replaces `out` with `text` without its colours: ESC [ ... m.
void remove_escapes(std::string_view text, std::string& out);

}  // namespace keyshift::formats
