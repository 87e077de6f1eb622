// SPDX-License-Identifier: Apache-2.0
// judged.hpp and configuration.hpp: whose verdict it is, and what must not be mixed.
#include "api/judged.hpp"

#include <functional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/assess.hpp"
#include "unit/domain/evidence/source_fixture.hpp"

namespace keyshift::api {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const base::Time kNow{std::chrono::seconds{1'768'003'200}};

Configuration configuration() {
    Configuration out;
    out.file = "/etc/keyshift/keyshift.yaml";
    out.drain_window = "7d";
    out.dormant_after = "30d";
    out.inventory = "lenient";
    out.fallback = "detect";
    out.failure_budget = 0.01;
    out.table = "virtual_keys";
    out.columns = {{"id", "id"}};
    out.database = "db:5432/gateway as keyshift";
    out.collectors = {"keys", "statements"};
    return out;
}

Judged safe() {
    Judged out;
    out.answer.verdict = "SAFE";
    out.answer.earliest_safe = kNow;
    out.answer.headline = "nothing to remove";
    out.configuration = configuration();
    return out;
}

struct Row {
    const char* setting;
    void (*change)(Configuration&);
};

const std::vector<Row> kRows{
    {"drain_window", [](Configuration& c) { c.drain_window = "20s"; }},
    {"dormant_after", [](Configuration& c) { c.dormant_after = "60d"; }},
    {"inventory", [](Configuration& c) { c.inventory = "strict"; }},
    {"fallback", [](Configuration& c) { c.fallback = "present"; }},
    {"last_used_delay", [](Configuration& c) { c.last_used_delay = "2h"; }},
    {"quiet_period", [](Configuration& c) { c.quiet_period = "48h"; }},
    {"promotes_in_place", [](Configuration& c) { c.promotes_in_place = true; }},
    {"failure_budget", [](Configuration& c) { c.failure_budget = 0.05; }},
    {"table", [](Configuration& c) { c.table = "public.virtual_keys"; }},
    {"columns", [](Configuration& c) { c.columns["id"] = "key_id"; }},
    {"database", [](Configuration& c) { c.database = "db:5432/staging as keyshift"; }},
    {"collectors", [](Configuration& c) { c.collectors = {"keys"}; }},
};

TEST(Compare, TheSameIsTheDaemonsVerdict) {
    Judged judged = safe();
    compare(judged, configuration());
    EXPECT_EQ(verdict_of(judged.answer), domain::Verdict::safe);
    EXPECT_THAT(judged.differences, IsEmpty());
    EXPECT_EQ(judged.answer.reason, std::nullopt);
}

TEST(Compare, WhateverChangesTheJudgementMakesItUnknown) {
    for (const Row& row : kRows) {
        Configuration asked = configuration();
        row.change(asked);
        Judged judged = safe();
        compare(judged, asked);
        ASSERT_EQ(judged.differences.size(), 1U) << row.setting;
        EXPECT_EQ(judged.differences.front().setting, row.setting);
        EXPECT_NE(judged.differences.front().configured, judged.differences.front().daemon) << row.setting;
        EXPECT_EQ(verdict_of(judged.answer), domain::Verdict::unknown) << row.setting;
        EXPECT_THAT(*judged.answer.reason, HasSubstr(row.setting));
        EXPECT_THAT(*judged.answer.reason, HasSubstr("by the daemon's the verdict would be SAFE"));
        EXPECT_EQ(judged.answer.earliest_safe, std::nullopt);
        EXPECT_EQ(judged.answer.headline, std::nullopt);
    }
}

TEST(Compare, EveryMemberIsComparedOrSaysWhenceItIs) {
    std::vector<std::string> members;
    const auto note = [&members](const char* name, const auto&) { members.emplace_back(name); };
    const Configuration known = configuration();
    Configuration::describe(note, known);
    std::vector<std::string> compared{"file", "loaded_at"};
    for (const Row& row : kRows) compared.emplace_back(row.setting);
    EXPECT_THAT(members, testing::UnorderedElementsAreArray(compared));
}

TEST(Compare, WhoAsksNeedNotBeWhoWatches) {
    Configuration asked = configuration();
    asked.database = "db:5432/gateway as gateway";
    asked.file = "/home/someone/keyshift.yaml";
    EXPECT_THAT(differences(configuration(), asked), IsEmpty());
    asked.database.reset();
    EXPECT_THAT(differences(configuration(), asked), IsEmpty());
}

TEST(Compare, WhatTheEnvironmentImpliesIsNotCompared) {
    Configuration asked = configuration();
    asked.collectors.clear();
    EXPECT_THAT(differences(configuration(), asked), IsEmpty());
}

TEST(Compare, DefaultsAreNotSaidByAnybody) {
    Configuration asked;
    asked.drain_window = "1d";
    EXPECT_THAT(differences(configuration(), asked), IsEmpty());
    asked.database = "db:5432/staging as gateway";
    const auto found = differences(configuration(), asked);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(
        difference_text(found.front()),
        "DATABASE_URL says database db:5432/staging as gateway, the daemon judges by db:5432/gateway as "
        "keyshift: unset it, or name the configuration of the daemon meant (--config)");
}

TEST(Compare, BesideAFileTheEnvironmentMaySayTheDatabase) {
    Configuration asked = configuration();
    asked.database = "db:5432/staging as keyshift";
    EXPECT_EQ(differences(configuration(), asked).front().says, "/etc/keyshift/keyshift.yaml");
    asked.database_by_environment = true;
    EXPECT_EQ(differences(configuration(), asked).front().says, "DATABASE_URL");
}

TEST(Compare, ADifferenceIsAWholeSentence) {
    EXPECT_EQ(
        difference_text({"drain_window", "/etc/keyshift/keyshift.yaml", "20s", "5s"}),
        "/etc/keyshift/keyshift.yaml says drain_window 20s, the daemon judges by 5s: reload it (systemctl "
        "reload keyshift)");
}

TEST(Judged, AWindowBelowADayIsACaveat) {
    domain::Model model = domain::usual_model();
    const auto caveats = [&model](base::Duration window) {
        model.policy.windows.drain = window;
        return judged(model, domain::Assessment{}, kNow, "daemon").answer.caveats;
    };
    EXPECT_THAT(caveats(24h), IsEmpty());
    EXPECT_THAT(caveats(5s), ElementsAre("judged by a drain window of 5s, shorter than a day"));
    EXPECT_THAT(caveats(24h - 1us), testing::SizeIs(1));
}

TEST(Judged, AVerdictThatIsNotKnownHereIsUnknown) {
    Answer answer;
    for (const domain::Verdict verdict : {domain::Verdict::safe, domain::Verdict::not_yet,
                                          domain::Verdict::unsafe, domain::Verdict::unknown}) {
        answer.verdict = verdict_name(verdict);
        EXPECT_EQ(verdict_of(answer), verdict);
    }
    answer.verdict = "PROBABLY";
    EXPECT_EQ(verdict_of(answer), domain::Verdict::unknown);
}

TEST(Judged, TheLastMarkIsNamedAndChangesNothing) {
    domain::Model model = domain::usual_model();
    const domain::Assessment assessment = domain::assess(model, kNow);
    const Answer before = judged(model, assessment, kNow, "daemon").answer;
    EXPECT_EQ(before.last_mark, std::nullopt);
    model.marks.last = "brownout of 2026-01-10T00:00:00Z, 10m: nobody who called failed who did not before";
    model.marks.last_at.at(0) = kNow;
    const Answer after = judged(model, domain::assess(model, kNow), kNow, "daemon").answer;
    EXPECT_EQ(after.last_mark, model.marks.last);
    EXPECT_EQ(after.verdict, before.verdict);
    ASSERT_EQ(after.checks.size(), before.checks.size());
    for (std::size_t i = 0; i < before.checks.size(); ++i) {
        EXPECT_EQ(after.checks[i].outcome, before.checks[i].outcome);
        EXPECT_EQ(after.checks[i].evidence, before.checks[i].evidence);
    }
}

TEST(Headline, WithoutAFallbackThereIsNothingToRemove) {
    const auto headline = [](void (*change)(domain::Model&, domain::Assessment&)) {
        domain::Model model = domain::usual_model();
        model.keys.emplace().inventory.legacy_keys = 12;
        model.keys->inventory.legacy_owners = 3;
        domain::Assessment assessment;
        assessment.fallback.state.mode = domain::FallbackMode::absent;
        assessment.judgement.verdict = domain::Verdict::unsafe;
        change(model, assessment);
        return judged(model, assessment, kNow, "daemon").answer.headline.value_or("none");
    };
    using M = domain::Model&;
    using A = domain::Assessment&;
    EXPECT_EQ(headline([](M, A) {}),
              "nothing to remove: the gateway accepts no legacy key; 12 keys of 3 owners are cut off");
    EXPECT_EQ(headline([](M m, A) { m.keys->inventory.legacy_keys = m.keys->inventory.legacy_owners = 1; }),
              "nothing to remove: the gateway accepts no legacy key; 1 key of 1 owner is cut off");
    EXPECT_EQ(headline([](M m, A) { m.keys->inventory.legacy_owners = 0; }),
              "nothing to remove: the gateway accepts no legacy key; 12 keys are cut off");
    EXPECT_EQ(headline([](M m, A) { m.keys->inventory.legacy_keys = 0; }),
              "nothing to remove: the gateway accepts no legacy key; none is left");
    EXPECT_EQ(headline([](M m, A) {
                  m.keys->migration.tally.phases[static_cast<std::size_t>(domain::Phase::stranded)] = 1;
                  m.keys->migration.tally.phases[static_cast<std::size_t>(domain::Phase::retired_in_use)] = 2;
              }),
              "3 keys are locked out: the gateway accepts no legacy key any more");
    EXPECT_EQ(headline([](M, A a) { a.judgement.verdict = domain::Verdict::unknown; }), "none");
    EXPECT_EQ(headline([](M, A a) { a.fallback.contradicted = true; }), "none");
    EXPECT_EQ(headline([](M, A a) { a.fallback.state.mode = domain::FallbackMode::present; }), "none");
    EXPECT_EQ(headline([](M m, A) { m.keys.reset(); }), "none");
}

}  // namespace
}  // namespace keyshift::api
