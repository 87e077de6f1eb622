// SPDX-License-Identifier: Apache-2.0
#include "inventory/key_query.hpp"

#include <algorithm>
#include <random>
#include <set>

#include "base/ascii.hpp"
#include "unit/inventory/index_fixture.hpp"

namespace keyshift::inventory {
namespace {

using domain::Phase;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr base::Time kNow{std::chrono::seconds{10'000'000}};

KeyQuery parsed(const Parameters& parameters) {
    auto query = KeyQuery::parse(parameters, kNow);
    EXPECT_TRUE(query) << query.error().what;
    return query ? *query : KeyQuery();
}

std::vector<std::uint32_t> rows(const KeyIndex& index, const Parameters& parameters) {
    return select(index, parsed(parameters)).rows;
}

TEST(KeyQuery, WithoutParametersTheNewestLivingKeys) {
    const auto index = index_of({{.id = "a", .created = 1},
                                 {.id = "b", .created = 3},
                                 {.id = "c", .created = 2, .phase = Phase::retired},
                                 {.id = "d", .created = 2, .phase = std::nullopt}});
    EXPECT_THAT(rows(*index, {}), ElementsAre(2, 1)) << "not gone, and not of an unknown phase";
    EXPECT_THAT(rows(*index, {{"phase", "all"}}), ElementsAre(2, 4, 3, 1));
    EXPECT_THAT(rows(*index, {{"phase", "gone"}}), ElementsAre(3));
    EXPECT_THAT(rows(*index, {{"phase", "retired,live"}}), ElementsAre(2, 3, 1));
}

TEST(KeyQuery, SearchLooksIntoAllTexts) {
    const auto index = index_of({{.id = "ID-1", .name = "Billing", .prefix = "sk-AAA", .owner = "Anna"},
                                 {.id = "id-2", .name = "bill", .prefix = "sk-bbb"},
                                 {.id = "id-3", .name = "x", .prefix = "y", .owner = "sk-owner"}});
    const auto found = [&](const char* text) {
        auto out = rows(*index, {{"search", text}, {"sort", "phase"}});
        return std::set(out.begin(), out.end());
    };
    EXPECT_EQ(found("BILL"), (std::set<std::uint32_t>{1, 2}));
    EXPECT_EQ(found("sk-"), (std::set<std::uint32_t>{1, 2, 3}));
    EXPECT_EQ(found("anna"), (std::set<std::uint32_t>{1}));
    EXPECT_EQ(found("id-3"), (std::set<std::uint32_t>{3}));
    EXPECT_EQ(found("id-2bill"), (std::set<std::uint32_t>{})) << "not over the end of a text";
    EXPECT_EQ(found(std::string("1\0b", 3).c_str()), (std::set<std::uint32_t>{1})) << "as C reads it";
}

TEST(KeyQuery, DurationsAndOwners) {
    const auto index = index_of({{.id = "a", .owner = "o", .last_used = 10'000'000 - 50},
                                 {.id = "b", .owner = "o", .last_used = 10'000'000 - 5000},
                                 {.id = "c"}});
    EXPECT_THAT(rows(*index, {{"used_within", "1m"}}), ElementsAre(1));
    EXPECT_THAT(rows(*index, {{"idle_longer_than", "1h"}, {"sort", "last_used"}}), ElementsAre(3, 2));
    EXPECT_THAT(rows(*index, {{"owner", "o"}, {"sort", "last_used"}}), ElementsAre(2, 1));
    EXPECT_THAT(rows(*index, {{"owner", ""}}), ElementsAre(3));
    EXPECT_THAT(rows(*index, {{"owner", "nobody"}}), IsEmpty());
}

TEST(KeyQuery, WhatIsNoneIsRefusedWithWhatWouldDo) {
    for (const auto& [name, text] : Parameters{{"phase", "x"},
                                               {"phase", ""},
                                               {"phase", "all,live"},
                                               {"sort", "prefix"},
                                               {"sort", "--created"},
                                               {"limit", "0"},
                                               {"limit", "1001"},
                                               {"limit", "1x"},
                                               {"used_within", "x"},
                                               {"idle_longer_than", "0s"},
                                               {"cursor", "1.created.1.1"},
                                               {"cursor", "1.-created.1"},
                                               {"cursor", "1.-created.1.1.1"},
                                               {"cursor", "2.-created.1.1"},
                                               {"cursor", "1.-created.-1.1"},
                                               {"cursor", "1.-created.1.4294967296"},
                                               {"nothing", "1"}}) {
        const auto query = KeyQuery::parse({{name, text}}, kNow);
        ASSERT_FALSE(query) << name << "=" << text;
        EXPECT_EQ(query.error().code, base::Errc::usage);
        EXPECT_FALSE(query.error().hint.empty());
    }
    for (const char* cursor : {"1.owner.x.1", "1.owner.o1.1", "1.owner.ozz.1", "1.owner..1"})
        EXPECT_FALSE(KeyQuery::parse({{"sort", "owner"}, {"cursor", cursor}}, kNow)) << cursor;
}

TEST(KeyQuery, ACursorOfAnOwnerWhoHasGoneGoesOnBehindHim) {
    const std::vector<TestKey> keys{
        {.id = "a", .owner = "a"}, {.id = "b", .owner = "b"}, {.id = "c", .owner = "c"}, {.id = "n"}};
    for (const bool descending : {false, true}) {
        const Parameters first{{"sort", descending ? "-owner" : "owner"}, {"limit", "2"}};
        const KeySelection page = select(*index_of(keys), parsed(first));
        Parameters second = first;
        second.emplace_back("cursor", page.next);
        // The owner of the last key of the page, and he alone, is not there any more.
        std::vector<TestKey> later = keys;
        later.at(page.rows.back() - 1).phase = Phase::retired;
        later.at(page.rows.back() - 1).owner = "zz";
        EXPECT_THAT(select(*index_of(later), parsed(second)).rows,
                    descending ? ElementsAre(2, 1) : ElementsAre(3, 4));
    }
}

TEST(KeyQuery, ACursorOfANameThatHasGoneGoesOnBehindIt) {
    const std::vector<TestKey> keys{
        {.id = "1", .name = "A"}, {.id = "2", .name = "b"}, {.id = "3", .name = "C"}, {.id = "4"}};
    for (const bool descending : {false, true}) {
        const Parameters first{{"sort", descending ? "-name" : "name"}, {"limit", "3"}};
        const KeySelection page = select(*index_of(keys), parsed(first));
        EXPECT_THAT(page.rows, descending ? ElementsAre(3, 2, 1) : ElementsAre(4, 1, 2));
        Parameters second = first;
        second.emplace_back("cursor", page.next);
        std::vector<TestKey> later = keys;
        later.at(page.rows.back() - 1).name = "zz";
        const std::vector<std::uint32_t> rest = descending ? std::vector{4U} : std::vector{3U, 2U};
        EXPECT_EQ(select(*index_of(later), parsed(second)).rows, rest);
    }
    for (const char* cursor : {"1.name.x.1", "1.name.o1.1", "1.name.ozz.1", "1.name..1"})
        EXPECT_FALSE(KeyQuery::parse({{"sort", "name"}, {"cursor", cursor}}, kNow)) << cursor;
}

/// What select() must give, by a plain reading of what is asked.
std::vector<std::uint32_t> plainly(const std::vector<TestKey>& keys, const KeyQuery& query) {
    std::vector<std::pair<std::pair<std::string, std::uint32_t>, std::uint32_t>> fitting;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const TestKey& key = keys[i];
        if (!query.phases.empty() && (!key.phase || std::find(query.phases.begin(), query.phases.end(),
                                                              *key.phase) == query.phases.end()))
            continue;
        if (query.owner && key.owner.value_or("") != *query.owner) continue;
        const std::string needle = base::lower(query.search);
        bool found = false;
        for (const std::string& text : {key.id, key.name, key.prefix, key.owner.value_or("")})
            found = found || base::lower(text).find(needle) != std::string::npos;
        if (!found) continue;
        char value[32];
        const auto number = query.order == KeyOrder::created     ? key.created
                            : query.order == KeyOrder::last_used ? key.last_used
                            : query.order == KeyOrder::since     ? key.since
                            : key.phase                          ? static_cast<std::uint32_t>(*key.phase)
                                                                 : 11U;
        std::snprintf(value, sizeof value, "%010u", number);
        const std::string sorted = query.order == KeyOrder::name    ? base::lower(key.name)
                                   : query.order != KeyOrder::owner ? value
                                   : key.owner                      ? "a" + *key.owner
                                                                    : "b";
        fitting.push_back({{sorted, static_cast<std::uint32_t>(i + 1)}, static_cast<std::uint32_t>(i + 1)});
    }
    std::sort(fitting.begin(), fitting.end());
    if (query.descending) std::reverse(fitting.begin(), fitting.end());
    std::vector<std::uint32_t> out;
    for (const auto& [place, row] : fitting) out.push_back(row);
    return out;
}

TEST(KeyQuery, PagesAreWhatIsAskedForEachOnce) {
    std::mt19937 random(7);
    const auto pick = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
    const std::vector<std::string> orders{"created", "last_used", "since", "owner", "phase", "name"};
    const std::vector<std::string> needles{"", "a", "ab", "B", "x"};
    for (int round = 0; round < 300; ++round) {
        std::vector<TestKey> keys(pick(40));
        for (TestKey& key : keys) {
            key = {.id = std::string(1 + pick(3), static_cast<char>('a' + pick(3))),
                   .name = std::string(pick(3), static_cast<char>('A' + pick(3))),
                   .prefix = std::string(pick(2), 'b'),
                   .owner = pick(3) == 0 ? std::nullopt
                                         : std::optional(std::string(1, static_cast<char>('a' + pick(4)))),
                   .created = pick(4),
                   .last_used = pick(4),
                   .phase = pick(12) == 11 ? std::nullopt : std::optional(domain::kPhases.at(pick(11))),
                   .since = pick(3)};
            if (key.created == 0) key.created = 1;  // the index holds 0 for none
        }
        Parameters parameters{{"sort", (pick(2) == 0 ? "-" : "") + orders[pick(6)]},
                              {"limit", std::to_string(1 + pick(7))},
                              {"search", needles[pick(5)]},
                              {"phase", pick(2) == 0 ? "all" : "live,retired"}};
        if (pick(4) == 0) parameters.emplace_back("owner", pick(3) == 0 ? "" : "b");
        const auto index = index_of(keys);
        const auto wanted = plainly(keys, parsed(parameters));
        std::vector<std::uint32_t> all;
        Parameters asked = parameters;
        for (;;) {
            const KeySelection page = select(*index, parsed(asked));
            EXPECT_EQ(page.total, wanted.size());
            all.insert(all.end(), page.rows.begin(), page.rows.end());
            if (page.next.empty()) break;
            ASSERT_FALSE(page.rows.empty());
            asked = parameters;
            asked.emplace_back("cursor", page.next);
        }
        ASSERT_EQ(all, wanted) << "round " << round;
    }
}

TEST(KeyIndex, AKeyIsFoundByWhatAnOperatorHas) {
    const auto index = index_of({{.id = "ab1", .name = "Job", .prefix = "sk-1"},
                                 {.id = "ab2", .name = "job"},
                                 {.id = "AB", .name = "ab1"},
                                 {.id = "ab1"}});
    EXPECT_THAT(index->with_id("AB", 10), ElementsAre(3)) << "an id in full, not the others that begin so";
    EXPECT_THAT(index->with_id("ab1", 10), ElementsAre(4)) << "the later of two rows of the same id";
    EXPECT_THAT(index->with_id("a", 10), ElementsAre(1, 2, 3, 4));
    EXPECT_THAT(index->with_id("a", 2), ElementsAre(1, 2));
    EXPECT_THAT(index->with_id("b", 10), IsEmpty());
    EXPECT_THAT(index->called("JOB", 10), ElementsAre(1, 2));
    EXPECT_THAT(index->called("sk-1", 10), ElementsAre(1));
    EXPECT_THAT(index->called("jo", 10), IsEmpty());
}

TEST(KeyIndex, OfNoKeys) {
    const auto index = index_of({});
    EXPECT_THAT(rows(*index, {{"search", "a"}}), IsEmpty());
    EXPECT_THAT(rows(*index, {{"sort", "owner"}}), IsEmpty());
    EXPECT_THAT(index->with_id("a", 1), IsEmpty());
}

}  // namespace
}  // namespace keyshift::inventory
