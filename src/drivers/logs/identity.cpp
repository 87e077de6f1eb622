// SPDX-License-Identifier: Apache-2.0
#include "drivers/logs/identity.hpp"

#include <algorithm>

namespace keyshift::drivers {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration kBetweenLostListings = 1s;

/// Nothing contradicts the record, so that the bytes before the offset are enough. They say nothing of a file
/// that is shorter than what was seen of it, nor of a long half line at its beginning, which was never read.
/// A record that knows little of the beginning is compared whenever there is more, since copies are known by
/// it.
bool is_glance_enough(const GenerationFacts& facts) {
    return facts.trusted && !is_young(facts.size, facts.head_bytes) && facts.offset >= kHeadBytes &&
           facts.size >= std::max(facts.offset, facts.held_end);
}

}  // namespace

/// A file that is held open cannot be lost: its descriptor tells whether it has a name. One that is not is
/// only known by where it is, and "not here" has two causes that look the same for a moment: it is being
/// renamed, or it was deleted. So a single listing never calls it gone (is_another_lost_listing).
UnnamedStep decide(const UnnamedFacts& facts) {
    using Found = UnnamedFacts::Found;
    if (facts.open && !facts.linked) return UnnamedStep::deleted;
    if (!facts.open) {
        if (!facts.at_path) return UnnamedStep::observe_path;
        if (*facts.at_path) return UnnamedStep::stays;
    }
    if (!facts.search) return UnnamedStep::search;
    if (*facts.search == Found::elsewhere) return UnnamedStep::moved;
    // The descriptor leads to it, wherever it is.
    if (facts.open) return UnnamedStep::stays;
    return *facts.search == Found::unreadable ? UnnamedStep::away : UnnamedStep::nowhere;
}

bool is_another_lost_listing(int lost_listings, base::Duration since_last) {
    return lost_listings == 0 || since_last >= kBetweenLostListings;
}

/// The cheapest observation first: most polls find a file that has only grown. The size alone proves nothing,
/// since a file may have been emptied and filled beyond the offset between two polls.
GenerationStep decide(const GenerationFacts& facts) {
    if (is_glance_enough(facts)) {
        if (!facts.glance) return GenerationStep::glance_at_tail;
        if (*facts.glance) return GenerationStep::goes_on;
    }
    const bool blank = facts.offset == 0 && facts.head_bytes == 0;
    if (facts.size == 0) return blank ? GenerationStep::goes_on : GenerationStep::ended;
    if (!facts.head) return GenerationStep::read_head;
    if (!facts.head->agrees) return GenerationStep::ended;
    if (facts.size < facts.offset) {
        // Without a common beginning there is no evidence that what is left was read: rather twice than
        // never.
        return facts.head->common > 0 ? GenerationStep::cut_short : GenerationStep::ended;
    }
    if (!facts.tail) return GenerationStep::read_tail;
    // Where the tail differs and the head does not, nobody knows where they part: from 0 again.
    return *facts.tail ? GenerationStep::goes_on : GenerationStep::ended;
}

bool is_young(std::uint64_t size, std::size_t head_bytes) {
    return head_bytes < kHeadBytes && size > head_bytes;
}

UnreadStep decide(const UnreadFacts& facts) {
    // What nobody can write to by a name, and holds nothing that is not elsewhere, will bring no line.
    if (!facts.linked && (facts.waiting || facts.empty)) return UnreadStep::forget;
    return facts.compressed && !facts.named ? UnreadStep::forget : UnreadStep::examine;
}

/// Reading from the end is meant for what was there when keyshift first ran. A file that appears later is
/// read from its beginning, after a restart too, or the first lines behind each rotation would be missing.
std::optional<std::uint64_t> old_bytes(const BeginFacts& facts) {
    if (!facts.from_end) return std::nullopt;
    if (facts.first_poll) return facts.size;
    // A file that is shorter than it was holds something else by now.
    if (!facts.size_at_first_poll || *facts.size_at_first_poll > facts.size) return std::nullopt;
    return facts.size_at_first_poll;
}

}  // namespace keyshift::drivers
