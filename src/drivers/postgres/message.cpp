// SPDX-License-Identifier: Apache-2.0
#include "drivers/postgres/message.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace keyshift::drivers {
namespace {

constexpr std::string_view kAfterSeverity = ":  ";
constexpr std::size_t kSqlstate = 5;

std::string_view first_line(std::string_view text) {
    return text.substr(0, text.find('\n'));
}

/// "28P01: password authentication failed"; where there is no SQLSTATE, all of it is the text.
PostgresMessage split_code(std::string_view line) {
    const auto is_of_a_code = [](char c) { return base::is_digit(c) || (c >= 'A' && c <= 'Z'); };
    const std::string_view code = line.substr(0, kSqlstate);
    if (line.substr(code.size(), 2) != ": " || !std::all_of(code.begin(), code.end(), is_of_a_code))
        return {{}, std::string(line)};
    return {std::string(code), std::string(line.substr(kSqlstate + 2))};
}

}  // namespace

PostgresMessage read_login_message(std::string_view raw) {
    // "connection to server at …: FATAL:  28P01: password authentication failed" + "\nLOCATION:  …"
    for (const std::string_view severity : {"FATAL:  ", "ERROR:  ", "PANIC:  "}) {
        const std::size_t at = raw.rfind(severity);
        if (at != std::string_view::npos) return split_code(first_line(raw.substr(at + severity.size())));
    }
    while (!raw.empty() && raw.back() == '\n') raw.remove_suffix(1);
    // What follows is advice to do without verification.
    raw = raw.substr(0, raw.rfind("\nEither provide the file"));
    // What is indented is advice too, or guesses at the reason.
    std::size_t line = raw.rfind('\n');
    for (; line != std::string_view::npos && raw.substr(line + 1).starts_with('\t'); line = raw.rfind('\n'))
        raw = raw.substr(0, line);
    return {{}, std::string(line == std::string_view::npos ? raw : raw.substr(line + 1))};
}

PostgresMessage read_statement_message(std::string_view raw) {
    const std::string_view line = first_line(raw);
    const std::size_t colon = line.find(kAfterSeverity);
    if (colon != std::string_view::npos) {
        PostgresMessage message = split_code(line.substr(colon + kAfterSeverity.size()));
        if (!message.sqlstate.empty()) return message;
    }
    return {{}, std::string(line)};
}

}  // namespace keyshift::drivers
