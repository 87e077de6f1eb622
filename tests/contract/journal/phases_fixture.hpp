// SPDX-License-Identifier: Apache-2.0
// A key journal that polls a table which the test changes as it likes; what the tests of phases have in
// common.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "contract/temporary_directory.hpp"
#include "domain/assess.hpp"
#include "journal/key_journal.hpp"

namespace keyshift::journal {

using base::Time;
using collectors::Scan;
using domain::FallbackMode;
using domain::Key;
using domain::Phase;
using namespace std::chrono_literals;
namespace event = store::event;

constexpr base::Duration kDay = 24h;
inline constexpr Time kStart{1'768'003'200s};

struct KeyRow {
    std::string owner = "o";
    std::string name = {};
    std::optional<Time> used = {};
    Time created = kStart - 100 * kDay;
    std::optional<Time> expires = {};
    bool blocked = false;
    bool legacy = true;
};

class KeyJournalPhases : public ::testing::Test {
 protected:
    KeyJournalPhases() { restart(); }

    void restart(FallbackMode asserted = FallbackMode::present) {
        policy_.asserted = asserted;
        journal_.reset();
        state_.reset();
        state_ = *store::State::open(directory_);
        journal_ = std::make_unique<KeyJournal>(*state_, JournalSettings{.policy = policy_});
    }

    void legacy(const std::string& id, const std::string& name = {}) {
        table_[id] = {.name = name, .used = now_ - 1h};
    }
    void modern(const std::string& id, const std::string& name = {}) {
        table_[id] = {.name = name, .created = now_, .legacy = false};
    }

    void show(const std::string& id) {
        const KeyRow& row = table_.at(id);
        Key key;
        key.id = id;
        key.owner = row.owner;
        if (!row.name.empty()) key.name = row.name;
        key.created_at = row.created;
        key.last_used_at = row.used;
        key.expires_at = row.expires;
        key.blocked = row.blocked;
        key.legacy = row.legacy;
        EXPECT_TRUE(journal_->key(key));
    }
    void show(Scan scan) {
        EXPECT_TRUE(journal_->prepare());
        EXPECT_TRUE(journal_->begin({.scan = scan, .moment = now_, .data_at = now_, .table = at_}));
        for (const auto& [id, row] : table_) {
            const bool active =
                std::max(row.created, row.used.value_or(row.created)) >= now_ - policy_.windows.drain;
            if (scan == Scan::census || (scan == Scan::active && row.legacy && active)) show(id);
        }
        if (scan != Scan::active) return;
        for (const std::string& id : journal_->missing(100).value())
            if (table_.count(id) != 0) show(id);
    }
    const domain::PhaseCounts& poll(base::Duration later = 1min, Scan scan = Scan::census) {
        now_ += later;
        show(scan);
        outcome_ = journal_->finish(1min).value();
        EXPECT_EQ(domain::baseline(outcome_.migration.tally.phases), outcome_.inventory.baseline);
        return outcome_.migration.tally.phases;
    }
    void broken_census() {
        now_ += 1min;
        show(Scan::census);
        journal_->forget_scan();
    }

    template <class Decision>
    void decide(const Decision& decision) {
        const auto beside = store::State::attach(directory_).value();
        auto transaction = beside->begin();
        transaction->decide(decision);
        EXPECT_TRUE(transaction->commit());
    }
    void acknowledge(const std::string& id) { decide(store::Acknowledgement{id, now_, "op", ""}); }
    void pair(const std::string& old, const std::string& replacement) {
        decide(store::OperatorPair{old, replacement, now_, "op"});
    }

    std::unique_ptr<store::KeyHistory> history(const std::string& id) { return state_->load_key(id).value(); }
    std::optional<Phase> phase(const std::string& id) { return history(id)->memory.phase; }
    std::string replacement(const std::string& id) {
        const auto key = history(id);
        return key->pairing ? key->pairing->replacement : "none";
    }
    std::size_t events(std::string_view kind) {
        const auto all = state_->load_events(1000).value();
        return static_cast<std::size_t>(
            std::count_if(all.begin(), all.end(), [kind](const store::Event& e) { return e.kind == kind; }));
    }
    std::uint64_t entered(Phase phase) const { return domain::count_of(outcome_.totals.transitions, phase); }
    domain::Verdict verdict() const {
        domain::Model model;
        model.policy = policy_;
        model.keys = outcome_;
        model.sources[domain::kKeysSource].up = true;
        model.sources[domain::kKeysSource].last_success_at = now_;
        return assess(model, now_).judgement.verdict;
    }

    const TemporaryDirectory own_{"phases"};
    const std::filesystem::path directory_ = own_.path();
    domain::Policy policy_;
    std::unique_ptr<store::State> state_;
    std::unique_ptr<KeyJournal> journal_;
    domain::KeyPoll outcome_;
    std::map<std::string, KeyRow> table_;
    domain::TableIdentity at_;
    Time now_ = kStart;
};

}  // namespace keyshift::journal
