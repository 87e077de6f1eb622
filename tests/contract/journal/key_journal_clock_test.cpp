// SPDX-License-Identifier: Apache-2.0
// A database whose clock was wrong for a while: what was written then must not hold the verdict up for ever,
// and must not be forgotten either.
#include "contract/journal/phases_fixture.hpp"

namespace keyshift::journal {
namespace {

class KeyJournalClock : public KeyJournalPhases {
 protected:
    KeyJournalClock() {
        legacy("a", "api");
        modern("m", "api");
        poll();
    }
    void use(const std::string& id) { table_.at(id).used = now_; }
    /// One poll ten years later, at which `id` is in use, and one at the right time again.
    void excursion(const std::string& id) {
        constexpr base::Duration kAway = 10 * 365 * kDay;
        now_ += kAway;
        use(id);
        poll();
        now_ -= kAway;
        table_.at(id).used = now_;
        poll();
    }
};

TEST_F(KeyJournalClock, AModernKeyIsInUseByTheRightClockAgain) {
    excursion("m");
    use("m");
    poll();
    EXPECT_EQ(outcome_.migration.evidence.newest_modern_use, now_ - 1min);
}

TEST_F(KeyJournalClock, AUseOfALegacyKeyCountsAsOfThen) {
    excursion("a");
    EXPECT_EQ(outcome_.migration.evidence.newest_legacy_use, now_);
    use("a");
    poll();
    EXPECT_EQ(outcome_.migration.evidence.newest_legacy_use, now_ - 1min) << "it does not lie in the future";
    restart();
    poll(8 * kDay);
    EXPECT_LT(outcome_.migration.evidence.newest_legacy_use, now_ - 7 * kDay);
}

TEST_F(KeyJournalClock, AUseInTheFutureThatStandsStillIsNoneAfterARestart) {
    const auto uses = [this] { return outcome_.totals.legacy_uses_observed; };
    legacy("b", "other");
    table_.at("b").used = now_ + 10 * kDay;  // as it was first seen
    table_.at("a").used = now_ + 10 * kDay;
    poll();
    const auto before = uses();
    restart();
    poll();
    EXPECT_EQ(uses(), before);
    for (const char* const id : {"a", "b"}) {
        table_.at(id).used = now_ + 11 * kDay;
        poll();
    }
    EXPECT_EQ(uses(), before + 2);
    restart();
    poll();
    EXPECT_EQ(uses(), before + 2);
}

TEST_F(KeyJournalClock, AKeyThatComesNextIsNoOlderThanTheLastCensusWithoutIt) {
    excursion("m");
    table_["b"] = {.created = kStart - 90 * kDay};
    poll();
    EXPECT_GE(outcome_.migration.newest_legacy_created_at, now_ - 2min);
}

TEST_F(KeyJournalClock, AStandbyThatIsBehindIsNoClockThatWasSetBack) {
    use("a");
    poll();
    const auto known = outcome_.migration.evidence.newest_legacy_use;
    EXPECT_TRUE(journal_->prepare());
    EXPECT_TRUE(journal_->begin(
        {.scan = Scan::census, .moment = now_ + 1min, .data_at = now_ - 8 * kDay, .table = at_}));
    for (const auto& [id, row] : table_) show(id);
    outcome_ = journal_->finish(1min).value();
    EXPECT_EQ(outcome_.migration.evidence.newest_legacy_use, known);
}

}  // namespace
}  // namespace keyshift::journal
