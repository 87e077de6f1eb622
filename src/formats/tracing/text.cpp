// SPDX-License-Identifier: Apache-2.0
// The way for lines with the default time and a module's path as their target: places are fixed, so that each
// step is a comparison. Whatever is different takes the way of tracing_header.cpp.
#include "formats/tracing/text.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "formats/text/bytes64.hpp"
#include "formats/tracing/header.hpp"
#include "formats/tracing/words.hpp"

namespace keyshift::formats {
namespace {

constexpr std::string_view kEndOfTarget = "\x1b[0m\x1b[2m:\x1b[0m ";
constexpr std::size_t kLevelSize = 5;
constexpr std::size_t kColourSize = 4;

/// Eight readable bytes, of which the first five are the level. All are compared: which it is differs from
/// line to line.
bool read_level(const char* text, TracingLevel& out) {
    static constexpr Word kMask = word_of("\xff\xff\xff\xff\xff");
    static constexpr std::array<Word, kTracingLevels> kLevels{
        word_of("ERROR"), word_of(" WARN"), word_of(" INFO"), word_of("DEBUG"), word_of("TRACE")};
    const Word level = load(text) & kMask;
    unsigned found = 0;
    for (unsigned i = 0; i < kTracingLevels; ++i) found |= level == kLevels[i] ? i + 1 : 0;
    out = static_cast<TracingLevel>(found - 1);
    return found != 0;
}

/// What belongs to no target.
constexpr auto are_behind_target = [](const Bytes64& bytes) KEYSHIFT_INLINED {
    return bytes.are_below('!') | bytes.are_above('z');
};

/// What ends the first word of a message, if it is one.
constexpr auto are_behind_word = [](const Bytes64& bytes)
                                     KEYSHIFT_INLINED { return bytes.are_below('!') | bytes.are(':'); };

/// Whether a source's place, a span or a colour may stand where the message should.
bool may_be_no_message(const char* line, const char* at, const char* end) {
    at = find_first(line, at, end, are_behind_word);
    return at != end && *at != ' ';
}

std::string_view between(const char* from, const char* to) {
    return {from, static_cast<std::size_t>(to - from)};
}

/// A file or the number of a line may stand in the place of a target, or at its end.
bool may_be_place(const char* target, const char* end) {
    if (end[-1] >= '0' && end[-1] <= '9') return true;
    return end[-1] == 's' && end - target > 2 && end[-2] == 'r' && end[-3] == '.';
}

bool parse_plain(std::string_view line, TracingLine& out) {
    constexpr std::size_t kTarget = kTimeSize + 1 + kLevelSize + 1;
    if (line.size() < kTarget + kWord) return false;
    const char* const begin = line.data();
    const char* const end = begin + line.size();
    if (!is_tracing_time(begin) || begin[kTimeSize] != ' ' || begin[kTarget - 1] != ' ' ||
        !read_level(begin + kTimeSize + 1, out.level))
        return false;
    const char* const target = begin + kTarget;
    // The target's end and that of the message's first word at once: mostly both are near.
    const Window window(begin, target, end);
    const std::uint64_t behind_target = window.mask(are_behind_target);
    const std::uint64_t behind_word = window.mask(are_behind_word);
    const int size = std::countr_zero(behind_target);
    if (behind_target == 0 || size < 2) return false;
    const char* const at = target + size;
    if (*at != ' ' || at[-1] != ':' || may_be_place(target, at - 1)) return false;
    if (const std::uint64_t ends = behind_word >> size >> 1) {
        if (at[1 + std::countr_zero(ends)] != ' ') return false;
    } else if (may_be_no_message(begin, at + 1, end)) {
        return false;
    }
    out.time = line.substr(0, kTimeSize);
    out.target = between(target, at - 1);
    out.message = between(at + 1, end);
    return true;
}

/// ESC [ 2 m TIME ESC [ 0 m blank ESC [ 3 x m LEVEL ESC [ 0 m blank ESC [ 2 m TARGET ...
bool parse_coloured(std::string_view line, TracingLine& out) {
    constexpr std::size_t kTime = kColourSize;
    constexpr std::size_t kLevelColour = kTime + kTimeSize + kColourSize + 1;
    constexpr std::size_t kLevel = kLevelColour + kColourSize + 1;
    constexpr std::size_t kTarget = kLevel + kLevelSize + kColourSize + 1 + kColourSize;
    if (line.size() < kTarget + kWord) return false;
    const char* const begin = line.data();
    const char* const end = begin + line.size();
    const auto is = [begin](std::size_t at, std::string_view text) {
        return std::memcmp(begin + at, text.data(), text.size()) == 0;
    };
    if (!is(0, "\x1b[2m") || !is_tracing_time(begin + kTime) || !is(kTime + kTimeSize, "\x1b[0m \x1b[3") ||
        begin[kLevel - 2] < '0' || begin[kLevel - 2] > '9' || begin[kLevel - 1] != 'm' ||
        !read_level(begin + kLevel, out.level) || !is(kLevel + kLevelSize, "\x1b[0m \x1b[2m"))
        return false;
    const char* const target = begin + kTarget;
    const char* const at = find_byte(begin, target, end, kEscape);
    if (!between(at, end).starts_with(kEndOfTarget) || at == target || may_be_place(target, at)) return false;
    const char* const message = at + kEndOfTarget.size();
    if (may_be_no_message(begin, message, end)) return false;
    out.time = line.substr(kTime, kTimeSize);
    out.target = between(target, at);
    out.message = between(message, end);
    return true;
}

bool parse_frequent(std::string_view line, TracingLine& out) {
    return !line.empty() && line.front() == kEscape ? parse_coloured(line, out) : parse_plain(line, out);
}

bool parse_by_form(std::string_view line, TracingLine& out, TracingForm& form) {
    std::string_view rest = line;
    if (!consume_level(rest, out)) return false;
    out.target = {};
    // A client's text may have colours where tracing writes none.
    if (!has_escapes(line.substr(0, line.size() - rest.size()))) {
        read_plain(rest, out, form);
    } else {
        read_coloured(rest, out, form);
    }
    return true;
}

/// So many frequent lines are asked what they say of the form.
constexpr std::size_t kLearning = 64;

}  // namespace

bool parse_tracing_text(std::string_view line, TracingLine& out) {
    return TracingText().parse(line, out) == TracingText::Part::event;
}

bool parse_tracing_text_slowly(std::string_view line, TracingLine& out) {
    TracingForm form;
    return parse_by_form(line, out, form);
}

TracingText::Part TracingText::parse(std::string_view line, TracingLine& out) {
    // What looks frequent may be a message with a colon, where there are no targets.
    const bool frequent = !hides_targets_ && parse_frequent(line, out);
    if (frequent && knows_targets_) return Part::event;
    return learn(line, out, frequent ? Read::already : Read::not_yet);
}

TracingText::Part TracingText::learn(std::string_view line, TracingLine& out, Read read) {
    if (read == Read::already) {
        form_.learn_target(out.target);
        form_.coloured = form_.coloured || line.front() == kEscape;
        ++form_.line_numbers.no;
    }
    const bool event = read == Read::already || parse_by_form(line, out, form_);
    hides_targets_ = form_.targets.only_no();
    knows_targets_ = form_.targets.yes >= kLearning && form_.targets.no == 0;
    if (event) return Part::event;
    if (!is_continuation(line)) return Part::none;
    form_.pretty = true;
    return Part::continuation;
}

bool has_escapes(std::string_view text) {
    return text.find(kEscape) != std::string_view::npos;
}

void remove_escapes(std::string_view text, std::string& out) {
    out.clear();
    while (!text.empty()) {
        const std::size_t at = text.find(kEscape);
        out.append(text.substr(0, at));
        if (at == std::string_view::npos) return;
        text.remove_prefix(at);
        const std::size_t end = text.size() > 1 && text[1] == '[' ? text.find_first_not_of("0123456789;", 2)
                                                                  : std::string_view::npos;
        const bool is_colour = end != std::string_view::npos && text[end] == 'm';
        if (!is_colour) out.push_back(kEscape);
        text.remove_prefix(is_colour ? end + 1 : 1);
    }
}

}  // namespace keyshift::formats
