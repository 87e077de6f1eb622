// SPDX-License-Identifier: Apache-2.0
// What stands behind the level of a line without colours: a thread, spans, the target, the place, the
// message.
//
// Nothing but punctuation tells these apart, and a message may have any. Where each line has a target,
// whatever stands before it was written by the program. Where none has, a client may have chosen what looks
// like a header: then only a span with fields is one.
#include <algorithm>
#include <cstddef>

#include "formats/tracing/header.hpp"

namespace keyshift::formats {
namespace {

/// Where the fields of a span end that begin at `from`: behind "}:". `quotes`: what stands in quotation marks
/// does not end them.
enum class Quotes : unsigned char { count, do_not_count };
std::size_t end_of_fields(std::string_view text, std::size_t from, Quotes quotes) {
    bool quoted = false;
    for (std::size_t i = from; i + 1 < text.size(); ++i) {
        if (quoted && text[i] == '\\') {
            ++i;
            continue;
        }
        if (quotes == Quotes::count && text[i] == '"') quoted = !quoted;
        if (!quoted && text.substr(i).starts_with("}:")) return i + 2;
    }
    return std::string_view::npos;
}

struct Spans {
    bool any_fields = false;
    std::string_view text = {};    ///< of all
    std::string_view behind = {};  ///< from the blank behind them on
};

/// "a{b=c}:d: ": names, each perhaps with fields, up to a ": ". Of names with blanks only those with fields,
/// or all where it is sure that a target follows.
bool parse_spans(std::string_view text, Quotes quotes, Spans& out) {
    std::size_t at = 0;
    out.any_fields = false;
    for (;;) {
        const std::size_t begin = at;
        while (at < text.size() && text[at] != '{' && text[at] != ':' && text[at] != '"') ++at;
        if (at == begin || at == text.size() || text[at] == '"') return false;
        if (text[at] == '{') {
            if (text[at - 1] == ' ') return false;
            out.any_fields = true;
            at = end_of_fields(text, at, quotes);
            if (at == std::string_view::npos) return false;
        } else {
            // A path's "::" is in a name.
            while (at < text.size() && text[at] == ':') ++at;
        }
        if (at >= text.size()) return false;
        if (text[at] == ' ') break;
    }
    out.text = text.substr(0, at);
    out.behind = text.substr(at + 1);
    return true;
}

bool has_path(std::string_view text) {
    return text.find("::") != std::string_view::npos;
}

/// The last word of what stands before a ": ", and what stands before it.
bool split_last_word(std::string_view head, std::string_view& before, std::string_view& word) {
    const std::size_t blank = head.rfind(' ');
    if (blank == std::string_view::npos) return false;
    before = head.substr(0, blank);
    word = head.substr(blank + 1);
    return word.size() > 1 && std::ranges::all_of(word, is_target_byte);
}

/// Whether `spans` are some, with the target behind them. "request: inferxgate::auth: " against
/// "inferxgate::auth: Error: ".
bool consume_target_behind(const Spans& spans, std::string_view& text, TracingLine& out,
                           const TracingForm& form) {
    std::string_view rest = spans.behind;
    std::string_view target;
    if (!consume_target(rest, target)) return false;
    const bool one_word = spans.text.find(' ') == std::string_view::npos;
    if (!spans.any_fields) {
        const std::string_view name = spans.text.substr(0, spans.text.size() - 1);
        const bool root = form.targets.only_yes() && form.is_crate(target) && !form.is_crate(name);
        if (has_path(spans.text) || (!has_path(target) && !root)) return false;
        // A client's text could be a name with blanks.
        if (!one_word && !form.targets.only_yes()) return false;
    }
    if (form.targets.only_no() && !spans.any_fields) return false;
    out.target = target;
    text = rest;
    return true;
}

/// "worker 3 a::b: ": a thread whose name is not known. Behind a line without a target only where both
/// threads and targets are shown for sure.
bool consume_target_behind_thread(std::string_view& text, TracingLine& out, TracingForm& form) {
    const std::size_t end = text.find(": ");
    std::string_view thread;
    std::string_view target;
    if (end == std::string_view::npos || !split_last_word(text.substr(0, end), thread, target)) return false;
    if (thread.find_first_of(":{\"") != std::string_view::npos) return false;
    const bool path = has_path(target) && form.targets.no == 0 && may_be_thread(thread);
    if (!path && !(form.threads && form.targets.only_yes())) return false;
    std::string_view rest = text.substr(end - target.size());
    if (!consume_target(rest, out.target)) return false;
    form.threads = true;
    text = rest;
    return true;
}

/// Whether `word` ends in a file and its line, or either.
bool is_place(std::string_view word, const TracingForm& form) {
    if (!word.ends_with(':')) return false;
    word.remove_suffix(1);
    const std::size_t digits = word.size() - std::min(word.find_last_not_of("0123456789") + 1, word.size());
    if (form.files.yes == 0) return digits > 0 && digits == word.size();
    if (digits > 0 && digits < word.size()) word.remove_suffix(digits + 1);
    return word.ends_with(".rs");
}

/// Of a text without a target: whether none can be behind an unknown thread. A target ends in ": ".
bool surely_has_none(std::string_view text) {
    if (text.empty()) return false;
    const std::string_view word = text.substr(0, text.find(' '));
    return text.find(": ") == std::string_view::npos || is_place(word, {}) ||
           word.find(".rs:") != std::string_view::npos;
}

/// Where each line has a place and no target, what stands before the first place was written by the program.
void skip_to_place(std::string_view& text, const TracingForm& form) {
    const bool files = form.files.yes > form.files.no;
    const bool numbers = form.files.yes == 0 && form.line_numbers.yes > form.line_numbers.no;
    if (!form.targets.only_no() || (!files && !numbers)) return;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find(' ', at), text.size());
        if (is_place(text.substr(at, end - at), form)) {
            text.remove_prefix(at);
            return;
        }
        at = end + 1;
    }
}

}  // namespace

void read_plain(std::string_view text, TracingLine& out, TracingForm& form) {
    if (skip_thread(text)) form.threads = true;
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    std::string_view rest = text;
    out.target = {};
    bool fields_skipped = false;
    Spans spans;
    for (const Quotes quotes : {Quotes::count, Quotes::do_not_count}) {
        if (!parse_spans(text, quotes, spans)) continue;
        if (consume_target_behind(spans, rest, out, form)) break;
        // Without targets the message follows.
        if (spans.any_fields && !form.targets.only_yes() &&
            !has_path(spans.text.substr(0, spans.text.find('{')))) {
            rest = spans.behind;
            fields_skipped = true;
            break;
        }
    }
    form.full = form.full || (spans.any_fields && (fields_skipped || !out.target.empty()));
    if (out.target.empty() && !fields_skipped && !form.targets.only_no() &&
        !consume_target_behind_thread(rest, out, form))
        consume_target(rest, out.target);
    if (out.target.empty() && !fields_skipped) skip_to_place(rest, form);
    form.learn_target(out.target);
    if (out.target.empty() && !fields_skipped && surely_has_none(text)) ++form.targets.no;
    out.message = without_source_place(rest, form);
}

}  // namespace keyshift::formats
