// SPDX-License-Identifier: Apache-2.0
// The journal belongs to one table: what becomes of it when another one stands in its place.
#include "contract/journal/phases_fixture.hpp"

namespace keyshift::journal {
namespace {

using domain::TableIdentity;
using Journal = store::AcceptedTable::Journal;

TableIdentity table(const std::string& system, const std::string& relations = "16400") {
    return {system, "gateway (16384)", "public.virtual_keys", relations};
}

class KeyJournalTable : public KeyJournalPhases {
 protected:
    /// Four legacy keys, of which one is in use, and a modern one, in the production's table.
    KeyJournalTable() {
        for (const std::string id : {"a", "b", "c", "d"}) table_[id] = {.used = kStart - 20 * kDay};
        legacy("a");
        modern("m");
        at_ = table("production");
        poll();
        poll();
    }

    void keep_only(const std::set<std::string>& ids) {
        for (auto row = table_.begin(); row != table_.end();)
            row = ids.count(row->first) != 0 ? std::next(row) : table_.erase(row);
    }
    base::Result<domain::KeyPoll> try_poll(const TableIdentity& now_at) {
        at_ = now_at;
        now_ += 1min;
        show(Scan::census);
        return journal_->finish(1min);
    }
    void accept(const TableIdentity& accepted, Journal journal) {
        decide(store::AcceptedTable{accepted, journal, now_, "op"});
    }
    std::optional<base::Time> observed_since() { return outcome_.migration.observed_since; }
};

TEST_F(KeyJournalTable, AnotherTableWithFewOfTheKeysIsRefusedAndForgotten) {
    keep_only({"a", "m"});
    const auto refused = try_poll(table("staging"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, base::Errc::schema);
    EXPECT_NE(refused.error().what.find("1 of 4 known legacy keys"), std::string::npos);
    EXPECT_NE(refused.error().hint.find("accept-table"), std::string::npos);
    const auto tables = state_->load_tables().value();
    EXPECT_EQ(tables.known, table("production"));
    EXPECT_EQ(tables.strange, table("staging"));
    EXPECT_EQ(tables.recognised.missing_in_use, 0U);
    // The right table is back: nothing has happened.
    for (const std::string id : {"b", "c", "d"}) table_[id] = {.used = kStart - 20 * kDay};
    at_ = table("production");
    EXPECT_EQ(domain::count_of(poll(), Phase::retired), 0U);
    EXPECT_EQ(events(event::kTable), 0U);
    EXPECT_FALSE(state_->load_tables().value().strange);
}

TEST_F(KeyJournalTable, AMoveGoesOnAndIsSaid) {
    keep_only({"a", "b", "m"});
    const auto moved = try_poll(table("upgraded"));
    ASSERT_TRUE(moved);
    EXPECT_EQ(moved->totals.table_changes, 1U);
    EXPECT_EQ(moved->inventory.legacy_keys, 2U);
    EXPECT_EQ(events(event::kTable), 1U);
    EXPECT_EQ(moved->migration.observed_since, observed_since()) << "last uses stay known";
    const auto again = try_poll(table("upgraded"));
    EXPECT_EQ(again->totals.table_changes, 1U);
    EXPECT_EQ(events(event::kTable), 1U);
    restart();
    EXPECT_EQ(try_poll(table("upgraded"))->totals.table_changes, 1U);
}

TEST_F(KeyJournalTable, ATableThatIsMadeAnewIsAnotherOneAndARenamedOneIsNot) {
    keep_only({"a"});
    auto renamed = table("production");
    renamed.table = "public.old_keys";
    EXPECT_TRUE(try_poll(renamed)) << "it lost keys, but it is the same table";
    keep_only({});
    EXPECT_FALSE(try_poll(table("production", "16999")));
}

TEST_F(KeyJournalTable, KeysThatHadGoneProveNothingWhenTheyComeBack) {
    keep_only({"a", "m"});
    poll();
    poll();
    // A copy from before the deletions, without the one key that was left.
    for (const std::string id : {"b", "c", "d"}) table_[id] = {.used = kStart - 20 * kDay};
    table_.erase("a");
    const auto copy = try_poll(table("staging"));
    ASSERT_FALSE(copy);
    EXPECT_NE(copy.error().what.find("0 of 1 known legacy keys"), std::string::npos) << copy.error().what;
    EXPECT_EQ(state_->load_tables().value().recognised.missing_in_use, 1U);
}

TEST_F(KeyJournalTable, WithoutAKnownKeyNothingTellsTheTablesApart) {
    keep_only({"m"});
    poll();
    poll();
    EXPECT_FALSE(try_poll(table("staging")));
}

TEST_F(KeyJournalTable, AnAcceptedTableGoesOnWithWhatIsInIt) {
    keep_only({"b", "m"});
    EXPECT_FALSE(try_poll(table("new")));
    accept(table("new"), Journal::goes_on);
    const auto taken = try_poll(table("new"));
    ASSERT_TRUE(taken);
    EXPECT_EQ(domain::count_of(taken->migration.tally.phases, Phase::retired_in_use), 1U) << "a was in use";
    EXPECT_EQ(taken->inventory.baseline, 4U);
    EXPECT_EQ(taken->migration.observed_since, now_) << "the verdict waits for W anew";
    keep_only({"m"});
    EXPECT_FALSE(try_poll(table("a third one"))) << "only what was accepted";
}

TEST_F(KeyJournalTable, AnAcceptedTableLetsTheJournalBeginAnew) {
    keep_only({"m"});
    table_["x"] = {.used = now_ - 1h};
    EXPECT_FALSE(try_poll(table("other gateway")));
    accept(table("other gateway"), Journal::begins_anew);
    const auto anew = try_poll(table("other gateway"));
    ASSERT_TRUE(anew);
    EXPECT_EQ(anew->inventory.baseline, 1U);
    EXPECT_EQ(domain::baseline(anew->migration.tally.phases), 1U) << "nothing is left of the others";
    EXPECT_EQ(anew->migration.observed_since, now_);
    EXPECT_EQ(anew->totals.legacy_keys_created, 0U);
    restart();
    EXPECT_EQ(try_poll(table("other gateway"))->inventory.baseline, 1U) << "not once more";
}

TEST_F(KeyJournalTable, AJournalThatBeganAnewDoesNotBeginOnceMoreAfterAMove) {
    keep_only({"m"});
    table_["x"] = {.used = now_ - 1h};
    EXPECT_FALSE(try_poll(table("other gateway")));
    accept(table("other gateway"), Journal::begins_anew);
    const auto anew = try_poll(table("other gateway"));
    ASSERT_TRUE(anew);
    EXPECT_TRUE(try_poll(table("moved")));
    EXPECT_TRUE(try_poll(table("moved")));
    restart();
    const auto later = try_poll(table("moved"));
    ASSERT_TRUE(later) << later.error().what;
    EXPECT_EQ(later->migration.observed_since, anew->migration.observed_since);
    EXPECT_EQ(state_->load_tables().value().known, table("moved"));
}

TEST_F(KeyJournalTable, AnAcceptanceIsOfOneTimeAndNotForEver) {
    keep_only({"b", "m"});
    EXPECT_FALSE(try_poll(table("new")));
    accept(table("new"), Journal::goes_on);
    EXPECT_TRUE(try_poll(table("new")));
    EXPECT_TRUE(try_poll(table("moved")));
    // What was accepted months ago is a copy that was left behind now.
    table_["x"] = {.used = now_ - 1h};
    keep_only({"m", "x"});
    EXPECT_FALSE(try_poll(table("new")));
    EXPECT_FALSE(try_poll(table("new")));
    accept(table("new"), Journal::goes_on);
    EXPECT_TRUE(try_poll(table("new")));
}

}  // namespace
}  // namespace keyshift::journal
