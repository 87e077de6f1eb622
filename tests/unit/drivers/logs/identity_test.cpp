// SPDX-License-Identifier: Apache-2.0
#include "drivers/logs/identity.hpp"

#include <algorithm>

#include "unit/drivers/logs/combinations.hpp"

namespace keyshift::drivers {
namespace {

using namespace std::chrono_literals;
using Found = UnnamedFacts::Found;

// --- a file that no glob names any more

/// As an observer would: only what is asked for is said.
UnnamedStep find_out(const UnnamedFacts& all, int& asked) {
    UnnamedFacts facts = all;
    facts.at_path.reset();
    facts.search.reset();
    for (asked = 0;; ++asked) {
        const UnnamedStep step = decide(facts);
        if (step == UnnamedStep::observe_path && !facts.at_path) {
            facts.at_path = all.at_path;
        } else if (step == UnnamedStep::search && !facts.search) {
            facts.search = all.search;
        } else {
            return step;
        }
    }
}

TEST(LogFileUnnamed, IsDecidedInAllCombinations) {
    Combinations all;
    do {
        const UnnamedFacts facts{
            .open = all.either(),
            .linked = all.either(),
            .at_path = all.either(),
            .search = all.one_of({Found::elsewhere, Found::not_there, Found::unreadable})};
        int asked = 0;
        const UnnamedStep step = find_out(facts, asked);
        all.require(step == decide(facts), "facts that nobody asked for make no difference");
        all.require(step != UnnamedStep::observe_path && step != UnnamedStep::search,
                    "asks for nothing twice");
        all.require((step == UnnamedStep::deleted) == (facts.open && !facts.linked),
                    "deleted is what is open and has no name");
        const bool lost = step == UnnamedStep::away || step == UnnamedStep::nowhere;
        all.require(!lost || (!facts.open && !*facts.at_path), "what is open or in its place is not lost");
        all.require(step != UnnamedStep::nowhere || facts.search == Found::not_there,
                    "nowhere only where its directory could be read");
        all.require(step != UnnamedStep::away || facts.search == Found::unreadable,
                    "away with its directory");
        const bool searched = facts.open ? facts.linked : !*facts.at_path;
        all.require((step == UnnamedStep::moved) == (searched && facts.search == Found::elsewhere),
                    "renamed is what has another name now");
        all.require(!facts.open || asked == (facts.linked ? 1 : 0),
                    "an open file's last name proves nothing");
    } while (all.next());
    EXPECT_EQ(all.count(), 24U);
}

TEST(LogFileUnnamed, ListingsCountThatAreApart) {
    EXPECT_TRUE(is_another_lost_listing(0, 0s));
    for (const int before : {1, 2, 10}) {
        EXPECT_FALSE(is_another_lost_listing(before, 999ms));
        EXPECT_TRUE(is_another_lost_listing(before, 1s));
    }
}

// --- a file that was read before

struct World {
    GenerationFacts facts;
    bool asked_glance = false, asked_head = false, asked_tail = false;
};

GenerationStep find_out(World& world) {
    GenerationFacts facts = world.facts;
    facts.glance.reset();
    facts.head.reset();
    facts.tail.reset();
    for (;;) {
        const GenerationStep step = decide(facts);
        if (step == GenerationStep::glance_at_tail && !std::exchange(world.asked_glance, true)) {
            facts.glance = world.facts.glance;
        } else if (step == GenerationStep::read_head && !std::exchange(world.asked_head, true)) {
            facts.head = world.facts.head;
        } else if (step == GenerationStep::read_tail && !std::exchange(world.asked_tail, true)) {
            facts.tail = world.facts.tail;
        } else {
            return step;
        }
    }
}

/// Sizes around each bound, and bytes that change between two observations.
GenerationFacts some_generation(Combinations& all) {
    GenerationFacts facts;
    facts.size = all.one_of<std::uint64_t>({0, 5, 16, 17, 1023, 1024, 1999, 2000, 2499, 2500});
    facts.offset = all.one_of<std::uint64_t>({0, 5, 16, 1023, 1024, 2000});
    facts.held_end = all.one_of<std::uint64_t>({0, 2000, 2500});
    facts.head_bytes = all.one_of<std::size_t>({0, 16, 1023, 1024});
    facts.trusted = all.either();
    facts.glance = all.either();
    facts.head = HeadMatch{};
    facts.head->common = all.one_of<std::size_t>({0, 16, 1024});
    facts.head->agrees = facts.head->common == 0 || all.either();
    facts.tail = all.either();
    return facts;
}

TEST(LogFileGeneration, IsDecidedInAllCombinations) {
    Combinations all;
    do {
        World world{some_generation(all)};
        const GenerationFacts& facts = world.facts;
        const GenerationStep step = find_out(world);
        all.require(step == decide(facts), "facts that nobody asked for make no difference");
        const bool decided = step == GenerationStep::goes_on || step == GenerationStep::cut_short ||
                             step == GenerationStep::ended;
        all.require(decided, "asks for nothing twice");

        const bool blank = facts.offset == 0 && facts.head_bytes == 0;
        const bool by_glance = world.asked_glance && *facts.glance;
        all.require(!world.asked_head || facts.head->agrees || step == GenerationStep::ended,
                    "a file whose beginning differs never goes on");
        all.require(!world.asked_tail || *facts.tail || step == GenerationStep::ended,
                    "nor one whose bytes before the offset do");
        all.require(step != GenerationStep::goes_on || facts.size > 0 || blank, "nor one that was emptied");
        all.require(step != GenerationStep::goes_on || facts.size >= facts.offset, "nor one that is shorter");
        all.require(step != GenerationStep::goes_on || facts.size == 0 || by_glance ||
                        (world.asked_tail && *facts.tail),
                    "what goes on has been compared");
        all.require((step == GenerationStep::cut_short) == (facts.size > 0 && facts.size < facts.offset &&
                                                            facts.head->agrees && facts.head->common > 0),
                    "cut short is what is shorter and begins as before");
        if (step == GenerationStep::ended)
            all.require(facts.size == 0 || !facts.head->agrees || !*facts.tail || facts.size < facts.offset,
                        "nothing ends without a reason");

        const bool may_glance = facts.trusted && facts.offset >= 1024 && facts.size >= facts.offset &&
                                facts.size >= facts.held_end &&
                                (facts.head_bytes >= 1024 || facts.size <= facts.head_bytes);
        all.require(world.asked_glance == may_glance,
                    "a glance only where nothing speaks against the record");
        all.require(world.asked_head == (facts.size > 0 && !by_glance), "else its beginning is read");
    } while (all.next());
    EXPECT_EQ(all.count(), 10U * 6 * 3 * 4 * 2 * 2 * 5 * 2);
}

TEST(LogFileGeneration, OfNamedCases) {
    struct Case {
        const char* what;
        GenerationFacts facts;
        GenerationStep step;
    };
    const HeadMatch same{1024, true};
    const HeadMatch other{1024, false};
    const GenerationFacts known{
        .size = 5000, .offset = 4000, .held_end = 4000, .head_bytes = 1024, .trusted = true};
    const auto with = [&](auto change) {
        GenerationFacts facts = known;
        change(facts);
        return facts;
    };
    const std::vector<Case> cases{
        {"it has grown, and is examined", known, GenerationStep::glance_at_tail},
        {"it has grown", with([](auto& f) { f.glance = true; }), GenerationStep::goes_on},
        {"emptied and filled up to more", with([](auto& f) { f.glance = false; }), GenerationStep::read_head},
        {"the same, with other lines", with([&](auto& f) { f.glance = false, f.head = other; }),
         GenerationStep::ended},
        {"a restart", with([](auto& f) { f.trusted = false; }), GenerationStep::read_head},
        {"a restart, and nothing happened",
         with([&](auto& f) { f.trusted = false, f.head = same, f.tail = true; }), GenerationStep::goes_on},
        {"copytruncate", with([](auto& f) { f.size = 0; }), GenerationStep::ended},
        {"truncate -s", with([&](auto& f) { f.size = 3000, f.head = same; }), GenerationStep::cut_short},
        {"it held half a line that was never read, and is shorter than that",
         with([](auto& f) { f.size = 4500, f.held_end = 4600; }), GenerationStep::read_head},
        {"of another length, with the same banner",
         with([&](auto& f) { f.trusted = false, f.head = HeadMatch{64, true}, f.tail = false; }),
         GenerationStep::ended},
        {"an empty file stays empty", GenerationFacts{.trusted = true}, GenerationStep::goes_on},
        {"an empty file with half a line",
         GenerationFacts{.size = 9, .trusted = true, .head = HeadMatch{}, .tail = true},
         GenerationStep::goes_on},
        {"a few bytes, of which fewer are left", GenerationFacts{.size = 3, .offset = 9, .head = HeadMatch{}},
         GenerationStep::ended},
    };
    for (const Case& c : cases) EXPECT_EQ(decide(c.facts), c.step) << c.what;
}

TEST(LogFileGeneration, IsYoungWhileMoreOfItsBeginningMayCome) {
    EXPECT_FALSE(is_young(0, 0));
    EXPECT_TRUE(is_young(1, 0));
    EXPECT_FALSE(is_young(16, 16));
    EXPECT_TRUE(is_young(17, 16));
    EXPECT_FALSE(is_young(5000, 1024));
}

// --- a file of which nothing has been read

TEST(LogFileUnread, IsDecidedInAllCombinations) {
    Combinations all;
    do {
        const UnreadFacts facts{.linked = all.either(),
                                .named = all.either(),
                                .empty = all.either(),
                                .waiting = all.either(),
                                .compressed = all.either()};
        const bool forget = decide(facts) == UnreadStep::forget;
        all.require(!forget || !facts.linked || (facts.compressed && !facts.named),
                    "what has a name may hold lines");
        all.require(!forget || facts.empty || facts.waiting || facts.compressed,
                    "lines that stand nowhere else are read, although the file was deleted");
        all.require(forget || facts.linked || (!facts.empty && !facts.waiting),
                    "a deleted file does not stay that is empty, or a copy");
        all.require(forget || !facts.compressed || facts.named, "nor a compressed one that nobody names");
    } while (all.next());
    EXPECT_EQ(all.count(), 32U);
}

TEST(LogFileBegin, IsDecidedInAllCombinations) {
    Combinations all;
    do {
        BeginFacts facts{.size = all.one_of<std::uint64_t>({0, 10, 20}),
                         .first_poll = all.either(),
                         .from_end = all.either()};
        if (all.either()) facts.size_at_first_poll = all.one_of<std::uint64_t>({0, 10, 11, 30});
        const auto old = old_bytes(facts);
        all.require(!old || facts.from_end, "from the beginning means all lines");
        all.require(!old || *old <= facts.size, "what is not there is not old");
        all.require(!facts.first_poll || !facts.from_end || old == facts.size,
                    "all that is there at first is old");
        if (facts.first_poll || !facts.from_end) continue;
        const auto& then = facts.size_at_first_poll;
        all.require(old == (then && *then <= facts.size ? then : std::nullopt),
                    "later only what was there at first, and is there still");
    } while (all.next());
    EXPECT_EQ(all.count(), 3U * 2 * 2 * 5);
}

}  // namespace
}  // namespace keyshift::drivers
