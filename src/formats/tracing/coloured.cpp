// SPDX-License-Identifier: Apache-2.0
// What stands behind the level of a line with colours. These show what is what, and no text of a client has
// any, since tracing escapes them: bold is a span's name, dim a target, a file or a line's number. Before
// 0.3.17 the form compact had all in bold. The form pretty has the target in bold and the level's colour.
#include <algorithm>
#include <cstddef>
#include <vector>

#include "base/ascii.hpp"
#include "formats/tracing/header.hpp"

namespace keyshift::formats {
namespace {

constexpr std::string_view kReset = "\x1b[0m";
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kDimColon = "\x1b[2m:\x1b[0m";

/// A name in a header, and how it is followed.
struct Name {
    enum class Style : unsigned char { bold, dim };
    Style style;
    std::string_view text;
    bool fields = false;     ///< in braces
    bool dim_colon = false;  ///< else a plain one
    bool blank = false;      ///< behind the colon
};

bool is_number(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, base::is_digit);
}

bool is_place(const Name& name) {
    return name.text.ends_with(".rs") || is_number(name.text);
}

bool is_dim_target(const Name& name) {
    return name.style == Name::Style::dim && !is_place(name);
}

/// What stands before the first colour, if it is a thread and the blank behind it.
bool skip_thread_before_colours(std::string_view& text) {
    std::string_view rest = text;
    const bool known = skip_thread(rest);
    const std::size_t end = rest.find('\x1b');
    if (end == std::string_view::npos) return false;
    std::string_view name = rest.substr(0, end);
    name.remove_prefix(std::min(name.find_first_not_of(' '), name.size()));
    if (!name.empty() && (known || !name.ends_with(' ') || !may_be_thread(name.substr(0, name.size() - 1))))
        return false;
    text = rest.substr(end);
    return known || !name.empty();
}

/// "{...}" in bold braces.
bool skip_fields(std::string_view& text) {
    std::string_view rest = text;
    if (!skip(rest, "\x1b[1m{\x1b[0m")) return false;
    const std::size_t end = rest.find("\x1b[1m}\x1b[0m");
    if (end == std::string_view::npos) return false;
    text = rest.substr(end + std::string_view("\x1b[1m}\x1b[0m").size());
    return true;
}

/// The next name of a header and its colon.
bool consume_name(std::string_view& text, Name& out) {
    std::string_view rest = text;
    const bool bold = skip(rest, kBold);
    if (!bold && !skip(rest, kDim)) return false;
    const std::size_t end = rest.find('\x1b');
    if (end == std::string_view::npos || end == 0) return false;
    out = {.style = bold ? Name::Style::bold : Name::Style::dim, .text = rest.substr(0, end)};
    rest.remove_prefix(end);
    if (!skip(rest, kReset)) return false;
    // The number of a line has its colon inside.
    const bool inside =
        !bold && out.text.ends_with(':') && is_number(out.text.substr(0, out.text.size() - 1));
    if (inside) {
        out.text.remove_suffix(1);
    } else {
        if (bold) out.fields = skip_fields(rest);
        out.dim_colon = skip(rest, kDimColon);
        if (!out.dim_colon && !skip(rest, ":")) return false;
    }
    out.blank = skip(rest, " ");
    text = rest;
    return true;
}

/// Which of `names` is the target; size(): none.
std::size_t target_among(const std::vector<Name>& names, const TracingForm& form) {
    const auto none = names.size();
    for (std::size_t i = 0; i < names.size(); ++i)
        if (is_dim_target(names[i])) return i;
    std::size_t last = names.size();
    while (last > 0 && is_place(names[last - 1])) --last;
    const bool bold_place = last < names.size() && names[last].style == Name::Style::bold;
    if (last == 0) return none;
    const Name& name = names[last - 1];
    // A target is in one piece, its colon is dim, and a blank stands before it, and behind it but for a
    // number.
    if (name.fields || !name.dim_colon || (!name.blank && !bold_place)) return none;
    if (last > 1 && !names[last - 2].blank) return none;
    const bool behind_spans = last > 1 && !names[last - 2].dim_colon;
    const bool path = last == 1 && name.text.find("::") != std::string_view::npos;
    return form.bold_targets || bold_place || behind_spans || path ? last - 1 : none;
}

void learn(const std::vector<Name>& names, std::size_t target, TracingForm& form) {
    for (const Name& name : names) {
        if (name.fields) form.full = true;
        if (name.style == Name::Style::bold && !name.dim_colon) form.compact = true;
        if (name.style == Name::Style::bold && is_place(name)) form.bold_targets = true;
    }
    if (target == names.size()) {
        if (std::ranges::all_of(names, [](const Name& name) { return is_place(name) || !name.blank; }))
            ++form.targets.no;
        return;
    }
    ++form.targets.yes;
    if (names[target].style == Name::Style::bold) form.bold_targets = form.compact = true;
}

/// Pretty: ESC [1;32m TARGET ESC [0m ESC [32m: and the message in the level's colour.
bool read_pretty(std::string_view text, TracingLine& out) {
    std::string_view rest = text;
    while (skip(rest, " ")) {
    }
    const bool has_target = rest.starts_with("\x1b[1;3");
    // ESC [3m is the name of a field.
    if (!has_target && (!rest.starts_with("\x1b[3") || rest.size() < 5 || rest[4] != 'm')) return false;
    skip_escapes(rest);
    if (has_target) {
        const std::size_t end = rest.find('\x1b');
        if (end == std::string_view::npos) return false;
        out.target = rest.substr(0, end);
        rest.remove_prefix(end);
        skip_escapes(rest);
        if (!skip(rest, ":")) return false;
        skip_escapes(rest);
    }
    std::string_view number = rest;
    number.remove_prefix(std::min(number.find_first_not_of("0123456789"), number.size()));
    if (number.size() < rest.size() && skip(number, ":")) rest = number;
    skip_escapes(rest);
    skip(rest, " ");
    skip_escapes(rest);
    if (rest.ends_with(kReset)) rest.remove_suffix(kReset.size());
    out.message = rest;
    return true;
}

}  // namespace

void read_coloured(std::string_view text, TracingLine& out, TracingForm& form) {
    out.target = {};
    form.coloured = true;
    if (read_pretty(text, out)) {
        if (!out.target.empty()) ++form.targets.yes;
        return;
    }
    std::string_view rest = text;
    const bool threads = skip_thread_before_colours(rest);
    std::vector<Name> names;
    for (Name name{}; consume_name(rest, name);) names.push_back(name);
    // A message's fields are in colours too; where no line has a target, a client may have written one.
    if (names.empty() || (form.targets.only_no() && std::ranges::any_of(names, is_dim_target)))
        return read_plain(text, out, form);
    if (threads) form.threads = true;
    const std::size_t target = target_among(names, form);
    learn(names, target, form);
    // Before 0.3 a target has no colours.
    if (target == names.size() && !names.back().dim_colon && names.back().style == Name::Style::bold)
        return read_plain(rest, out, form);
    if (target < names.size()) out.target = names[target].text;
    out.message = rest;
}

}  // namespace keyshift::formats
