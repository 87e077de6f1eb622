// SPDX-License-Identifier: Apache-2.0
// The beginning of a line of tracing's text, whatever its form: time, level, thread, target, place.
#include "formats/tracing/header.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "base/ascii.hpp"
#include "formats/tracing/text.hpp"
#include "formats/tracing/words.hpp"

namespace keyshift::formats {
namespace {

/// "2026-11-22 11:56:47.9 +01:00" is three; names of days and months come on top.
constexpr int kWordsOfTime = 3;
/// tokio's before and from 1.44, the main thread, actix's and rayon's.
constexpr std::array<std::string_view, 4> kThreads{"tokio-runtime-worker", "tokio-rt-worker", "main",
                                                   "actix-rt|system:0|arbiter:0"};
constexpr std::array<std::string_view, 26> kTimeWords{
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Mon",
    "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "AM",  "PM",  "UTC", "GMT", "am",  "pm",  "<unknown"};

bool is_time_byte(char c) {
    return base::is_digit(c) || std::string_view("TZ:.,+-/s[]").find(c) != std::string_view::npos;
}

bool is_time_name(std::string_view word) {
    if (word == "time>") return true;
    if (word.ends_with(',')) word.remove_suffix(1);
    return std::ranges::find(kTimeWords, word) != kTimeWords.end();
}

void skip_to_word(std::string_view& text) {
    for (std::size_t size = 0; size != text.size();) {
        size = text.size();
        skip_escapes(text);
        text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    }
}

std::string_view consume_word(std::string_view& text) {
    std::size_t end = 0;
    while (end < text.size() && text[end] != ' ' && text[end] != kEscape) ++end;
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(end);
    return word;
}

/// "ThreadId(01) ".
bool skip_thread_id(std::string_view& text) {
    std::string_view rest = text;
    if (!skip(rest, "ThreadId(")) return false;
    rest.remove_prefix(std::min(rest.find_first_not_of("0123456789"), rest.size()));
    if (!skip(rest, ") ")) return false;
    text = rest;
    return true;
}

}  // namespace

void skip_escapes(std::string_view& text) {
    while (text.starts_with("\x1b[")) {
        const std::size_t end = text.find_first_not_of("0123456789;", 2);
        if (end == std::string_view::npos || text[end] != 'm') return;
        text.remove_prefix(end + 1);
    }
}

bool consume_level(std::string_view& text, TracingLine& out) {
    out.time = {};
    for (int words = 0; words <= kWordsOfTime; ++words) {
        skip_to_word(text);
        const std::string_view word = consume_word(text);
        // Only capitals, as tracing writes it: a sentence may begin with "info".
        if (const auto level = tracing_level_named(word); level && word.front() < 'a') {
            out.level = *level;
            skip_escapes(text);
            return skip(text, " ");
        }
        const bool named = is_time_name(word);
        if (word.empty() || (!named && !std::ranges::all_of(word, is_time_byte))) return false;
        if (named) --words;
        const char* const begin = out.time.empty() ? word.data() : out.time.data();
        const auto size = static_cast<std::size_t>(word.data() + word.size() - begin);
        out.time = std::string_view(begin, size);
    }
    return false;
}

bool skip_thread(std::string_view& text) {
    std::string_view rest = text;
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    if (skip_thread_id(rest)) {
        text = rest;
        return true;
    }
    for (const std::string_view name : kThreads) {
        if (!skip(rest, name) || !skip(rest, " ")) continue;
        skip_thread_id(rest);
        text = rest;
        return true;
    }
    // Any name with a number behind it; no target, span or quoted text stands before a thread's.
    const std::size_t id = rest.find(" ThreadId(");
    if (id == std::string_view::npos ||
        rest.substr(0, id).find_first_of(":{\"\x1b") != std::string_view::npos)
        return false;
    rest.remove_prefix(id + 1);
    if (!skip_thread_id(rest)) return false;
    text = rest;
    return true;
}

bool may_be_thread(std::string_view name) {
    constexpr std::ptrdiff_t kMostWords = 3;
    const auto fits = [](char c) { return base::is_alphanumeric(c) || c == '-' || c == '_' || c == ' '; };
    return std::ranges::all_of(name, fits) && std::ranges::count(name, ' ') < kMostWords;
}

bool consume_target(std::string_view& text, std::string_view& target) {
    std::size_t end = 0;
    while (end < text.size() && is_target_byte(text[end])) ++end;
    if (end < 2 || text[end - 1] != ':' || end == text.size() || text[end] != ' ') return false;
    std::string_view name = text.substr(0, end - 1);
    const std::size_t last = name.find_last_not_of("0123456789");
    // The number of a line alone.
    if (last == std::string_view::npos) return false;
    const bool number = last + 1 < name.size() && last > 0 && name[last] == ':' && name[last - 1] != ':';
    if (number) name = name.substr(0, last);
    if (name.ends_with(".rs")) return false;
    target = name;
    text.remove_prefix(end + 1);
    return true;
}

std::string_view without_source_place(std::string_view text, TracingForm& form) {
    std::string_view rest = text;
    skip_escapes(rest);
    std::size_t file = 0;
    while (file < rest.size() && rest[file] != ' ' && rest[file] != ':' && rest[file] != kEscape) ++file;
    const bool has_file = rest.substr(0, file).ends_with(".rs");
    ++(has_file ? form.files.yes : form.files.no);
    if (has_file) {
        rest.remove_prefix(file);
        skip_escapes(rest);
        if (!skip(rest, ":")) return text;
        skip_escapes(rest);
    } else if (form.line_numbers.no > form.line_numbers.yes) {
        return text;
    }
    const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    rest.remove_prefix(digits);
    skip_escapes(rest);
    const bool colon = skip(rest, ":");
    skip_escapes(rest);
    const bool ends = skip(rest, " ");
    if (!has_file && digits > 0 && colon && ends) ++form.line_numbers.yes;
    // Behind a word with a colon, which may be a span, a number could follow.
    if (!has_file && file < text.size() && text[file] == ' ') ++form.line_numbers.no;
    return ends && colon == (digits > 0) && (has_file || digits > 0) ? rest : text;
}

bool is_continuation(std::string_view line) {
    if (!skip(line, "    ")) return false;
    skip_escapes(line);
    for (const std::string_view word : {"at", "in", "on"}) {
        std::string_view rest = line;
        if (!skip(rest, word)) continue;
        skip_escapes(rest);
        if (skip(rest, " ")) return true;
    }
    return false;
}

}  // namespace keyshift::formats
