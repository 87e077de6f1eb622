// SPDX-License-Identifier: Apache-2.0
// What a log tells, through the book and a real state file: position, counts, failures and uses of keys stand
// or fall together.
#include <string>

#include <gtest/gtest.h>

#include "contract/journal/book_fixture.hpp"
#include "journal/evidence_book.hpp"
#include "journal/evidence_writer.hpp"

namespace keyshift::journal {
namespace {

using base::Time;
using domain::Event;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr const char* kLog = "access_log";

/// A poll that has read up to `position` and counted `failures` failures on the way.
collectors::Observation poll(const std::string& position, std::uint64_t failures = 0) {
    collectors::Observation seen;
    collectors::Counted& counted = seen.counted.emplace();
    counted.countable = domain::failures() | domain::requests();
    counted.grown.at(index_of(Event::failure_unknown_key)) = failures;
    counted.grown.at(index_of(Event::request_auth_failure)) = failures;
    collectors::LogFacts& log = seen.log.emplace();
    log.lines.matched = failures;
    log.lines.bytes = 100 * failures;
    log.cursor["input:a"] = position;
    for (std::uint64_t i = 0; i < failures; ++i)
        log.failures.add(Event::failure_unknown_key, "10.0.0.1", "curl", "/v1", kStart);
    return seen;
}

class LoggedEvidence : public BookFixture {
 protected:
    LoggedEvidence() { model_.logs[kLog]; }

    void start() {
        BookFixture::start();
        model_.logs[kLog];
    }
    void save() { ASSERT_TRUE(journal::write(book_.take_unsaved(model_), *state_)); }
    void record(const collectors::Observation& seen) {
        book_.record(kLog, seen, 5s, now_, model_);
        EvidenceBook::update(model_, now_);
    }
    std::uint64_t counted() const {
        const auto source = model_.evidence.sources.find(kLog);
        return source == model_.evidence.sources.end()
                   ? 0
                   : source->second.totals.at(index_of(Event::failure_unknown_key));
    }
    std::uint64_t saved_failures() {
        std::uint64_t sum = 0;
        const auto all = state_->load_failures(kStart - 24h);
        for (const auto& [source, tally] : *all)
            for (const auto& [kind, times] : tally.kinds()) sum += times.count;
        return sum;
    }
};

TEST_F(LoggedEvidence, PositionAndCountsAreSavedTogether) {
    record(poll("10", 3));
    save();
    record(poll("20", 4));
    EXPECT_EQ(counted(), 7U);
    start();
    EXPECT_EQ(book_.cursor(kLog).at("input:a"), "10");
    EXPECT_EQ(counted(), 3U);
    EXPECT_EQ(saved_failures(), 3U);
    EXPECT_EQ(model_.logs.at(kLog).lines, (domain::LogLines{3, 0, 0, 0, 300}));
    record(poll("20", 4));
    save();
    start();
    EXPECT_EQ(book_.cursor(kLog).at("input:a"), "20");
    EXPECT_EQ(counted(), 7U);
    EXPECT_EQ(saved_failures(), 7U);
    EXPECT_EQ(model_.logs.at(kLog).lines, (domain::LogLines{7, 0, 0, 0, 700}));
}

TEST_F(LoggedEvidence, WhatCouldNotBeSavedIsSavedOnceLater) {
    UnsavedEvidence waiting;
    for (int i = 1; i <= 3; ++i) {
        record(poll(std::to_string(i), 2));
        waiting.merge(book_.take_unsaved(model_));
    }
    ASSERT_TRUE(journal::write(waiting, *state_));
    EXPECT_TRUE(book_.take_unsaved(model_).empty());
    start();
    EXPECT_EQ(book_.cursor(kLog).at("input:a"), "3");
    EXPECT_EQ(counted(), 6U);
    EXPECT_EQ(saved_failures(), 6U);
}

TEST_F(LoggedEvidence, AForgottenPlaceIsForgotten) {
    record(poll("10"));
    save();
    auto seen = poll("20");
    seen.log->cursor["input:a"] = std::nullopt;
    record(seen);
    save();
    start();
    EXPECT_TRUE(book_.cursor(kLog).empty());
}

TEST_F(LoggedEvidence, ANewStateFileIsGivenEveryPlace) {
    record(poll("10", 1));
    save();
    record(poll("20", 1));
    book_.forget_saved();
    state_.reset();
    fs::remove_all(directory_);
    state_ = *store::State::open(directory_);
    save();
    start();
    EXPECT_EQ(book_.cursor(kLog).at("input:a"), "20");
    EXPECT_EQ(counted(), 2U);
}

TEST_F(LoggedEvidence, FailuresAreForgottenAfterADay) {
    record(poll("10", 2));
    save();
    now_ += 23h;
    record(poll("20"));
    save();
    EXPECT_EQ(saved_failures(), 2U);
    now_ += 2h;
    record(poll("30"));
    save();
    EXPECT_EQ(saved_failures(), 0U);
}

TEST_F(LoggedEvidence, AFloodOfClientsIsBounded) {
    for (int minute = 0; minute < 3; ++minute) {
        auto seen = poll("x");
        seen.log->failures = domain::FailureTally(store::kMostFailures);
        for (std::size_t i = 0; i < store::kMostFailures; ++i)
            seen.log->failures.add(Event::failure_unknown_key, std::to_string(i), "", "",
                                   kStart + minute * 1min);
        record(seen);
        save();
    }
    const auto all = state_->load_failures(kStart - 24h);
    EXPECT_EQ(all->at(kLog).kinds().size(), store::kMostFailures);
    EXPECT_EQ(all->at(kLog).kinds().begin()->first.minute, (kStart + 2min).time_since_epoch() / 1min)
        << "the newest are kept";
}

TEST_F(LoggedEvidence, UsesOfKeysWaitForTheKeyTable) {
    auto seen = poll("10");
    seen.log->uses.add("k", kStart + 1s);
    record(seen);
    EXPECT_EQ(book_.take_uses().latest().at("k"), kStart + 1s);
    EXPECT_TRUE(book_.take_uses().empty());
    save();
    seen.log->uses = {};
    seen.log->uses.add("k", kStart - 1s);
    record(seen);
    save();
    EXPECT_EQ(state_->load_key_uses()->latest().at("k"), kStart + 1s) << "the latest counts";
}

TEST_F(LoggedEvidence, NothingIsTakenOffThatTheLogDoesNotHold) {
    record(poll("1"));
    book_.begin_own_requests({Event::failure_unknown_key});
    record(poll("2", 1));
    EXPECT_EQ(counted(), 1U) << "a client's, at the moment of a probe";
    book_.end_own_requests({Event::failure_unknown_key});
    collectors::Observation probed;
    probed.caused = {Event::failure_unknown_key};
    book_.record("probe", probed, 1min, now_, model_);
    record(poll("3", 1));
    EXPECT_EQ(counted(), 2U);
}

TEST_F(LoggedEvidence, WhatTheLogKnowsForOwnIsLeftOutAndShowsThatItCanCount) {
    record(poll("1"));
    auto seen = poll("2", 1);
    seen.counted->own.at(index_of(Event::failure_unknown_key)) = 3;
    record(seen);
    EXPECT_EQ(counted(), 1U);
    EXPECT_EQ(model_.evidence.sources.at(kLog).sums.at(index_of(Event::failure_unknown_key)), 4);
    record(poll("3", 1));
    EXPECT_EQ(counted(), 2U);
}

}  // namespace
}  // namespace keyshift::journal
