// SPDX-License-Identifier: Apache-2.0
#include "commands/shared/terminal.hpp"

#include <unistd.h>

#include "base/utf8.hpp"
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

}  // namespace

Terminal::Terminal() : colours_(has_colours()) {}

std::string Terminal::paint(Colour colour, std::string_view text) const {
    if (!colours_) return std::string(text);
    return std::string(code(colour)).append(text).append("\x1b[0m");
}

std::string show_time(base::Time t) {
    std::string text = base::format_rfc3339(std::chrono::floor<std::chrono::seconds>(t));
    text[10] = ' ';
    text.resize(16);
    return text + " UTC";
}

std::string show_distance(base::Time t, base::Time now) {
    const base::Duration distance = std::chrono::abs(t - now);
    const auto in = [&](auto unit, const char* name) { return std::to_string(distance / unit) + " " + name; };
    const std::string text = distance < 2min  ? in(1s, "s")
                             : distance < 2h  ? in(1min, "min")
                             : distance < 48h ? in(1h, "h")
                                              : in(24h, "d");
    return t > now ? std::string("in ").append(text) : text + " ago";
}

std::string show_when(std::optional<base::Time> t, base::Time now) {
    return t ? show_time(*t) + " (" + show_distance(*t, now) + ")" : "never";
}

std::string key_count(std::uint64_t keys) {
    return std::to_string(keys) + (keys == 1 ? " key" : " keys");
}

std::string pad(std::string_view text, std::size_t width) {
    std::string out(text);
    const std::size_t length = base::count_code_points(text);
    if (length < width) out.append(width - length, ' ');
    return out;
}

}  // namespace keyshift::commands
