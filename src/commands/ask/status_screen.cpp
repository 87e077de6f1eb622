// SPDX-License-Identifier: Apache-2.0
#include "commands/ask/status_screen.hpp"

#include <vector>

#include "commands/ask/status_details.hpp"
#include "commands/ask/status_summary.hpp"
#include "commands/screen/layout.hpp"
#include "commands/shared/verdict_text.hpp"

namespace keyshift::commands {
namespace {

using Lines = std::vector<std::string>;

constexpr std::size_t kLabel = 11;
/// Of 24, of which the shell's prompt takes one.
constexpr std::size_t kMostLines = 23;
/// What the summary may take of them: even an error that fills screens leaves room for the other three.
constexpr std::size_t kMostOfVerdict = 12;
constexpr std::size_t kMostOfEntry = 2;

void add(Lines& to, Lines lines, std::size_t most, std::size_t width) {
    limit_lines(lines, most, width);
    to.insert(to.end(), lines.begin(), lines.end());
}

constexpr std::size_t kUnlimited = std::string::npos;

Lines summary_lines(const api::Status& status, std::size_t width, Detail detail, const Terminal& terminal) {
    const bool all = detail == Detail::all;
    const StatusSummary summary = summarize(status, all ? kUnlimited : width, terminal);
    Lines out;
    add(out, wrapped(summary.verdict, width, 2), all ? kUnlimited : kMostOfVerdict, width);
    // Its command must be whole.
    add(out, wrapped(pad("Locked out", kLabel) + summary.locked_out, width, kLabel), kMostOfEntry, width);
    for (const auto& [label, text] : {std::pair{"Left", summary.left}, std::pair{"Dates", summary.dates}}) {
        const std::string line = pad(label, kLabel) + text;
        add(out, wrapped(all ? line : shortened(line, width), width, kLabel), kUnlimited, width);
    }
    return out;
}

/// At the end of the last line.
std::string more(std::size_t lines) {
    return " (+" + std::to_string(lines) + (lines == 1 ? " line: --verbose)" : " lines: --verbose)");
}

Lines detail_lines(const api::Status& status, std::size_t width, Detail detail, const Terminal& terminal) {
    Lines out;
    for (const StatusEntry& entry : status_details(status, detail, terminal)) {
        add(out, wrapped(pad(entry.label, kLabel) + entry.text, width, kLabel),
            detail == Detail::all ? kUnlimited : kMostOfEntry, width);
    }
    return out;
}

}  // namespace

std::string status_screen(const api::Status& status, std::size_t width, Detail detail,
                          const Terminal& terminal) {
    Lines lines = summary_lines(status, width, detail, terminal);
    lines.emplace_back();
    const Lines details = detail_lines(status, width, detail, terminal);
    std::string origin = origin_line(status);
    std::size_t shown = details.size();
    const std::size_t room =
        kMostLines - lines.size() - wrapped(origin + more(details.size()), width, 0).size();
    if (detail == Detail::fits && shown > room) {
        shown = room;
        origin += more(details.size() - shown);
    }
    lines.insert(lines.end(), details.begin(), details.begin() + static_cast<std::ptrdiff_t>(shown));
    std::string out;
    for (const std::string& line : lines) out += line + "\n";
    for (const std::string& line : wrapped(origin, width, 0))
        out += terminal.paint(Colour::quiet, line) + "\n";
    return out;
}

}  // namespace keyshift::commands
