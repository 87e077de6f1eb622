// SPDX-License-Identifier: Apache-2.0
#include "journal/marks/saved_marks.hpp"

namespace keyshift::journal {
namespace {

/// While a mark is followed, its clients are read no more often.
constexpr base::Duration kReadEvery = std::chrono::seconds{2};

}  // namespace

base::Result<domain::MarkSummary> load_marks(store::State& state, base::Time now) {
    const auto marks = state.load_marks();
    if (!marks) return marks.error();
    if (marks->empty()) return domain::MarkSummary{};
    const auto last = state.load_last_mark_window();
    if (!last) return last.error();
    return summary_of(*marks, *last, now);
}

std::optional<domain::MarkSummary> MarksWatch::changed(store::State& state, base::Time now) {
    const auto version = state.marks_version();
    if (!version) return std::nullopt;
    const bool waits = now >= read_at_ && now - read_at_ < kReadEvery;
    if (version_ == *version && (version->unsettled == 0 || waits)) return std::nullopt;
    auto summary = load_marks(state, now);
    if (!summary) return std::nullopt;
    version_ = *version;
    read_at_ = now;
    return *std::move(summary);
}

}  // namespace keyshift::journal
