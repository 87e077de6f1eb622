// SPDX-License-Identifier: Apache-2.0
#include "drivers/logs/copies.hpp"

#include <set>

#include "unit/drivers/logs/combinations.hpp"

namespace keyshift::drivers {
namespace {

using namespace std::chrono_literals;
using Opening = PairFacts::Opening;

// --- an undecided file, and another one

/// As an observer would: only what is asked for is said. Which steps asked is in `asked`.
PairStep find_out(const PairFacts& all, std::set<PairStep>& asked) {
    PairFacts facts = all;
    facts.named_after.reset();
    facts.heads.reset();
    facts.opening.reset();
    facts.is_beginning.reset();
    facts.common.reset();
    facts.other_goes_on.reset();
    for (;;) {
        const PairStep step = decide(facts);
        const bool asks = step < PairStep::unrelated;
        if (!asks || !asked.insert(step).second) return step;
        if (step == PairStep::compare_names) facts.named_after = all.named_after;
        if (step == PairStep::compare_heads) facts.heads = all.heads;
        if (step == PairStep::open_other) facts.opening = all.opening;
        if (step == PairStep::compare_beginnings) facts.is_beginning = all.is_beginning;
        if (step == PairStep::measure_common) facts.common = all.common;
        if (step == PairStep::prove_other) facts.other_goes_on = all.other_goes_on;
    }
}

constexpr HeadMatch kNothingKnown{0, true};
constexpr HeadMatch kAlike{16, true};
constexpr HeadMatch kDifferent{16, false};

PairFacts some_pair(Combinations& all) {
    PairFacts facts;
    facts.followed = all.either();
    facts.located = all.either();
    facts.reused = all.either();
    facts.birth_ns = all.one_of<std::int64_t>({0, 9, 10, 11});
    facts.waits_for_other = all.either();
    facts.plain_name = all.either();
    facts.in_others_place = all.either();
    facts.rotated = all.either();
    facts.astray = all.either();
    facts.linked = all.either();
    facts.left_ns = all.one_of<std::int64_t>({0, 10});
    facts.changed_ns = facts.left_ns == 0 ? 10 : all.one_of<std::int64_t>({5, 20});
    facts.tiny_neighbours = all.either();
    facts.named_after = all.either();
    // Of so few bytes nothing is known.
    facts.heads = facts.tiny_neighbours ? kNothingKnown : all.one_of({kNothingKnown, kAlike, kDifferent});
    facts.opening = all.one_of({Opening::opened, Opening::refused, Opening::astray});
    if (*facts.opening != Opening::opened) return facts;
    facts.is_beginning = all.either();
    if (*facts.is_beginning) return facts;
    facts.common = all.one_of<std::uint64_t>({1023, 1024});
    facts.other_goes_on = all.either();
    return facts;
}

/// Why the other may be what it is a copy of, apart from bytes.
bool is_candidate(const PairFacts& facts) {
    if (!facts.followed || !facts.located) return false;
    const bool is_written = !facts.rotated;
    const bool may_have_been_emptied = facts.astray;
    const std::int64_t left = 10;
    const bool is_older = facts.birth_ns != 0 && !facts.reused &&
                          (facts.birth_ns < left || (facts.birth_ns == left && !facts.in_others_place));
    const bool is_copy_by_name = *facts.named_after && facts.linked && !facts.plain_name && !facts.reused;
    return is_written || facts.waits_for_other || may_have_been_emptied || is_older || is_copy_by_name;
}

void require_answer(Combinations& all, const PairFacts& facts, PairStep step) {
    const bool heads = facts.heads->common > 0 && facts.heads->agrees;
    const bool comparable = is_candidate(facts) && (heads || (facts.tiny_neighbours && !facts.rotated));
    const bool opened = comparable && *facts.opening == Opening::opened;
    const bool differs = opened && !*facts.is_beginning;
    const bool grown = differs && facts.rotated && *facts.common >= 1024;
    all.require(facts.heads->agrees || step == PairStep::unrelated, "a file whose head differs is no copy");
    all.require((step == PairStep::copy) == (opened && *facts.is_beginning),
                "a copy is the beginning of its original");
    all.require((step == PairStep::grown_on) == grown, "only a copy of what is no longer written grows on");
    all.require((step == PairStep::other_suspect) == (differs && !grown && !*facts.other_goes_on),
                "what differs from a file that was emptied just now may be a copy of it");
    all.require((step == PairStep::other_moved) == (comparable && *facts.opening == Opening::astray),
                "where the other has moved, nothing is decided");
}

TEST(LogFilePair, IsDecidedInAllCombinations) {
    Combinations all;
    do {
        const PairFacts facts = some_pair(all);
        std::set<PairStep> asked;
        const PairStep step = find_out(facts, asked);
        all.require(step == decide(facts), "facts that nobody asked for make no difference");
        all.require(step >= PairStep::unrelated, "asks for nothing twice");
        require_answer(all, facts, step);
        const bool costly =
            asked.contains(PairStep::compare_names) || asked.contains(PairStep::compare_heads);
        all.require(facts.followed || !costly, "nothing is compared with what was not read");
        all.require(facts.rotated || !asked.contains(PairStep::compare_names),
                    "names say nothing of what is written");
        all.require(facts.rotated || !asked.contains(PairStep::measure_common),
                    "nor does a common beginning");
        all.require(is_candidate(facts) || !asked.contains(PairStep::compare_heads),
                    "no byte is read in vain");
    } while (all.next());
    EXPECT_EQ(all.count(), 2U * 2 * 2 * 4 * 2 * 2 * 2 * 2 * 2 * 2 * 3 * 4 * 2 * 7);
}

struct NamedPair {
    const char* what;
    PairFacts facts;
    PairStep step;
};

TEST(LogFilePair, OfNamedCases) {
    const PairFacts copy{.birth_ns = 20, .heads = kAlike, .opening = Opening::opened, .is_beginning = true};
    PairFacts renamed = copy;
    renamed.rotated = renamed.in_others_place = renamed.plain_name = true;
    renamed.left_ns = 10;
    const auto with = [](PairFacts facts, auto change) {
        change(facts);
        return facts;
    };
    const std::vector<NamedPair> cases{
        {"copytruncate: the copy of a log that is written", copy, PairStep::copy},
        {"rename and create: the new log begins like the one that was renamed", renamed, PairStep::unrelated},
        {"the same within one step of the clock", with(renamed, [](auto& f) { f.birth_ns = 10; }),
         PairStep::unrelated},
        {"an older copy put in its place", with(renamed, [](auto& f) { f.birth_ns = 5; }), PairStep::copy},
        {"an older copy in its place that was written on",
         with(renamed, [](auto& f) { f.birth_ns = 5, f.is_beginning = false, f.common = 4000; }),
         PairStep::grown_on},
        {"a file system without times of birth", with(renamed, [](auto& f) { f.birth_ns = 0; }),
         PairStep::unrelated},
        {"cp app.log.1 app.log.1.orig",
         with(copy, [](auto& f) { f.rotated = true, f.left_ns = 10, f.named_after = true; }), PairStep::copy},
        {"cp app.log.1 app.log, which is the log's own name",
         with(renamed, [](auto& f) { f.named_after = true; }), PairStep::unrelated},
        {"a file that was emptied before, and filled by the copy of a rotated one",
         with(copy, [](auto& f) { f.rotated = true, f.left_ns = 10, f.named_after = true, f.reused = true; }),
         PairStep::unrelated},
        {"another log that begins alike, and differs later",
         with(copy, [](auto& f) { f.is_beginning = false, f.other_goes_on = true; }), PairStep::unrelated},
        {"the original was emptied while they were compared",
         with(copy, [](auto& f) { f.is_beginning = false, f.other_goes_on = false; }),
         PairStep::other_suspect},
        {"the original was renamed while they were compared",
         with(copy, [](auto& f) { f.opening = Opening::astray; }), PairStep::other_moved},
        {"the original may not be read", with(copy, [](auto& f) { f.opening = Opening::refused; }),
         PairStep::unrelated},
        {"the first bytes of a copy of a log that has only begun",
         with(copy, [](auto& f) { f.heads = kNothingKnown, f.tiny_neighbours = true; }), PairStep::copy},
        {"the same where the log has been renamed since",
         with(copy,
              [](auto& f) {
                  f.heads = kNothingKnown, f.tiny_neighbours = f.rotated = true, f.birth_ns = 1,
                  f.left_ns = 10;
              }),
         PairStep::unrelated},
    };
    for (const NamedPair& c : cases) EXPECT_EQ(decide(c.facts), c.step) << c.what;
}

// --- a copy, and what becomes of its original

CopyFacts some_copy(Combinations& all) {
    CopyFacts facts;
    facts.size = all.one_of<std::uint64_t>({1, 15, 16, 1023, 1024});
    facts.modified_ns = all.one_of<std::int64_t>({9, 10, 11});
    facts.plain_name = all.either();
    facts.quiet = all.one_of<base::Duration>({0s, 4999ms, 5s});
    facts.waited = all.one_of<base::Duration>({0s, 4999ms, 5s, 9999ms, 10s, 20 * 365 * 24h});
    facts.original_ended = all.either();
    if (all.either()) return facts;
    CopyFacts::Original original;
    original.rotated = all.either();
    original.astray = all.either();
    original.linked = all.either();
    original.size = all.one_of<std::uint64_t>({1, 16, 1023, 1024, 2000});
    original.left_ns = all.one_of<std::int64_t>({0, 10});
    original.named_after = all.either();
    original.left_named_after = all.either();
    original.in_its_place = all.either();
    facts.original = original;
    return facts;
}

/// It will not be emptied any more, or is not there.
bool is_over(const CopyFacts& facts) {
    if (!facts.original) return true;
    return facts.original->rotated && !facts.original->astray;
}

/// All of it stood in the original and was read there.
bool is_certain(const CopyFacts& facts) {
    if (facts.size >= 1024) return true;
    if (facts.size < 16 || !facts.original || facts.original->left_ns == 0) return false;
    const bool was_there_before = facts.modified_ns < 10;
    const bool is_all = facts.size == facts.original->size;
    return (facts.original->left_named_after && (was_there_before || is_all)) ||
           (facts.original->in_its_place && was_there_before);
}

bool is_impatient(const CopyFacts& facts) {
    const bool named_after = facts.original && facts.original->named_after;
    return (facts.size < 16 && facts.waited >= 5s) ||
           (facts.size >= 16 && !named_after && facts.waited >= 10s);
}

TEST(LogFileCopy, IsDecidedInAllCombinations) {
    Combinations all;
    do {
        const CopyFacts facts = some_copy(all);
        const CopyStep first = decide(facts);
        const bool in_making = facts.original && facts.size < facts.original->size;
        const bool still_copied = is_over(facts) && in_making && facts.original->linked && facts.quiet < 5s;
        all.require((first == CopyStep::wait) == (!is_over(facts) || still_copied),
                    "a copy waits for an original that may be emptied, or while it is made");
        all.require(first != CopyStep::examine_again, "what was just examined is not examined again");
        const bool counted = first == CopyStep::read_rest || first == CopyStep::read_whole_lines;
        all.require(!counted || is_certain(facts), "no line is left out that may not have been counted");
        all.require(first != CopyStep::read_all || !is_certain(facts),
                    "no line is counted again that was for certain");
        all.require(!counted || (first == CopyStep::read_whole_lines) == facts.plain_name,
                    "what is written on under a log's own name ends the half line");
        all.require(is_in_making(facts) == in_making, "a copy is in making while it is shorter");

        const CopyStep later = decide_waiting(facts);
        all.require((later == CopyStep::examine_again) == facts.original_ended,
                    "the end of the original is the end of the wait");
        if (facts.original_ended) continue;
        all.require(!is_impatient(facts) || later == CopyStep::read_all,
                    "half a copy waits no longer than the patience");
        all.require(is_impatient(facts) || later == first, "until then nothing changes but the original");
    } while (all.next());
    EXPECT_EQ(all.count(), 5U * 3 * 2 * 3 * 6 * 2 * (1 + 8 * 5 * 2 * 8));
}

TEST(LogFileCopy, OfNamedCases) {
    struct Case {
        const char* what;
        CopyFacts facts;
        CopyStep step;
    };
    const CopyFacts::Original written{.size = 4000, .named_after = true};
    const CopyFacts::Original renamed{.rotated = true, .size = 400, .left_ns = 10, .left_named_after = true};
    const CopyFacts::Original replaced{.rotated = true, .size = 500, .left_ns = 10, .in_its_place = true};
    const std::vector<Case> cases{
        {"copytruncate before the truncation",
         {.size = 4000, .waited = 1h, .original = written},
         CopyStep::wait},
        {"and after it",
         {.size = 4000, .original_ended = true, .original = written},
         CopyStep::examine_again},
        {"a backup that stays while its log is written",
         {.size = 4000, .waited = 9000h, .original = written},
         CopyStep::wait},
        {"two directories, the same content",
         {.size = 4000, .waited = 9s, .original = CopyFacts::Original{}},
         CopyStep::wait},
        {"the same after a while",
         {.size = 4000, .waited = 10s, .original = CopyFacts::Original{}},
         CopyStep::read_all},
        {"a few bytes may be anything", {.size = 15, .waited = 5s, .original = written}, CopyStep::read_all},
        {"a copy whose log was renamed",
         {.size = 400, .modified_ns = 20, .quiet = 9s, .original = renamed},
         CopyStep::read_rest},
        {"one of its first lines alone, made afterwards",
         {.size = 300, .modified_ns = 20, .quiet = 9s, .original = renamed},
         CopyStep::read_all},
        {"the same, made before",
         {.size = 300, .modified_ns = 5, .quiet = 9s, .original = renamed},
         CopyStep::read_rest},
        {"an older copy in the log's place",
         {.size = 300, .modified_ns = 5, .plain_name = true, .quiet = 9s, .original = replaced},
         CopyStep::read_whole_lines},
        {"a new log that begins like the one it replaced",
         {.size = 300, .modified_ns = 20, .plain_name = true, .quiet = 9s, .original = replaced},
         CopyStep::read_all},
        {"a copy of a rotated file that is still made",
         {.size = 100, .modified_ns = 20, .quiet = 1s, .original = renamed},
         CopyStep::wait},
    };
    for (const Case& c : cases) EXPECT_EQ(decide_waiting(c.facts), c.step) << c.what;
}

}  // namespace
}  // namespace keyshift::drivers
