// SPDX-License-Identifier: Apache-2.0
#include "domain/marks/mark.hpp"

#include <algorithm>

namespace keyshift::domain {
namespace {

constexpr std::array<std::string_view, kMarkKinds.size()> kNames{"brownout_begin", "brownout_end", "cutover"};

/// As the command has it: "brownout-begin".
std::string word(MarkKind kind) {
    std::string out(mark_name(kind));
    std::replace(out.begin(), out.end(), '_', '-');
    return out;
}

std::string command(MarkKind kind, const char* option = "") {
    return "keyshift mark " + word(kind) + option;
}

std::string moment(const Mark& mark) {
    return base::format_rfc3339(std::chrono::floor<std::chrono::seconds>(mark.at));
}

}  // namespace

std::string_view mark_name(MarkKind kind) {
    return kNames.at(static_cast<std::size_t>(kind));
}

std::optional<MarkKind> mark_named(std::string_view name) {
    const auto found = std::find(kNames.begin(), kNames.end(), name);
    if (found == kNames.end()) return std::nullopt;
    return static_cast<MarkKind>(found - kNames.begin());
}

std::optional<MarkRefusal> refuse_mark(const std::vector<Mark>& marks, MarkKind kind, base::Time now) {
    const Mark* const last = marks.empty() ? nullptr : &marks.back();
    const bool open = last != nullptr && last->kind == MarkKind::brownout_begin;
    const bool ends = kind == MarkKind::brownout_end;
    if (last != nullptr && last->at > now)
        return MarkRefusal{
            "the last mark, " + word(last->kind) + ", is of " + moment(*last) +
                ", which is in the future: the clock was set back",
            "set the clock right, or take that mark back: " + command(last->kind, " --remove")};
    if (last != nullptr && last->kind == MarkKind::cutover)
        return MarkRefusal{
            "the fallback was switched off for good at " + moment(*last),
            "if it is on again, take that back first: " + command(MarkKind::cutover, " --remove")};
    if (ends && !open)
        return MarkRefusal{"no brownout is open",
                           "say first when one begins: " + command(MarkKind::brownout_begin)};
    if (!ends && open)
        return MarkRefusal{"a brownout is open since " + moment(*last),
                           "say first that it has ended: " + command(MarkKind::brownout_end)};
    return std::nullopt;
}

std::optional<MarkRefusal> refuse_removal(const std::vector<Mark>& marks, MarkKind kind) {
    const auto of_kind = [kind](const Mark& mark) { return mark.kind == kind; };
    if (std::none_of(marks.begin(), marks.end(), of_kind))
        return MarkRefusal{"there is no mark " + word(kind), "see those there are: keyshift mark"};
    const Mark& last = marks.back();
    if (last.kind != kind)
        return MarkRefusal{
            "after the last " + word(kind) + " came " + word(last.kind) + " at " + moment(last),
            "take that back first: " + command(last.kind, " --remove")};
    return std::nullopt;
}

}  // namespace keyshift::domain
