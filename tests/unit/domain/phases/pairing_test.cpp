// SPDX-License-Identifier: Apache-2.0
#include "domain/phases/pairing.hpp"

#include <algorithm>
#include <ctime>
#include <map>
#include <random>
#include <set>
#include <tuple>
#include <utility>

#include <gtest/gtest.h>

namespace keyshift::domain {
namespace {

using Random = std::mt19937;
using Names = std::vector<std::string>;

/// From a buffer of exactly its size, so that a sanitizer sees every byte read beyond it.
std::string normalised(const std::string& name) {
    const std::vector<char> exact(name.begin(), name.end());
    return normalise_name({exact.data(), exact.size()});
}

TEST(NormaliseName, TakesAwayWhatWasAddedForTheNewKey) {
    const Names names{"prod",
                      "Prod",
                      "prod_v2",
                      "prod-v2",
                      "prod v2",
                      "PROD.V2",
                      "prod: v2",
                      "prod/v2",
                      "prod|new",
                      "prod, new",
                      "prod; new",
                      "prod new",
                      "prod-NEW",
                      "prod-2",
                      "prod -2",
                      "prod--2",
                      "prod(2)",
                      "Prod (2)",
                      "prod 2026-01",
                      "prod_2026-12",
                      "prod-2026-09",
                      "prod new 2026-01",
                      "prod 2026-01 new",
                      "prod v2 new-2-2 (2)(2) -v2",
                      "prod - _ . v2"};
    for (const std::string& name : names) EXPECT_EQ(normalised(name), "prod") << name;
}

TEST(NormaliseName, TrimsWhiteSpaceAndSeparatorsOfAnyWidth) {
    const Names names{"  \t\v\f prod \r\n", "\u00A0prod\u00A0", "\u3000prod\u2003", "\uFEFFprod",
                      "prod\u200B",         "\u1680prod\u202F", "\u2028prod\u2029", "\u205Fprod\u2000",
                      "\u0085prod\u0085",   "prod \u2013 v2",   "prod\u2014new",    "prod\u00A0v2",
                      "prod\u2010 2026-01"};
    for (const std::string& name : names) EXPECT_EQ(normalised(name), "prod") << name;
}

TEST(NormaliseName, LeavesWhatIsPartOfTheName) {
    const Names names{"renew",        "env2",        "v2prod",       "new prod",        "prodnew",
                      "prod2",        "prod 2",      "prod_2",       "prod-3",          "prod-12",
                      "prod-02",      "prod (3)",    "prod (2",      "prod 2)",         "prod v3",
                      "prod v22",     "prod v2x",    "prod 2026",    "prod 2026-00",    "2",
                      "prod 2026-13", "prod 26-01",  "prod 2026-1",  "prod 2026/01",    "prod 202a-01",
                      "prod 2026-0a", "prod2026-01", "12026-01",     "prod 2026-01-15", "prod-",
                      "prod _",       "(prod)",      "c++",          "\u00E9new",       "\u0434v2",
                      "\u65E5new",    "ª2026-01",    "prod 2026-99", "prod \u2013",     "a\u2016v2",
                      "a\u200Fv2"};
    for (const std::string& name : names) EXPECT_EQ(normalised(name), name);
}

TEST(NormaliseName, OnlyTrimsAndFoldsANameOfNothingElse) {
    EXPECT_EQ(normalised(" New "), "new");
    EXPECT_EQ(normalised("V2"), "v2");
    EXPECT_EQ(normalised("-2"), "-2");
    EXPECT_EQ(normalised("(2)"), "(2)");
    EXPECT_EQ(normalised("2026-01"), "2026-01");
    EXPECT_EQ(normalised("New V2 2026-01"), "new v2 2026-01");
    EXPECT_EQ(normalised("- v2"), "- v2");
    EXPECT_EQ(normalised("---"), "---");
    EXPECT_EQ(normalised(""), "");
    EXPECT_EQ(normalised(" \t\u00A0\u3000"), "");
}

TEST(NormaliseName, FoldsTheCaseOfFourScripts) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"@ABCXYZ[`{", "@abcxyz[`{"},
        {"ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞß", "àáâãäåæçèéêëìíîïðñòóôõö×øùúûüýþß"},
        {"¿ĀāĂĮįİıĲĳĶķĸ", "¿āāăįįiıĳĳķķĸ"},
        {"ĹĺŇňŉŊŋŶŷŸŹźŽžſƀ", "ĺĺňňŉŋŋŷŷÿźźžžsƀ"},
        {"ΆΈΉΊΌΎΏΐΑΡΣΩΫςώ", "άέήίόύώΐαρσωϋσώ"},
        {"µ", "μ"},
        {"ЀЁЏАБЯаѐѠѡҀҁ", "ѐёџабяаѐѡѡҁҁ"},
        {"ҊҋҾҿӀӁӂӍӎӏӐӑԮԯ", "ҋҋҿҿӏӂӂӎӎӏӑӑԯԯ"},
        {"ÉTÉ V2", "été"},
        {"日本 🔑 ẞ", "日本 🔑 ẞ"},
    };
    for (const auto& [name, expected] : cases) EXPECT_EQ(normalised(name), expected);
}

TEST(NormaliseName, PassesInvalidUtf8Through) {
    const Names names{"\xFF",          "a\xC3",        "a\xE2\x82",        "\x80 b",
                      "\xC0\xA0",      "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF0\x9F\x94",
                      "a\xC2\xA0\xA0", "a\xFFv2",      "a\xA0new",         "a\xE2\x80new",
                      "\xA0\x80 a"};
    for (const std::string& name : names) EXPECT_EQ(normalised(name), name);
    EXPECT_EQ(normalised("A\xC3 V2"), "a\xC3");
    EXPECT_EQ(normalised("\xC3\xC3\x89"), "\xC3\xC3\xA9");
    EXPECT_EQ(normalised(std::string("A\0B-2 ", 6)), std::string("a\0b", 3));
}

TEST(NormaliseName, IsIdempotentAndNeverGrows) {
    const Names pieces{"v2",   "V2",   "new",  "-2",   "(2)",      "2026-01", "-",      " ",
                       "_",    ".",    "prod", "É",    "İ",        "ſ",       "\u00A0", "\u2013",
                       "\xC3", "\xA9", "\x80", "\xE2", "\xF0\x9F", "\xFF"};
    Random random{1};
    for (int run = 0; run < 20'000; ++run) {
        std::string name;
        for (auto left = random() % 9; left > 0; --left) {
            const auto pick = random() % 32;
            name += pick < pieces.size() ? pieces[pick] : std::string(1, static_cast<char>(random() % 256));
        }
        const std::string once = normalised(name);
        ASSERT_EQ(normalised(once), once) << testing::PrintToString(name);
        ASSERT_LE(once.size(), name.size());
    }
}

TEST(NormaliseName, IsLinearInALongName) {
    std::string name = "prod";
    for (int i = 0; i < 50'000; ++i) name += " (2)";
    EXPECT_EQ(normalised(name), "prod");
    EXPECT_EQ(normalised(std::string(200'000, ' ')), "");
}

TEST(RuleName, IsWhatIsShown) {
    EXPECT_EQ(rule_name(PairRule::none), "none");
    EXPECT_EQ(rule_name(PairRule::pair), "pair");
    EXPECT_EQ(rule_name(PairRule::name), "name");
    EXPECT_EQ(rule_name(PairRule::owner), "owner");
}

// ---- pair_owner ----

using Keys = std::vector<Candidate>;
using Plain = std::tuple<std::uint32_t, std::uint32_t, PairRule>;

/// In the order they came.
std::vector<Plain> pairs(Keys legacy, Keys modern, Owner owner = Owner::someone) {
    std::vector<Plain> out;
    for (const Match& m : pair_owner(legacy, modern, owner))
        out.emplace_back(m.legacy_tag, m.modern_tag, m.rule);
    return out;
}

using Expected = std::vector<Plain>;
constexpr PairRule kName = PairRule::name;
constexpr PairRule kOwner = PairRule::owner;

TEST(PairOwner, MatchesEqualNames) {
    // {name, created, last used, tag}
    EXPECT_EQ(pairs({{7, 100, 0, 1}, {8, 100, 0, 2}, {9, 100, 0, 3}}, {{9, 200, 0, 13}, {7, 200, 0, 11}}),
              (Expected{{1, 11, kName}, {3, 13, kName}}));
    EXPECT_EQ(pairs({{7, 100, 0, 1}}, {{7, 200, 0, 11}}, Owner::nobody), (Expected{{1, 11, kName}}));
    EXPECT_EQ(pairs({}, {}), Expected{});
    EXPECT_EQ(pairs({{7, 100, 0, 1}}, {}), Expected{});
    EXPECT_EQ(pairs({}, {{7, 100, 0, 1}}), Expected{});
}

TEST(PairOwner, AReplacementWasCreatedLater) {
    EXPECT_EQ(pairs({{7, 100, 0, 1}}, {{7, 101, 0, 11}}), (Expected{{1, 11, kName}}));
    EXPECT_EQ(pairs({{7, 100, 0, 1}}, {{7, 100, 0, 11}}), Expected{});
    EXPECT_EQ(pairs({{7, 100, 0, 1}}, {{7, 99, 0, 11}}), Expected{});
    EXPECT_EQ(pairs({{7, 100, 0, 1}}, {{8, 101, 0, 11}}), (Expected{{1, 11, kOwner}}));
    EXPECT_EQ(pairs({{7, 100, 0, 1}}, {{8, 100, 0, 11}}), Expected{});
    EXPECT_EQ(pairs({{7, 100, 0, 1}}, {{8, 99, 0, 11}}), Expected{});
    // One that is too old for its name does not keep a later one away.
    EXPECT_EQ(pairs({{7, 100, 0, 1}}, {{7, 50, 9, 11}, {7, 200, 0, 12}}), (Expected{{1, 12, kName}}));
}

TEST(PairOwner, KeysInUseComeFirstThenOlderOnesThenLowerTags) {
    const Keys one{{7, 100, 0, 1}};
    EXPECT_EQ(pairs(one, {{7, 200, 0, 11}, {7, 300, 9, 12}}), (Expected{{1, 12, kName}}));
    EXPECT_EQ(pairs(one, {{7, 300, 0, 11}, {7, 200, 0, 12}}), (Expected{{1, 12, kName}}));
    EXPECT_EQ(pairs(one, {{7, 300, 5, 11}, {7, 200, 9, 12}}), (Expected{{1, 12, kName}}));
    EXPECT_EQ(pairs(one, {{7, 200, 0, 12}, {7, 200, 0, 11}}), (Expected{{1, 11, kName}}));
    const Keys two{{7, 120, 0, 1}, {7, 100, 0, 2}};
    EXPECT_EQ(pairs(two, {{7, 200, 0, 11}, {7, 300, 9, 12}}), (Expected{{2, 12, kName}, {1, 11, kName}}));
    EXPECT_EQ(pairs({{7, 100, 0, 2}, {7, 100, 0, 1}}, {{7, 200, 0, 11}}), (Expected{{1, 11, kName}}));
    // Of legacy keys, use does not matter.
    EXPECT_EQ(pairs({{7, 120, 9, 1}, {7, 100, 0, 2}}, {{7, 200, 0, 11}}), (Expected{{2, 11, kName}}));
}

TEST(PairOwner, UnnamedKeysNeverMatchByName) {
    EXPECT_EQ(pairs({{0, 100, 0, 1}}, {{0, 200, 0, 11}}, Owner::nobody), Expected{});
    EXPECT_EQ(pairs({{0, 100, 0, 1}}, {{0, 200, 0, 11}}), (Expected{{1, 11, kOwner}}));
    EXPECT_EQ(pairs({{0, 100, 0, 1}, {0, 100, 0, 2}}, {{0, 200, 0, 11}}), Expected{});
}

TEST(PairOwner, TheLastTwoOfAnOwnerMatch) {
    EXPECT_EQ(pairs({{7, 100, 0, 1}, {8, 100, 0, 2}}, {{7, 200, 0, 11}, {9, 200, 0, 12}}),
              (Expected{{1, 11, kName}, {2, 12, kOwner}}));
    EXPECT_EQ(pairs({{8, 100, 0, 2}}, {{6, 200, 0, 12}}), (Expected{{2, 12, kOwner}}));
    EXPECT_EQ(pairs({{8, 100, 0, 2}}, {{6, 200, 0, 12}}, Owner::nobody), Expected{});
    EXPECT_EQ(pairs({{8, 100, 0, 1}, {9, 100, 0, 2}}, {{6, 200, 0, 11}}), Expected{});
    EXPECT_EQ(pairs({{8, 100, 0, 1}}, {{6, 200, 0, 11}, {7, 200, 0, 12}}), Expected{});
    // A modern key that is older than the legacy key still makes two of them.
    EXPECT_EQ(pairs({{8, 100, 0, 1}}, {{6, 200, 0, 11}, {7, 50, 0, 12}}), Expected{});
    // The second modern key of a name may replace a key of another name.
    EXPECT_EQ(pairs({{7, 100, 0, 1}, {8, 100, 0, 2}}, {{7, 200, 0, 11}, {7, 300, 0, 12}}),
              (Expected{{1, 11, kName}, {2, 12, kOwner}}));
}

/// The header's words, one by one, without sorting by name and with no thought of speed.
std::set<Plain> slow_pairs(Keys legacy, Keys modern, Owner owner) {
    std::sort(legacy.begin(), legacy.end(), [](const Candidate& a, const Candidate& b) {
        return a.created != b.created ? a.created < b.created : a.tag < b.tag;
    });
    std::sort(modern.begin(), modern.end(), [](const Candidate& a, const Candidate& b) {
        if ((a.last_used > 0) != (b.last_used > 0)) return a.last_used > 0;
        return a.created != b.created ? a.created < b.created : a.tag < b.tag;
    });
    std::set<Plain> out;
    for (auto n = modern.begin(); n != modern.end();) {
        const auto o = std::find_if(legacy.begin(), legacy.end(), [&](const Candidate& key) {
            return key.name != 0 && key.name == n->name && key.created < n->created;
        });
        if (o == legacy.end()) {
            ++n;
            continue;
        }
        out.emplace(o->tag, n->tag, kName);
        legacy.erase(o);
        n = modern.erase(n);
    }
    const bool last_two = owner == Owner::someone && legacy.size() == 1 && modern.size() == 1;
    if (last_two && modern[0].created > legacy[0].created) out.emplace(legacy[0].tag, modern[0].tag, kOwner);
    return out;
}

Keys random_keys(Random& random, std::uint32_t first_tag) {
    Keys keys(random() % 5);
    for (Candidate& key : keys) {
        const auto created = static_cast<std::uint32_t>(1 + random() % 6);
        key = {random() % 4, created, static_cast<std::uint32_t>(random() % 2 * created), first_tag++};
    }
    return keys;
}

/// What holds of any result.
void expect_sound(const std::vector<Plain>& found, const Keys& legacy, const Keys& modern) {
    std::map<std::uint32_t, Candidate> by_tag;
    for (const Keys* keys : {&legacy, &modern})
        for (const Candidate& key : *keys) by_tag[key.tag] = key;
    std::set<std::uint32_t> taken;
    int by_owner = 0;
    for (const auto& [old_tag, new_tag, rule] : found) {
        ASSERT_TRUE(old_tag < 100 && new_tag >= 100);
        ASSERT_TRUE(taken.insert(old_tag).second && taken.insert(new_tag).second) << "serves two";
        ASSERT_LT(by_tag.at(old_tag).created, by_tag.at(new_tag).created);
        ASSERT_TRUE(rule == kName || rule == kOwner);
        if (rule == kOwner) {
            ++by_owner;
        } else {
            ASSERT_NE(by_tag.at(old_tag).name, 0U);
            ASSERT_EQ(by_tag.at(old_tag).name, by_tag.at(new_tag).name);
        }
    }
    ASSERT_LE(by_owner, 1);
}

TEST(PairOwner, IsSoundAndDoesNotDependOnTheOrderOfItsInput) {
    Random random{2};
    std::size_t by_owner = 0;
    for (int run = 0; run < 20'000; ++run) {
        Keys legacy = random_keys(random, 0);
        Keys modern = random_keys(random, 100);
        const Owner owner = run % 3 == 0 ? Owner::nobody : Owner::someone;
        const std::vector<Plain> found = pairs(legacy, modern, owner);
        expect_sound(found, legacy, modern);
        ASSERT_EQ(std::set<Plain>(found.begin(), found.end()), slow_pairs(legacy, modern, owner));
        if (!found.empty() && std::get<2>(found.back()) == kOwner) ++by_owner;
        std::shuffle(legacy.begin(), legacy.end(), random);
        std::shuffle(modern.begin(), modern.end(), random);
        ASSERT_EQ(pairs(legacy, modern, owner), found);
    }
    EXPECT_GT(by_owner, 100U) << "rule 3 was hardly tested";
}

TEST(PairOwner, IsFastWithManyKeysOfOneNameOrOfAllNames) {
    constexpr std::uint32_t kKeys = 200'000;
    const auto count = [](std::uint64_t names, std::uint32_t modern_created) {
        Keys legacy;
        Keys modern;
        for (std::uint32_t i = 0; i < kKeys; ++i) {
            legacy.push_back({1 + i % names, 1000, 0, i});
            modern.push_back({1 + (kKeys - i) % names, modern_created + i % 7, i % 2, i});
        }
        return pair_owner(legacy, modern, Owner::someone).size();
    };
    const std::clock_t before = std::clock();  // of the processor: a busy machine is not slow code
    EXPECT_EQ(count(1, 1001), kKeys);
    EXPECT_EQ(count(1, 900), 0U);
    EXPECT_EQ(count(kKeys, 1001), kKeys);
    // A quadratic one would need a minute or more.
    EXPECT_LT((std::clock() - before) / CLOCKS_PER_SEC, 15);
}

/// A region called "eu-2" is no second "eu", as long as both sides have both.
TEST(PairOwner, NamesThatAreTheSameGoBeforeNamesThatLookAlike) {
    Keys legacy{{7, 10, 0, 1, 70}, {7, 11, 0, 2, 72}};
    Keys modern{{7, 20, 5, 3, 72}, {7, 21, 5, 4, 70}};
    const auto matches = pair_owner(legacy, modern, Owner::nobody);
    ASSERT_EQ(matches.size(), 2U);
    for (const Match& match : matches) EXPECT_EQ(match.modern_tag, match.legacy_tag == 1 ? 4U : 3U);
    Keys alone{{7, 10, 0, 1, 70}};
    Keys second{{7, 20, 0, 2, 72}};
    EXPECT_EQ(pair_owner(alone, second, Owner::nobody).size(), 1U) << "and still look alike";
}

}  // namespace
}  // namespace keyshift::domain
