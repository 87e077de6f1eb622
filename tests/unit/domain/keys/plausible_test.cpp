// SPDX-License-Identifier: Apache-2.0
#include "domain/keys/plausible.hpp"

#include <initializer_list>
#include <string>

#include <gtest/gtest.h>

namespace keyshift::domain {
namespace {

using base::kInfiniteFuture;
using base::kInfinitePast;
using base::Time;
using namespace std::chrono_literals;

constexpr Time kNow{std::chrono::seconds{1'780'000'000}};
constexpr Time kCreated = kNow - 90 * 24h;
constexpr Time kUsed = kNow - 2min;
constexpr Time kEpoch{};

KeyRow sound() {
    KeyRow row;
    row.id = "k1";
    row.created_at = kCreated;
    row.last_used_at = kUsed;
    row.hash = HashKind::legacy;
    return row;
}

template <class Change>
Key with(const Change& change) {
    KeyRow row = sound();
    change(row);
    return plausible(row, kNow);
}

std::string names(const Key& key) {
    std::string out;
    for (const RowProblem problem : kRowProblems)
        if (key.problems.has(problem)) out += (out.empty() ? "" : " ") + std::string(problem_name(problem));
    return out;
}

TEST(Plausible, ASoundRowIsTakenAsItIs) {
    const Key key = with([](KeyRow& row) {
        row.owner = "o";
        row.owner_email = "o@example.com";
        row.name = "n";
        row.prefix = "sk-";
        row.bcrypt_cost = 10;
        row.expires_at = kNow + 24h;
        row.blocked = true;
        row.budget = Budget::over;
    });
    EXPECT_EQ(key.id, "k1");
    EXPECT_EQ(key.owner, "o");
    EXPECT_EQ(key.owner_email, "o@example.com");
    EXPECT_EQ(key.name, "n");
    EXPECT_EQ(key.prefix, "sk-");
    EXPECT_EQ(key.bcrypt_cost, 10);
    EXPECT_EQ(key.created_at, kCreated);
    EXPECT_EQ(key.last_used_at, kUsed);
    EXPECT_EQ(key.expires_at, kNow + 24h);
    EXPECT_TRUE(key.blocked && key.over_budget && key.legacy);
    EXPECT_EQ(key.use_ahead, std::nullopt);
    EXPECT_TRUE(key.problems.empty());
}

TEST(Plausible, AnExpiryThatContradictsIsNone) {
    struct Case {
        Time expires;
        std::string problem;
    };
    for (const Case& c :
         {Case{kEpoch, "expiry_before_creation"}, Case{kInfinitePast, "expiry_before_creation"},
          Case{kCreated - 1us, "expiry_before_creation"}, Case{kCreated + 1h, "expiry_before_use"},
          Case{kUsed - 1us, "expiry_before_use"}, Case{kInfiniteFuture, ""}}) {
        const Key key = with([&](KeyRow& row) { row.expires_at = c.expires; });
        EXPECT_EQ(key.expires_at, std::nullopt) << c.problem;
        EXPECT_EQ(names(key), c.problem);
    }
    for (const Time expires : {kUsed, kNow, kNow + 1h}) {
        const Key key = with([&](KeyRow& row) { row.expires_at = expires; });
        EXPECT_EQ(key.expires_at, expires);
        EXPECT_EQ(names(key), "");
    }
}

TEST(Plausible, AnUnusedKeyExpiresFromItsCreationOn) {
    const auto expiring = [](Time at) {
        return with([&](KeyRow& row) { row.last_used_at.reset(), row.expires_at = at; });
    };
    EXPECT_EQ(expiring(kCreated).expires_at, kCreated);
    EXPECT_EQ(names(expiring(kCreated - 1us)), "expiry_before_creation");
}

TEST(Plausible, AnExpiryBefore1990IsNoneWhateverTheCreation) {
    const Time year_1990{std::chrono::seconds{631'152'000}};
    const auto expiring = [](Time at) {
        return with(
            [&](KeyRow& row) { row.created_at.reset(), row.last_used_at.reset(), row.expires_at = at; });
    };
    EXPECT_EQ(names(expiring(year_1990 - 1us)), "expiry_before_creation creation_unknown");
    EXPECT_EQ(expiring(year_1990).expires_at, year_1990);
}

TEST(Plausible, AUseBeforeTheCreationIsNone) {
    for (const Time used : {kEpoch, kInfinitePast, kCreated - 24h - 1us}) {
        const Key key = with([&](KeyRow& row) { row.last_used_at = used; });
        EXPECT_EQ(key.last_used_at, std::nullopt);
        EXPECT_EQ(names(key), "use_before_creation");
    }
    EXPECT_EQ(names(with([](KeyRow& row) { row.last_used_at = kCreated; })), "");
}

TEST(Plausible, ButLocalTimesAndClocksThatDifferHideNoUse) {
    for (const Time used : {kCreated - 1us, kCreated - 9h, kCreated - 24h}) {
        const Key key = with([&](KeyRow& row) { row.last_used_at = used; });
        EXPECT_EQ(key.last_used_at, kCreated);
        EXPECT_EQ(names(key), "use_before_creation");
    }
}

TEST(Plausible, ACreationInTheFutureDisprovesNothing) {
    for (const auto ahead : {5s, 6s}) {
        const Key key = with([&](KeyRow& row) { row.created_at = kNow + ahead; });
        const bool trusted = ahead == 5s;
        EXPECT_EQ(key.last_used_at, trusted ? kNow + ahead : kUsed);
        EXPECT_EQ(names(key), trusted ? "use_before_creation" : "");
    }
    EXPECT_EQ(with([](KeyRow& row) { row.created_at = kNow + 9h, row.expires_at = kNow; }).expires_at, kNow);
}

TEST(Plausible, AUseInTheFutureCountsAsNow) {
    for (const Time used : {kNow + 5s + 1us, kNow + 9h, kInfiniteFuture}) {
        const Key key = with([&](KeyRow& row) { row.last_used_at = used, row.expires_at = kNow - 1h; });
        EXPECT_EQ(key.last_used_at, kNow);
        EXPECT_EQ(key.use_ahead, used);
        EXPECT_EQ(key.expires_at, std::nullopt) << "it expired before the use";
        EXPECT_EQ(names(key), "expiry_before_use use_in_future");
    }
    const Key key = with([](KeyRow& row) { row.last_used_at = kNow + 5s; });
    EXPECT_EQ(key.last_used_at, kNow + 5s);
    EXPECT_EQ(key.use_ahead, std::nullopt);
    EXPECT_EQ(names(key), "");
}

TEST(Plausible, AnUnknownCreationIsNone) {
    for (const std::optional<Time> created : {std::optional<Time>{}, {kInfiniteFuture}, {kInfinitePast}}) {
        const Key key = with([&](KeyRow& row) { row.created_at = created; });
        EXPECT_EQ(key.created_at, std::nullopt);
        EXPECT_EQ(key.last_used_at, kUsed);
        EXPECT_EQ(names(key), "creation_unknown");
    }
}

TEST(Plausible, ABudgetThatIsNoneAndAFlagThatIsNotKnown) {
    const Key budget = with([](KeyRow& row) { row.budget = Budget::not_positive; });
    EXPECT_FALSE(budget.over_budget);
    EXPECT_EQ(names(budget), "budget_not_positive");
    for (const Budget fine : {Budget::none, Budget::within}) {
        const Key key = with([&](KeyRow& row) { row.budget = fine; });
        EXPECT_FALSE(key.over_budget);
        EXPECT_EQ(names(key), "");
    }
    const Key blocked = with([](KeyRow& row) { row.blocked.reset(); });
    EXPECT_FALSE(blocked.blocked);
    EXPECT_EQ(names(blocked), "flag_unknown");
}

TEST(Plausible, WhatIsNoLookupHashIsLegacy) {
    struct Case {
        HashKind hash;
        bool shared;
        bool legacy;
        std::string problem;
    };
    for (const Case& c :
         {Case{HashKind::modern, false, false, ""}, Case{HashKind::modern, true, true, "hash_shared"},
          Case{HashKind::legacy, false, true, ""}, Case{HashKind::empty, false, true, "hash_empty"},
          Case{HashKind::malformed, false, true, "hash_malformed"},
          Case{HashKind::slow, false, true, "hash_malformed"},
          Case{HashKind::neither, false, true, "neither"},
          Case{HashKind::unknown, false, true, "flag_unknown"}}) {
        const Key key = with([&](KeyRow& row) { row.hash = c.hash, row.hash_shared = c.shared; });
        EXPECT_EQ(key.legacy, c.legacy);
        EXPECT_EQ(names(key), c.problem);
    }
}

TEST(Plausible, APlainValueTooShortForAHashIsModernAndCounted) {
    struct Case {
        std::int32_t octets;
        bool shared;
        const char* problem;
    };
    for (const Case& c : {Case{1, false, "hash_short"}, Case{15, false, "hash_short"}, Case{16, false, ""},
                          Case{64, false, ""}, Case{4, true, "hash_shared"}}) {
        const Key key = with([&](KeyRow& row) {
            row.hash = HashKind::modern, row.plain_length = c.octets, row.hash_shared = c.shared;
        });
        EXPECT_EQ(key.legacy, c.shared) << c.octets;
        EXPECT_EQ(names(key), c.problem) << c.octets;
    }
}

TEST(Plausible, AUseThatAnotherSourceTellsOfDisprovesAnExpiry) {
    Key key = with([](KeyRow& row) { row.expires_at = kNow - 1min, row.last_used_at = kNow - 1h; });
    believe_use(key, kNow - 1min);
    EXPECT_EQ(key.last_used_at, kNow - 1min);
    EXPECT_EQ(key.expires_at, kNow - 1min);
    EXPECT_TRUE(key.problems.empty());
    believe_use(key, kNow - 1min + 1us);
    EXPECT_EQ(key.expires_at, std::nullopt);
    EXPECT_EQ(names(key), "expiry_before_use");
    Key ahead = with([](KeyRow& row) { row.last_used_at = kInfiniteFuture; });
    believe_use(ahead, kNow);
    EXPECT_EQ(ahead.use_ahead, std::nullopt);
}

TEST(Plausible, AHashAsAnIdIsNoticed) {
    for (const char* const id :
         {"$2b$12$abc", "$2a$x", "$2y$x", "$2x$x", "$argon2id$v=19$x", "$scrypt$x", "$5$x", "$6$x", "$7$x",
          "GdAx8Nsz.pbkdf2_sha256$600000$salt$hash", "GdAx8Nsz.sha512$$00ff", "scrypt:32768:8:1$salt$hash"})
        EXPECT_TRUE(holds_a_hash(id)) << id;
    for (const char* const id :
         {"", "a1b2c3d4-1111-4222-8333-444455556666", "key$1", "pbkdf2", "scrypt", "sk-$"})
        EXPECT_FALSE(holds_a_hash(id)) << id;
}

TEST(Plausible, ProblemsAreCountedOneByOne) {
    RowProblemCounts counts{};
    RowProblems problems;
    problems.add(RowProblem::hash_empty);
    problems.add(RowProblem::neither);
    add(problems, counts);
    add(problems, counts);
    add({}, counts);
    for (const RowProblem problem : kRowProblems) {
        const bool counted = problem == RowProblem::hash_empty || problem == RowProblem::neither;
        EXPECT_EQ(counts.at(static_cast<std::size_t>(problem)), counted ? 2U : 0U) << problem_name(problem);
    }
}

}  // namespace
}  // namespace keyshift::domain
