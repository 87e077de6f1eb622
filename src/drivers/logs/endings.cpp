// SPDX-License-Identifier: Apache-2.0
#include "drivers/logs/endings.hpp"

#include <algorithm>

namespace keyshift::drivers {
namespace {

using namespace std::chrono_literals;

/// A file that is nowhere in so many passes in a row has gone: one that is renamed meanwhile can be missed.
constexpr int kListingsUntilGone = 2;
/// A file may have had several writers, of which the first has closed it.
constexpr base::Duration kAfterClose = 1s;
/// A writer has closed it before it lost its name, or another file is written in its place.
constexpr base::Duration kAfterRelease = 5s;

/// By bytes alone.
Rest compare_with_generation(const RestFacts& facts) {
    if (!facts.head.agrees) return {};
    if (facts.size < facts.offset) {
        // The offset lies beyond, so that only the beginning can tell, and a few lines that many logs begin
        // with are too little.
        if (facts.head.common < kHeadBytes) return {};
        return {RestStep::read_rest, facts.size};
    }
    // Nothing of it was read, so that no tail can be compared: a copy is all rest.
    if (facts.offset == 0) {
        if (facts.head.common == 0) return {};
        return {RestStep::read_rest, 0};
    }
    if (!facts.tail) return {RestStep::compare_tail};
    if (!*facts.tail) return {};
    return {RestStep::read_rest, facts.offset};
}

}  // namespace

Rest decide(const RestFacts& facts) {
    // That a file has gone says nothing of a copy: another one may begin with the same few bytes.
    const bool too_little = facts.lost && facts.offset < Head::kFirstBytes;
    const Rest by_bytes = too_little ? Rest{} : compare_with_generation(facts);
    // What waited was compared with the whole of its original.
    if (by_bytes.step == RestStep::none && facts.waited)
        return {RestStep::read_rest, std::min(facts.size, facts.offset)};
    return by_bytes;
}

void share_rest(std::vector<Duplicate>& copies) {
    std::stable_sort(copies.begin(), copies.end(),
                     [](const Duplicate& a, const Duplicate& b) { return a.size > b.size; });
    for (std::size_t i = 1; i < copies.size(); ++i) copies[i].offset = copies[i].size;
}

CopyRole role_of_copy(const Ended& ended, std::uint64_t offset, bool named_after) {
    // A truncated file's copy is not written to any more. What was moved from elsewhere is what it was.
    return {.rotated = ended.rotated || !ended.lost || named_after,
            .left_name = named_after,
            .in_oversized = offset == ended.generation.offset && ended.generation.in_oversized};
}

bool is_rest_sought(const Ended& ended) {
    const bool blank = ended.generation.offset == 0 && ended.generation.head.count() == 0;
    return !ended.found && !ended.finished && !blank;
}

/// A write and a truncation between two passes leave no trace, so that even where everything seen had been
/// read, only a copy that is found excludes that lines were lost.
Conclusion conclude(const Ended& ended, int lost_listings) {
    if (ended.lost) {
        if (!ended.found && lost_listings < kListingsUntilGone) return Conclusion::wait;
        return ended.found || ended.finished ? Conclusion::forget : Conclusion::lost_forget;
    }
    if (ended.found || ended.finished) return Conclusion::nothing;
    return ended.generation.offset == 0 ? Conclusion::lost : Conclusion::lost_remember;
}

/// A half line at the end of a rotated file is either being written, or all that its writer will ever write
/// of it. Nothing tells the two apart but time, and signs that the writer has gone: the clearer the sign, the
/// shorter the patience. To wait too long delays a line, to give up too early splits one.
Writer decide(const WriterFacts& facts) {
    if (!facts.rotated || !facts.located || !facts.followed) return {};
    if (facts.finished) return {facts.gone ? WriterStep::forget : WriterStep::leave};
    const bool may_have_moved_on = !facts.closed && !facts.released && facts.unread;
    if (may_have_moved_on && !facts.successor) return {WriterStep::observe_successor};
    base::Duration patience = facts.patience;
    if (facts.closed) {
        patience = std::min(kAfterClose, patience);
    } else if (facts.released || (may_have_moved_on && *facts.successor)) {
        patience = std::min(kAfterRelease, patience);
    }
    return {facts.quiet >= patience ? WriterStep::finish : WriterStep::wait, patience};
}

/// An empty file proves no writer, since logrotate's `create` makes one; nor does one that was modified
/// before the other was.
bool is_successor(const SuccessorFacts& facts, std::int64_t modified_ns) {
    return facts.named && facts.has_the_name && facts.size > 0 && facts.modified_ns > modified_ns;
}

}  // namespace keyshift::drivers
