// SPDX-License-Identifier: Apache-2.0
#include "drivers/logs/endings.hpp"

#include <algorithm>

#include "unit/drivers/logs/combinations.hpp"

namespace keyshift::drivers {
namespace {

using namespace std::chrono_literals;

// --- a file that may be the copy of an ended generation

TEST(LogFileRest, IsDecidedInAllCombinations) {
    Combinations all;
    do {
        RestFacts facts;
        facts.size = all.one_of<std::uint64_t>({0, 15, 16, 1023, 1024, 2000});
        facts.offset = all.one_of<std::uint64_t>({0, 15, 16, 1023, 1024, 2000});
        facts.head.common = all.one_of<std::size_t>({0, 16, 768, 1024});
        facts.head.agrees = facts.head.common == 0 || all.either();
        facts.lost = all.either();
        facts.waited = all.either();
        Rest rest = decide(facts);
        const bool asked = rest.step == RestStep::compare_tail;
        facts.tail = all.either();
        if (asked) rest = decide(facts);
        all.require(rest.step != RestStep::compare_tail, "asks for nothing twice");
        const bool known = decide(facts).step == rest.step && decide(facts).offset == rest.offset;
        all.require(known, "facts that nobody asked for make no difference");

        const bool copy = rest.step == RestStep::read_rest;
        all.require(!copy || rest.offset == std::min(facts.size, facts.offset),
                    "nothing is read again that was counted, and nothing left out that was not");
        all.require(copy || !facts.waited, "what waited holds the rest");
        if (facts.waited) continue;
        all.require(!copy || facts.head.agrees, "a file whose head differs is no copy");
        all.require(!copy || !facts.lost || facts.offset >= 16,
                    "a few bytes prove nothing of a file that is gone");
        const bool too_short = facts.size < facts.offset;
        all.require(!copy || !too_short || facts.head.common == 1024,
                    "a short copy is proven by its whole head");
        all.require(!copy || facts.offset > 0 || facts.head.common > 0,
                    "an unread file's copy by some of it");
        all.require(!copy || too_short || facts.offset == 0 || *facts.tail,
                    "any other by what was read last");
        const bool proven = too_short           ? facts.head.common == 1024
                            : facts.offset == 0 ? facts.head.common > 0
                                                : *facts.tail;
        all.require(copy == (proven && facts.head.agrees && (!facts.lost || facts.offset >= 16)),
                    "and what is proven is a copy");
    } while (all.next());
    EXPECT_EQ(all.count(), 6U * 6 * 7 * 2 * 2 * 2);
}

TEST(LogFileRest, IsReadInTheLongestCopyAlone) {
    Combinations all;
    do {
        std::vector<Duplicate> copies(all.one_of<std::size_t>({0, 1, 2, 3, 4}));
        for (std::size_t i = 0; i < copies.size(); ++i)
            copies[i] = {i, all.one_of<std::uint64_t>({10, 20, 30}), all.one_of<std::uint64_t>({5, 10})};
        const std::vector<Duplicate> before = copies;
        share_rest(copies);
        std::uint64_t longest = 0;
        for (const Duplicate& copy : before) longest = std::max(longest, copy.size);
        all.require(copies.size() == before.size(), "all of them begin");
        for (std::size_t i = 0; i < copies.size(); ++i) {
            const Duplicate& was = before[copies[i].file];
            all.require(copies[i].size == was.size, "each stays what it is");
            all.require(copies[i].offset == (i == 0 ? was.offset : was.size),
                        "only the first has something new");
            all.require(i > 0 || was.size == longest, "which is the longest");
            const bool ordered =
                i == 0 || copies[i - 1].size > copies[i].size ||
                (copies[i - 1].size == copies[i].size && copies[i - 1].file < copies[i].file);
            all.require(ordered, "of two of a length, the older");
        }
    } while (all.next());
    EXPECT_EQ(all.count(), 1U + 6 + 36 + 216 + 1296);
}

Ended some_end(Combinations& all) {
    Ended ended;
    ended.generation.offset = all.one_of<std::uint64_t>({0, 5});
    if (all.either()) ended.generation.head = Head::of("sixteen bytes and more");
    ended.generation.in_oversized = all.either();
    ended.rotated = all.either();
    ended.finished = all.either();
    ended.lost = all.either();
    ended.earlier = all.either();
    ended.found = all.either();
    return ended;
}

TEST(LogFileEnd, SaysWhatACopyIs) {
    Combinations all;
    do {
        const Ended ended = some_end(all);
        const std::uint64_t offset = all.one_of<std::uint64_t>({0, 5, 9});
        const bool named_after = all.either();
        const CopyRole role = role_of_copy(ended, offset, named_after);
        all.require(role.rotated == !(ended.lost && !ended.rotated && !named_after),
                    "only a file that was lost may be written to in another place");
        all.require(role.left_name == named_after, "a copy that is named so has its original's past");
        all.require(role.in_oversized == (ended.generation.in_oversized && offset == ended.generation.offset),
                    "within a long line only where that was left");
    } while (all.next());
}

TEST(LogFileEnd, IsConcludedInAllCombinations) {
    Combinations all;
    do {
        const Ended ended = some_end(all);
        const int listings = all.one_of({0, 1, 2, 3});
        const Conclusion end = conclude(ended, listings);
        const bool lossy =
            end == Conclusion::lost || end == Conclusion::lost_forget || end == Conclusion::lost_remember;
        const bool forgets = end == Conclusion::forget || end == Conclusion::lost_forget;
        const bool accounted = ended.found || ended.finished;
        all.require(!lossy || !accounted, "what was found or read to its end is not lost");
        all.require(lossy || accounted || end == Conclusion::wait,
                    "what is not in any file is not passed over in silence");
        all.require((end == Conclusion::wait) == (ended.lost && !ended.found && listings < 2),
                    "a file is not gone that was missed in one listing");
        all.require(forgets == (ended.lost && end != Conclusion::wait), "only what is gone is forgotten");
        all.require(
            (end == Conclusion::lost_remember) == (!ended.lost && lossy && ended.generation.offset > 0),
            "a copy may turn up of what was read in part");
        const bool blank = ended.generation.offset == 0 && ended.generation.head.count() == 0;
        all.require(is_rest_sought(ended) == (!accounted && !blank), "what is accounted for is not sought");
    } while (all.next());
    EXPECT_EQ(all.count(), 256U * 4);
}

// --- a file that has lost its name

WriterFacts some_writer(Combinations& all) {
    WriterFacts facts;
    facts.rotated = all.either();
    facts.located = all.either();
    facts.followed = all.either();
    facts.finished = all.either();
    facts.gone = all.either();
    facts.closed = all.either();
    facts.released = all.either();
    facts.unread = all.either();
    facts.quiet = all.one_of<base::Duration>({0s, 499ms, 500ms, 999ms, 1s, 4999ms, 5s, 59999ms, 60s});
    facts.patience = all.one_of<base::Duration>({0s, 500ms, 60s});
    return facts;
}

TEST(LogFileWriter, IsDecidedInAllCombinations) {
    Combinations all;
    do {
        WriterFacts facts = some_writer(all);
        Writer writer = decide(facts);
        const bool asked = writer.step == WriterStep::observe_successor;
        const bool ends = facts.rotated && facts.located && facts.followed;
        all.require(asked == (ends && !facts.finished && !facts.closed && !facts.released && facts.unread),
                    "others are observed only where it matters");
        facts.successor = all.either();
        if (asked) writer = decide(facts);
        all.require(writer.step == decide(facts).step, "facts that nobody asked for make no difference");
        const bool leaves = !ends || (facts.finished && !facts.gone);
        all.require((writer.step == WriterStep::leave) == leaves, "a file that is written to is left alone");
        all.require((writer.step == WriterStep::forget) == (ends && facts.finished && facts.gone),
                    "forgotten is what is finished and gone");
        if (!ends || facts.finished) continue;
        const bool moved_on = facts.released || (asked && *facts.successor);
        const base::Duration least = facts.closed ? 1s : moved_on ? 5s : 60s;
        const bool due = facts.quiet >= std::min(least, facts.patience);
        all.require((writer.step == WriterStep::finish) == due,
                    "its end counts when its writer has had the time");
        all.require((writer.step == WriterStep::wait) == !due, "and not before");
        all.require(writer.patience == std::min(least, facts.patience), "which is said");
    } while (all.next());
    EXPECT_EQ(all.count(), 256U * 9 * 3 * 2);
}

TEST(LogFileWriter, HasASuccessorUnderItsName) {
    Combinations all;
    do {
        const SuccessorFacts facts{.named = all.either(),
                                   .has_the_name = all.either(),
                                   .size = all.one_of<std::uint64_t>({0, 1}),
                                   .modified_ns = all.one_of<std::int64_t>({9, 10, 11})};
        const bool is = facts.named && facts.has_the_name && facts.size == 1 && facts.modified_ns == 11;
        all.require(is_successor(facts, 10) == is,
                    "it is named so, holds something, and was written to later");
    } while (all.next());
    EXPECT_EQ(all.count(), 24U);
}

}  // namespace
}  // namespace keyshift::drivers
