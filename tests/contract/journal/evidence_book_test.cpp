// SPDX-License-Identifier: Apache-2.0
// What sources count, through the book and a real state file and back.
#include "journal/evidence_book.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "contract/journal/book_fixture.hpp"
#include "domain/evidence_facts.hpp"
#include "domain/fallback_witnesses.hpp"
#include "journal/evidence_writer.hpp"
#include "journal/saved_evidence.hpp"

namespace keyshift::journal {
namespace {

using base::Time;
using domain::Event;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

collectors::Observation hits(std::uint64_t value, std::vector<std::string> instances = {""}) {
    collectors::Observation seen;
    collectors::Counted& counted = seen.counted.emplace();
    counted.readings.scope = "scope";
    for (const std::string& instance : instances)
        counted.readings.instances.push_back(
            {instance, false, {{"s", value, "", {{Event::fallback, 1}, {Event::request_auth_failure, 1}}}}});
    counted.countable.set();
    return seen;
}

class EvidenceBookTest : public BookFixture {
 protected:
    void save() {
        auto unsaved = book_.take_unsaved(model_);
        ASSERT_TRUE(journal::write(unsaved, *state_));
        EXPECT_TRUE(book_.take_unsaved(model_).empty()) << "nothing is saved twice";
    }
    void restart() {
        save();
        start();
    }
    void record(const std::string& source, const collectors::Observation& seen) {
        book_.record(source, seen, 30s, now_, model_);
        EvidenceBook::update(model_, now_);
    }
    const domain::SourceCounts& counts(const std::string& source = "statements") const {
        return model_.evidence.sources.at(source);
    }
    std::uint64_t total() const { return counts().totals.front(); }
    std::uint64_t headline() const { return model_.evidence.totals.front(); }
};

TEST_F(EvidenceBookTest, CountersOfAnotherTableCoverFromThenOnAlsoAfterAKill) {
    record("statements", hits(5));
    restart();
    EXPECT_EQ(counts().counted_since, kStart);
    now_ += 1h;
    // The journal saved that the table changed; what had been counted was not saved since.
    EXPECT_TRUE(EvidenceBook::follow_table(1, now_, model_));
    EXPECT_EQ(counts().counted_since, now_);
    start();
    EXPECT_TRUE(EvidenceBook::follow_table(1, now_, model_)) << "it was killed before that was saved";
    restart();
    now_ += 1h;
    EXPECT_FALSE(EvidenceBook::follow_table(1, now_, model_));
    EXPECT_EQ(counts().counted_since, kStart + 1h);
}

TEST_F(EvidenceBookTest, WhatIsSavedIsThereAfterwards) {
    record("statements", hits(5, {"a", "b"}));
    now_ += 1min;
    auto seen = hits(7, {"a"});
    seen.counted->missing = {"b", "c"};
    seen.probe = domain::ProbeAnswers{now_, {}, now_ + 1s, {}};
    record("statements", seen);
    record("statements", hits(1, {"a"}));
    model_.sources["statements"].up = true;
    model_.sources["statements"].last_success_at = now_;
    model_.sources["statements"].observation_start = kStart;
    model_.sources["statements"].not_measured = "why";
    model_.sources["statements"].add_error(base::Errc::timeout);
    const domain::Model before = model_;
    restart();
    const domain::SourceCounts& was = before.evidence.sources.at("statements");
    EXPECT_EQ(counts().sums, was.sums);
    EXPECT_EQ(counts().own, was.own);
    EXPECT_EQ(counts().totals, was.totals);
    EXPECT_EQ(counts().grew_at, was.grew_at);
    EXPECT_EQ(counts().countable, was.countable);
    EXPECT_EQ(counts().resets, 1U);
    EXPECT_EQ(counts().counted_since, was.counted_since);
    EXPECT_EQ(counts().read_at, was.read_at);
    EXPECT_EQ(counts().complete_at, was.complete_at);
    EXPECT_EQ(counts().missing, was.missing);
    EXPECT_EQ(counts().poll_every, 30s);
    EXPECT_EQ(counts().restored_at, now_);
    EXPECT_EQ(model_.evidence.totals, before.evidence.totals);
    EXPECT_EQ(model_.evidence.hourly.series(), before.evidence.hourly.series());
    for (std::size_t i = 0; i < domain::kSignalCount; ++i) {
        EXPECT_EQ(model_.evidence.headlines.at(i).evidence, "statements");
        EXPECT_EQ(model_.evidence.headlines.at(i).marks, before.evidence.headlines.at(i).marks);
    }
    EXPECT_EQ(model_.probe.refused_at, before.probe.refused_at);
    EXPECT_EQ(model_.probe.canary_accepted_at, before.probe.canary_accepted_at);
    EXPECT_EQ(model_.probe.accepted_at, std::nullopt);
    EXPECT_EQ(model_.probe.canary_refused_at, std::nullopt);
    std::map<std::string, domain::SourceStatus> statuses;
    load_statuses(*state_->load_facts(), *state_->load_counters(), statuses);
    EXPECT_EQ(statuses.at("statements").up, true);
    EXPECT_EQ(statuses.at("statements").last_success_at, now_);
    EXPECT_EQ(statuses.at("statements").not_measured, "why");
    EXPECT_EQ(statuses.at("statements").errors.at(base::Errc::timeout), 1U);
    EXPECT_EQ(state_->load_observation_starts()->at("statements"), kStart);
}

TEST_F(EvidenceBookTest, ARestartInBetweenChangesNothing) {
    std::uint64_t value = 100;
    record("statements", hits(value));
    for (int i = 0; i < 5; ++i) {
        restart();
        now_ += 10min;
        value += 3;
        record("statements", hits(value));
        EXPECT_EQ(total(), 3U * static_cast<unsigned>(i + 1));
    }
    EXPECT_EQ(counts().resets, 0U);
    EXPECT_EQ(counts().counted_since, kStart) << "no gap is longer than 15 min";
    now_ += 16min;
    restart();
    record("statements", hits(value));
    EXPECT_EQ(counts().counted_since, now_);
}

TEST_F(EvidenceBookTest, WhatWasNotSavedIsCountedAgainOnce) {
    record("statements", hits(1));
    save();
    record("statements", hits(4));
    start();
    record("statements", hits(6));
    EXPECT_EQ(total(), 5U);
    EXPECT_EQ(headline(), 5U);
}

TEST_F(EvidenceBookTest, WhatGoesBackToZeroIsSavedAsZero) {
    record("statements", hits(0));
    record("statements", hits(50));
    save();
    record("gateway_metrics", hits(9));
    restart();
    EXPECT_EQ(model_.evidence.headlines.front().evidence, "statements") << "the metrics have counted nothing";
    record("gateway_metrics", hits(12));
    EXPECT_EQ(model_.evidence.headlines.front().evidence, "gateway_metrics");
    EXPECT_EQ(headline(), 50U) << "those three are among them";
    record("gateway_metrics", hits(15));
    EXPECT_EQ(headline(), 53U);
}

TEST_F(EvidenceBookTest, AStateThatBeganAnewIsGivenEverything) {
    record("statements", hits(1, {"a", "b"}));
    record("statements", hits(4, {"a", "b"}));
    save();
    state_.reset();
    fs::remove_all(directory_);
    state_ = *store::State::open(directory_);
    book_.forget_saved();
    restart();
    EXPECT_EQ(total(), 6U);
    record("statements", hits(5, {"a", "b"}));
    EXPECT_EQ(total(), 8U);
    EXPECT_EQ(headline(), 8U);
    EXPECT_EQ(counts().counted_since, kStart);
}

TEST_F(EvidenceBookTest, NewerUnsavedThingsWin) {
    record("statements", hits(1));
    UnsavedEvidence waiting = book_.take_unsaved(model_);
    record("statements", hits(4));
    waiting.merge(book_.take_unsaved(model_));
    EXPECT_TRUE(journal::write(waiting, *state_));
    start();
    EXPECT_EQ(total(), 3U);
    record("statements", hits(4));
    EXPECT_EQ(total(), 3U);
}

TEST_F(EvidenceBookTest, APartIsMissedForTheDrainWindowAndThenForgotten) {
    const auto staying = [](std::uint64_t value, std::vector<std::string> instances) {
        auto seen = hits(value, std::move(instances));
        seen.counted->parts_stay = true;
        return seen;
    };
    record("prometheus", staying(1, {"a", "b"}));
    restart();
    now_ += model_.policy.windows.drain;
    record("prometheus", staying(1, {"a"}));
    EXPECT_EQ(counts("prometheus").missing, std::vector<std::string>{"b"});
    EXPECT_EQ(counts("prometheus").counted_since, kStart);
    now_ += 1us;
    record("prometheus", staying(1, {"a"}));
    EXPECT_TRUE(counts("prometheus").missing.empty());
    EXPECT_EQ(counts("prometheus").counted_since, now_);
    restart();
    EXPECT_EQ(state_->load_parts()->at("prometheus").size(), 1U);
    now_ += 1min;
    record("prometheus", staying(9, {"a", "b"}));
    EXPECT_EQ(counts("prometheus").totals.front(), 8U) << "what b counted meanwhile is nobody's";
    EXPECT_EQ(counts("prometheus").counted_since, now_) << "and b may have had hits";
}

TEST_F(EvidenceBookTest, APartThatNobodyWatchedBreaksCoverage) {
    record("gateway_metrics", hits(1, {"a"}));
    now_ += 1min;
    record("gateway_metrics", hits(1, {"a"}));
    EXPECT_EQ(counts("gateway_metrics").counted_since, kStart);
    record("gateway_metrics", hits(1, {"a", "b"}));
    EXPECT_EQ(counts("gateway_metrics").counted_since, now_);
}

TEST_F(EvidenceBookTest, AResetIsAGapAtOnce) {
    for (const char* const source : {"statements", "gateway_metrics"}) {
        record(source, hits(5));
        now_ += 1min;
        record(source, hits(6));
        EXPECT_EQ(counts(source).counted_since, now_ - 1min);
        EXPECT_EQ(counts(source).lost_at, std::nullopt);
        record(source, hits(0));
        EXPECT_EQ(counts(source).counted_since, now_);
        EXPECT_EQ(counts(source).lost_at, now_);
        EXPECT_EQ(counts(source).resets, 1U);
    }
}

TEST_F(EvidenceBookTest, AResetIsAGapAlsoWhileNoSeriesIsKnown) {
    // The sign that all began anew is a counter of its own, which counts nothing.
    const auto since = [](const std::string& epoch) {
        auto seen = hits(0, {});
        seen.counted->readings.instances.push_back({"", false, {{"reset", 0, epoch, {}}}});
        return seen;
    };
    record("statements", since("1"));
    now_ += 1min;
    record("statements", since("1"));
    EXPECT_EQ(counts().lost_at, std::nullopt);
    record("statements", since("2"));
    EXPECT_EQ(counts().lost_at, now_);
    restart();
    now_ += 1min;
    record("statements", since("3"));
    EXPECT_EQ(counts().lost_at, now_) << "also while keyshift was down";
}

collectors::Observation scans(std::uint64_t value) {
    collectors::Observation seen = hits(0, {});
    seen.counted->readings.instances.push_back(
        {"", false, {{"scan", value, "", {{Event::fallback_scan, 1}}}}});
    return seen;
}

/// The key table was read just now; its newest use of a legacy key was at `newest`.
void read_keys(domain::Model& model, Time now, Time newest, std::uint64_t uses = 0) {
    domain::KeyPoll& keys = model.keys ? *model.keys : model.keys.emplace();
    keys.migration.polled_at = now;
    keys.migration.poll_every = 30s;
    keys.migration.last_used_proved_at = kStart;
    keys.migration.evidence.newest_legacy_use = newest;
    keys.inventory.legacy_keys = 1;
    keys.totals.legacy_uses_observed = uses;
}

TEST_F(EvidenceBookTest, ScansWaitForTheKeyTableAlsoOverARestart) {
    record("statements", scans(10));
    read_keys(model_, now_, kStart - 1h);
    now_ += 1min;
    record("statements", scans(13));
    EXPECT_EQ(headline(), 0U) << "nobody knows yet";
    restart();
    model_.sources["keys"];  // it is configured, and not read yet
    now_ += 1min;
    EvidenceBook::update(model_, now_);
    EXPECT_EQ(headline(), 0U);
    read_keys(model_, now_, kStart - 1h);
    EvidenceBook::update(model_, now_);
    EXPECT_EQ(headline(), 0U) << "in vain";
    EXPECT_EQ(counts().totals.at(index_of(Event::fallback_scan)), 3U);
    record("statements", scans(15));
    restart();
    now_ += 1min;
    read_keys(model_, now_, now_ - 30s);
    EvidenceBook::update(model_, now_);
    EXPECT_EQ(headline(), 2U);
    EXPECT_EQ(counts().grew_at.front(), now_ - 1min);
    restart();
    EXPECT_EQ(counts().scan_hits, 2U);
    EXPECT_EQ(counts().totals.front(), 2U);
    EXPECT_TRUE(counts().scans.bins().empty());
}

TEST_F(EvidenceBookTest, OfScansUnderConstantGarbageThoseOfUsesAreHits) {
    // As on a real gateway: 49 scans, of which 24 were uses; each use is seen by the poll that follows.
    record("statements", scans(0));
    read_keys(model_, now_, kStart - 1h);
    std::uint64_t scanned = 0;
    std::uint64_t uses = 0;
    Time newest = kStart - 1h;
    for (int i = 0; i < 49; ++i) {
        now_ += 1min;
        if (i % 2 == 1) newest = now_ - 30s, ++uses;
        record("statements", scans(++scanned));
        now_ += 10s;
        read_keys(model_, now_, newest, uses);
        EvidenceBook::update(model_, now_);
    }
    EXPECT_EQ(uses, 24U);
    EXPECT_EQ(headline(), 24U);
    EXPECT_EQ(counts().totals.at(index_of(Event::fallback_scan)), 49U);
    EXPECT_FALSE(model_.evidence.contradicted_at);
    // All have moved; whoever has no key goes on trying.
    const Time last = now_;
    for (int i = 0; i < 200; ++i) {
        now_ += 1h;
        record("statements", scans(++scanned));
        read_keys(model_, now_ + 5s, newest, uses);
        EvidenceBook::update(model_, now_ + 5s);
    }
    EXPECT_EQ(headline(), 24U);
    EXPECT_LE(counts().grew_at.front(), last);
}

TEST_F(EvidenceBookTest, AUseThatIsWrittenLaterRaisesTheHeadlineOnce) {
    record("statements", scans(0));
    read_keys(model_, now_, kStart - 1h);
    EvidenceBook::update(model_, now_);
    now_ += 1min;
    record("statements", scans(1));
    read_keys(model_, now_ + 10s, kStart - 1h);
    EvidenceBook::update(model_, now_ + 10s);
    EXPECT_EQ(headline(), 0U);
    now_ += 10min;
    record("statements", scans(1));
    read_keys(model_, now_, now_ - 10min, 1);
    EvidenceBook::update(model_, now_);
    EXPECT_EQ(headline(), 1U);
    restart();
    read_keys(model_, now_, now_ - 10min, 1);
    EvidenceBook::update(model_, now_);
    EXPECT_EQ(headline(), 1U);
    now_ += 1h;
    record("statements", scans(1));
    read_keys(model_, now_, now_ - 70min, 1);
    EvidenceBook::update(model_, now_);
    EXPECT_FALSE(model_.evidence.contradicted_at) << "the scan was counted, if not as a hit";
}

TEST_F(EvidenceBookTest, WhatProvesIsRememberedAndALapseToo) {
    auto seen = hits(0);
    seen.counted->ground = {true, "release 1", ""};
    record("statements", seen);
    now_ += 1min;
    seen = hits(1);
    seen.counted->ground = {true, "release 1", ""};
    record("statements", seen);
    model_.evidence.contradicted = "gateway_log";
    model_.evidence.contradicted_at = now_;
    model_.evidence.last_use = {now_, now_ + 1s, now_ + 2s};
    model_.evidence.uses_mark = 7;
    restart();
    EXPECT_EQ(counts().proof, (domain::Proof{now_, now_, "release 1", "", ""}));
    EXPECT_EQ(model_.evidence.contradicted, "gateway_log");
    EXPECT_EQ(model_.evidence.contradicted_at, now_);
    EXPECT_EQ(model_.evidence.last_use.newest, now_);
    EXPECT_EQ(model_.evidence.last_use.unwritten_since, now_ + 1s);
    EXPECT_EQ(model_.evidence.last_use.stood_still_at, now_ + 2s);
    EXPECT_EQ(model_.evidence.uses_mark, 7U);
    model_.policy.quiet_period = 48h;
    seen.counted->ground = {false, "release 1", ""};
    now_ += 47h;
    record("statements", seen);
    EXPECT_TRUE(counts().proof.since) << "it may be that quiet";
    seen.counted->ground = {true, "release 2", ""};
    record("statements", seen);
    restart();
    EXPECT_FALSE(counts().proof.since);
    EXPECT_NE(counts().proof.lapsed, "");
}

TEST_F(EvidenceBookTest, AStateOfBeforeThereWereProofsHasNone) {
    record("statements", hits(0));
    record("statements", hits(3));
    save();
    auto facts = *state_->load_facts();
    const auto counters = *state_->load_counters();
    std::erase_if(facts, [](const auto& fact) { return fact.first.ends_with(":proved_since"); });
    domain::Model model;
    load_evidence(facts, counters, model);
    EXPECT_FALSE(model.evidence.sources.at("statements").proof.since);
    EXPECT_EQ(model.evidence.sources.at("statements").totals.front(), 3U);
}

collectors::Observation caused(std::vector<Event> events) {
    collectors::Observation seen;
    seen.caused = std::move(events);
    return seen;
}

TEST_F(EvidenceBookTest, WhatTheProbeCausesIsLeftOut) {
    for (const char* const source : {"statements", "gateway_metrics", "access_log", "prometheus"})
        record(source, hits(0));
    const std::vector<Event> may{Event::fallback, Event::request_auth_failure};
    book_.begin_own_requests(may);
    for (const char* const source : {"statements", "gateway_metrics", "access_log", "prometheus"})
        record(source, hits(1));
    EXPECT_EQ(counts().totals.front(), 0U) << "not known yet";
    book_.end_own_requests(may);
    record("probe", caused({Event::request_auth_failure}));
    for (const char* const source : {"statements", "gateway_metrics", "access_log", "prometheus"})
        record(source, hits(1));
    const auto failures = index_of(Event::request_auth_failure);
    for (const char* const source : {"statements", "gateway_metrics"}) {
        EXPECT_EQ(counts(source).totals.front(), 1U) << source;
        EXPECT_EQ(counts(source).totals.at(failures), 0U) << source;
    }
    EXPECT_EQ(counts("prometheus").totals.at(failures), 1U) << "it does not see them";
    EXPECT_EQ(counts("access_log").totals.at(failures), 1U) << "its lines tell which they are";
    EXPECT_EQ(model_.evidence.sources.count("probe"), 0U);
}

TEST_F(EvidenceBookTest, AProbeDuringTheFirstPollAddsNothing) {
    book_.begin_own_requests({Event::fallback});
    record("statements", hits(0));
    book_.end_own_requests({Event::fallback});
    for (int i = 0; i < 3; ++i) record("statements", hits(0));
    EXPECT_EQ(total(), 0U);
}

TEST_F(EvidenceBookTest, AProbeUnderWayWhenKeyshiftWasKilledHidesNothing) {
    record("statements", hits(0));
    book_.begin_own_requests({Event::fallback});
    record("statements", hits(0));
    restart();
    record("statements", hits(1));
    EXPECT_EQ(total(), 1U);
}

TEST_F(EvidenceBookTest, OfWhatTheProbeWasAnsweredTheNewestCounts) {
    const auto answered = [](std::optional<Time> domain::ProbeAnswers::* which, Time at) {
        collectors::Observation seen;
        seen.probe.emplace().*which = at;
        return seen;
    };
    using Answers = domain::ProbeAnswers;
    record("probe", answered(&Answers::refused_at, kStart));
    record("probe", answered(&Answers::accepted_at, kStart + 1s));
    EXPECT_EQ(model_.probe.refused_at, kStart);
    EXPECT_EQ(model_.probe.accepted_at, kStart + 1s);
    record("probe", answered(&Answers::refused_at, kStart - 1h));
    EXPECT_EQ(model_.probe.refused_at, kStart - 1h);
    EXPECT_EQ(model_.probe.accepted_at, std::nullopt) << "the clock was set back";
    record("probe", answered(&Answers::canary_refused_at, kStart));
    record("probe", answered(&Answers::canary_accepted_at, kStart - 1h));
    EXPECT_EQ(model_.probe.canary_accepted_at, kStart - 1h);
    EXPECT_EQ(model_.probe.canary_refused_at, std::nullopt);
}

TEST_F(EvidenceBookTest, ASourceThatWasRemovedIsNoEvidenceButItsHitsAreRemembered) {
    record("statements", hits(0));
    record("statements", hits(3));
    now_ += 1min;
    record("gateway_log", hits(0));
    record("gateway_log", hits(1));
    save();
    now_ += 1h;
    start();
    record("statements", hits(3));
    EXPECT_EQ(model_.evidence.headlines.front().evidence, "gateway_log") << "awaited";
    now_ += 90s;
    record("statements", hits(3));
    EXPECT_EQ(model_.evidence.headlines.front().evidence, "statements");
    EXPECT_EQ(headline(), 3U);
    EXPECT_EQ(fallback_watch(model_, now_).last_hit, kStart + 1min);
    EXPECT_FALSE(can_be_measured(model_, domain::Signal::fallback)) << "nothing is configured";
}

TEST_F(EvidenceBookTest, GaugesStayUntilThereAreNewOnes) {
    collectors::Observation seen;
    seen.gauges = domain::Gauges{{{"auth_key", 3}}, {{"a", true}}};
    record("redis", seen);
    seen.gauges = domain::Gauges{{}, {{"a", false}}};
    record("gateway_metrics", seen);
    EXPECT_EQ(model_.gauges.cache_entries.at("auth_key"), 3U);
    EXPECT_FALSE(model_.gauges.gateways_up.at("a"));
}

TEST_F(EvidenceBookTest, HoursAreKeptForAMonthAndTheDrainWindow) {
    model_.evidence.hourly.add("x", now_, 1);
    const auto kept = std::chrono::hours{24 * 31} + model_.policy.windows.drain;
    EvidenceBook::update(model_, now_ + kept + 1h - 1us);
    EXPECT_EQ(model_.evidence.hourly.since("x", {}), 1U);
    EvidenceBook::update(model_, now_ + kept + 1h);
    EXPECT_EQ(model_.evidence.hourly.since("x", {}), 0U);
}

TEST_F(EvidenceBookTest, RequestsThatALogKnowsForKeyshiftsOwnHideNobody) {
    auto seen = hits(0, {});
    seen.counted->grown.at(index_of(Event::request_auth_failure)) = 2;
    seen.counted->own.at(index_of(Event::request_auth_failure)) = 1;
    record("access_log", seen);
    EXPECT_EQ(counts("access_log").totals.at(index_of(Event::request_auth_failure)), 2U);
    seen.counted->own.fill(0);
    record("access_log", seen);
    EXPECT_EQ(counts("access_log").totals.at(index_of(Event::request_auth_failure)), 4U);
}

TEST_F(EvidenceBookTest, OffersOfAReleaseThatKnewFewerEventsAreTakenOver) {
    record("statements", hits(0));
    save();
    auto facts = *state_->load_facts();
    const auto counters = *state_->load_counters();
    facts["source:statements:offers"] = "101";
    domain::Model model;
    load_evidence(facts, counters, model);
    EXPECT_EQ(model.evidence.sources.at("statements").countable.to_ulong(), 5U);
}

TEST_F(EvidenceBookTest, OffersThatCannotBeReadAreNone) {
    record("statements", hits(0));
    save();
    auto facts = *state_->load_facts();
    const auto counters = *state_->load_counters();
    for (const char* const countable :
         {"", "11111111111111111111111111111112", "1111111111111111111111111111111111111111"}) {
        facts["source:statements:offers"] = countable;
        domain::Model model;
        load_evidence(facts, counters, model);
        EXPECT_TRUE(model.evidence.sources.at("statements").countable.none()) << countable;
    }
}

}  // namespace
}  // namespace keyshift::journal
