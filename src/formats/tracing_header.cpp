// SPDX-License-Identifier: Apache-2.0
// The way for every line that tracing's default form can have, colours and all.
#include "formats/tracing_header.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "base/ascii.hpp"
#include "formats/tracing_text.hpp"

namespace keyshift::formats {
namespace {

constexpr char kEscape = '\x1b';
constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kEndOfTarget = "\x1b[0m\x1b[2m:\x1b[0m ";
constexpr std::string_view kEndOfSpans = "\x1b[2m:\x1b[0m ";
/// "2026-11-22 11:56:47.9 +01:00" is three.
constexpr int kWordsOfTime = 3;
constexpr std::array<std::string_view, 3> kThreads{"tokio-runtime-worker", "tokio-rt-worker", "main"};

bool is_time_byte(char c) {
    return base::is_digit(c) || std::string_view("TZ:.,+-s").find(c) != std::string_view::npos;
}

bool skip(std::string_view& text, std::string_view begin) {
    if (!text.starts_with(begin)) return false;
    text.remove_prefix(begin.size());
    return true;
}

void skip_escapes(std::string_view& text) {
    while (text.starts_with("\x1b[")) {
        const std::size_t end = text.find_first_not_of("0123456789;", 2);
        if (end == std::string_view::npos || text[end] != 'm') return;
        text.remove_prefix(end + 1);
    }
}

void skip_to_word(std::string_view& text) {
    for (std::size_t size = 0; size != text.size();) {
        size = text.size();
        skip_escapes(text);
        text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    }
}

std::string_view take_word(std::string_view& text) {
    std::size_t end = 0;
    while (end < text.size() && text[end] != ' ' && text[end] != kEscape) ++end;
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(end);
    return word;
}

/// Time and level, and the blank behind them.
bool take_level(std::string_view& text, TracingLine& out) {
    out.time = {};
    for (int words = 0; words <= kWordsOfTime; ++words) {
        skip_to_word(text);
        const std::string_view word = take_word(text);
        // Only capitals, as tracing writes it: a sentence may begin with "info".
        if (const auto level = tracing_level_named(word); level && word.front() < 'a') {
            out.level = *level;
            skip_escapes(text);
            return skip(text, " ");
        }
        if (word.empty() || !std::ranges::all_of(word, is_time_byte)) return false;
        const char* const begin = out.time.empty() ? word.data() : out.time.data();
        const auto size = static_cast<std::size_t>(word.data() + word.size() - begin);
        out.time = std::string_view(begin, size);
    }
    return false;
}

void skip_thread(std::string_view& text) {
    std::string_view rest = text;
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    for (const std::string_view name : kThreads)
        if (skip(rest, name) && skip(rest, " ")) text = rest;
    rest = text;
    if (!skip(rest, "ThreadId(")) return;
    rest.remove_prefix(std::min(rest.find_first_not_of("0123456789"), rest.size()));
    if (skip(rest, ") ")) text = rest;
}

/// A target and ": ".
bool take_target(std::string_view& text, std::string_view& target) {
    std::size_t end = 0;
    while (end < text.size() && is_target_byte(text[end])) ++end;
    if (end < 2 || text[end - 1] != ':' || end == text.size() || text[end] != ' ') return false;
    target = text.substr(0, end - 1);
    text.remove_prefix(end + 1);
    return true;
}

/// Where the fields of a span end that begin at `from`: behind "}:". `quotes`: what stands in quotation marks
/// does not end them.
std::size_t end_of_fields(std::string_view text, std::size_t from, bool quotes) {
    bool quoted = false;
    for (std::size_t i = from; i + 1 < text.size(); ++i) {
        if (quoted && text[i] == '\\') {
            ++i;
            continue;
        }
        if (quotes && text[i] == '"') quoted = !quoted;
        if (!quoted && text.substr(i).starts_with("}:")) return i + 2;
    }
    return std::string_view::npos;
}

/// "a{b=c}:d: " and the target behind it; spans without any fields are told by what follows.
bool take_spans(std::string_view text, bool quotes, std::string_view& rest, std::string_view& target) {
    bool any_fields = false;
    std::size_t at = 0;
    for (;;) {
        const std::size_t begin = at;
        while (at < text.size() && is_target_byte(text[at])) ++at;
        if (at < text.size() && text[at] == '{' && at > begin) {
            any_fields = true;
            at = end_of_fields(text, at, quotes);
            if (at == std::string_view::npos) return false;
        } else if (at == begin || text[at - 1] != ':') {
            return false;
        }
        if (at >= text.size()) return false;
        if (text[at] == ' ') break;
    }
    const std::string_view spans = text.substr(0, at);
    text.remove_prefix(at + 1);
    if (!take_target(text, target)) return false;
    // "request: inferxgate::auth: " against "inferxgate::auth: Error: ".
    if (!any_fields &&
        (spans.find("::") != std::string_view::npos || target.find("::") == std::string_view::npos))
        return false;
    rest = text;
    return true;
}

/// Colours show what is what: no text of a client has any, since tracing escapes them.
void read_coloured(std::string_view text, TracingLine& out) {
    std::string_view rest = text;
    if (rest.starts_with(kBold)) {
        const std::size_t end = rest.find("\x1b[2m:\x1b[0m \x1b[2m");
        if (end == std::string_view::npos) {
            const std::size_t spans = rest.find(kEndOfSpans);
            out.message = spans == std::string_view::npos ? rest : rest.substr(spans + kEndOfSpans.size());
            return;
        }
        rest.remove_prefix(end + kEndOfSpans.size());
    }
    out.message = rest;
    if (!skip(rest, kDim)) return;
    const std::size_t end = rest.find(kEscape);
    if (end == std::string_view::npos || !rest.substr(end).starts_with(kEndOfTarget)) return;
    out.target = rest.substr(0, end);
    out.message = without_source_place(rest.substr(end + kEndOfTarget.size()));
}

void read_plain(std::string_view text, TracingLine& out) {
    std::string_view rest = text;
    if (!take_spans(text, true, rest, out.target) && !take_spans(text, false, rest, out.target)) {
        out.target = {};
        take_target(rest, out.target);
    }
    out.message = without_source_place(rest);
}

}  // namespace

std::string_view without_source_place(std::string_view text) {
    std::string_view rest = text;
    skip_escapes(rest);
    std::size_t file = 0;
    while (file < rest.size() && rest[file] != ' ' && rest[file] != ':' && rest[file] != kEscape) ++file;
    if (!rest.substr(0, file).ends_with(".rs")) return text;
    rest.remove_prefix(file);
    skip_escapes(rest);
    if (!skip(rest, ":")) return text;
    skip_escapes(rest);
    const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    rest.remove_prefix(digits);
    if (!skip(rest, ":") && digits > 0) return text;
    skip_escapes(rest);
    return skip(rest, " ") ? rest : text;
}

bool parse_tracing_text_slowly(std::string_view line, TracingLine& out) {
    std::string_view rest = line;
    if (!take_level(rest, out)) return false;
    out.target = {};
    skip_thread(rest);
    if (rest.starts_with("\x1b[")) {
        read_coloured(rest, out);
    } else {
        read_plain(rest, out);
    }
    return true;
}

}  // namespace keyshift::formats
