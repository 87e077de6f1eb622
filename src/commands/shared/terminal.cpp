// SPDX-License-Identifier: Apache-2.0
#include "commands/shared/terminal.hpp"

#include <array>
#include <charconv>

#include <sys/ioctl.h>
#include <unistd.h>

#include "base/people_time.hpp"
#include "base/utf8.hpp"
#include "commands/screen/layout.hpp"
#include "config/tree/environment.hpp"

namespace keyshift::commands {
namespace {

using namespace std::chrono_literals;

bool has_colours() {
    const auto environment = config::process_environment();
    return ::isatty(STDOUT_FILENO) == 1 && !config::non_empty(environment, "NO_COLOR") &&
           config::non_empty(environment, "TERM").value_or("dumb") != "dumb";
}

std::string_view code(Colour colour) {
    switch (colour) {
        case Colour::good:
            return "\x1b[32m";
        case Colour::warning:
            return "\x1b[33m";
        case Colour::bad:
            return "\x1b[31m";
        case Colour::quiet:
            break;
    }
    return "\x1b[2m";
}

constexpr std::size_t kUsualWidth = 80;
/// What is less, or more, is a mistake.
constexpr std::size_t kLeastWidth = 20;
constexpr std::size_t kMostWidth = 10'000;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// The length of the time of RFC 3339 that `text` begins with; 0: none.
std::size_t time_length(std::string_view text) {
    constexpr std::string_view kShape = "0000-00-00T00:00:00";
    if (text.size() <= kShape.size()) return 0;
    for (std::size_t i = 0; i < kShape.size(); ++i)
        if (kShape[i] == '0' ? !is_digit(text[i]) : text[i] != kShape[i]) return 0;
    std::size_t end = kShape.size();
    if (text[end] == '.')
        for (++end; end < text.size() && is_digit(text[end]);) ++end;
    if (end < text.size() && text[end] == 'Z') return end + 1;
    constexpr std::size_t kOffset = 6;  // "+01:00"
    return end + kOffset <= text.size() ? end + kOffset : 0;
}

}  // namespace

Terminal::Terminal() : colours_(has_colours()) {}

std::string Terminal::paint(Colour colour, std::string_view text) const {
    if (!colours_) return std::string(text);
    return std::string(code(colour)).append(text).append("\x1b[0m");
}

std::size_t terminal_width() {
    std::size_t width = 0;
    if (const auto said = config::non_empty(config::process_environment(), "COLUMNS"))
        std::from_chars(said->data(), said->data() + said->size(), width);
    winsize size{};
    if (width == 0 && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) width = size.ws_col;
    return width < kLeastWidth || width > kMostWidth ? kUsualWidth : width;
}

std::string show_time(base::Time t, base::Time now) {
    return base::format_for_people(t, now);
}

std::string show_time(base::Time t) {
    return show_time(t, base::now());
}

std::string show_distance(base::Time t, base::Time now) {
    return base::format_distance(t, now);
}

std::string show_when(std::optional<base::Time> t, base::Time now) {
    return t ? show_time(*t, now) + " (" + show_distance(*t, now) + ")" : "never";
}

std::string with_times(std::string_view text, base::Time now) {
    std::string out;
    bool in_number = false;
    while (!text.empty()) {
        const std::size_t length = in_number ? 0 : time_length(text);
        const auto time = base::parse_rfc3339(text.substr(0, length));
        if (length > 0 && time) {
            out += show_time(*time, now);
            text.remove_prefix(length);
            continue;
        }
        in_number = is_digit(text.front());
        out += text.front();
        text.remove_prefix(1);
    }
    return out;
}

std::string show_text(std::string_view text, base::Time now) {
    return base::escape_unsafe(with_times(text, now));
}

std::string key_count(std::uint64_t keys) {
    return std::to_string(keys) + (keys == 1 ? " key" : " keys");
}

std::string pad(std::string_view text, std::size_t width) {
    std::string out(text);
    const std::size_t length = columns(text);
    if (length < width) out.append(width - length, ' ');
    return out;
}

}  // namespace keyshift::commands
