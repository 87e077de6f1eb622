// SPDX-License-Identifier: Apache-2.0
#include "drivers/journal/matches.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace keyshift::drivers {
namespace {

constexpr std::array<std::string_view, 11> kKinds{".service", ".scope",  ".slice",    ".socket",
                                                  ".mount",   ".swap",   ".timer",    ".path",
                                                  ".target",  ".device", ".automount"};

std::string full_name(const std::string& unit) {
    const bool kind = std::any_of(kKinds.begin(), kKinds.end(),
                                  [&](std::string_view suffix) { return unit.ends_with(suffix); });
    return kind ? unit : unit + ".service";
}

/// The value of "NAME=value" between semicolons.
std::string_view part(std::string_view cursor, std::string_view name) {
    while (!cursor.empty()) {
        const std::string_view field = cursor.substr(0, cursor.find(';'));
        if (field.starts_with(name)) return field.substr(name.size());
        cursor.remove_prefix(std::min(cursor.size(), field.size() + 1));
    }
    return {};
}

std::optional<std::uint64_t> number(std::string_view cursor) {
    const std::string_view text = part(cursor, "i=");
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (error != std::errc{} || end != text.data() + text.size()) return {};
    return value;
}

}  // namespace

base::Result<std::vector<JournalMatch>> journal_matches(const std::vector<std::string>& units,
                                                        const std::vector<std::string>& matches) {
    std::vector<JournalMatch> out;
    if (!units.empty()) out.emplace_back();
    for (const std::string& unit : units) {
        if (unit.find_first_of("*?[") != std::string::npos) {
            return base::Error{base::Errc::schema, "the journal knows no unit " + unit,
                               "patterns are not taken: name each unit, or use match: [_SYSTEMD_SLICE=...]"};
        }
        out.back().push_back("_SYSTEMD_UNIT=" + full_name(unit));
    }
    for (const std::string& match : matches) out.push_back({match});
    return out;
}

bool follows(const std::string& cursor, const std::string& next) {
    const std::string_view journal = part(cursor, "s=");
    const auto before = number(cursor);
    const auto after = number(next);
    return !journal.empty() && journal == part(next, "s=") && before && after && *after == *before + 1;
}

}  // namespace keyshift::drivers
