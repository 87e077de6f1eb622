// SPDX-License-Identifier: Apache-2.0
// The part of the daemon that a history is about: a journal with its state in a directory of its own, which
// can be restarted, and whose scans can break off.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "contract/journal/history_gateway.hpp"
#include "contract/temporary_directory.hpp"
#include "domain/assess.hpp"
#include "journal/key_journal.hpp"
#include "journal/saved_model.hpp"

namespace keyshift::journal::history {

class Daemon {
 public:
    explicit Daemon(const domain::Policy& policy) : policy_(policy) { restart(); }
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    void restart() {
        journal_.reset();
        state_.reset();
        state_ = *store::State::open(directory_);
        journal_ = std::make_unique<KeyJournal>(*state_, JournalSettings{.policy = policy_});
        model_ = {};
        model_.policy = policy_;
        const auto starts = state_->load_observation_starts().value();
        if (const auto start = starts.find(domain::kKeysSource); start != starts.end())
            model_.sources[domain::kKeysSource].observation_start = start->second;
    }

    Scan wanted() { return journal_->prepare().value(); }

    /// The scan fails after `keys` keys.
    void break_off(const Shown& shown, std::size_t keys) {
        EXPECT_TRUE(journal_->prepare());
        begin(shown, keys);
        journal_->forget_scan();
    }

    /// After wanted(). The source begins, shows some keys, and is found to have begun anew when poll() comes.
    void begin(const Shown& shown, std::size_t keys) {
        EXPECT_TRUE(
            journal_->begin({.scan = shown.scan, .moment = shown.now, .data_at = shown.now, .table = {}}));
        for (std::size_t i = 0; i < std::min(keys, shown.rows.size()); ++i)
            EXPECT_TRUE(journal_->key(shown.rows[i].key()));
        if (keys < shown.rows.size() || shown.scan != Scan::active) return;
        const auto missing = journal_->missing(shown.most_missing).value();
        EXPECT_EQ(std::set<std::string>(missing.begin(), missing.end()), shown.missing);
        for (const Row& row : shown.found) EXPECT_TRUE(journal_->key(row.key()));
    }

    const domain::KeyPoll& poll(const Shown& shown, Duration poll_every, std::optional<Duration> elapsed) {
        begin(shown, shown.rows.size());
        outcome_ = journal_->finish(poll_every, elapsed).value();
        EXPECT_FALSE(outcome_.state_error);
        domain::SourceStatus& source = model_.sources[domain::kKeysSource];
        source.up = true;
        source.last_success_at = shown.now;
        if (!source.observation_start) source.observation_start = shown.now;
        model_.keys = outcome_;
        return outcome_;
    }

    template <class Decision>
    void decide(const Decision& decision) {
        const auto beside = store::State::attach(directory_).value();
        auto transaction = beside->begin();
        ASSERT_TRUE(transaction);
        transaction->decide(decision);
        EXPECT_TRUE(transaction->commit());
    }

    domain::Model& model() { return model_; }
    /// As another process sees it.
    domain::Model saved_model() {
        const auto beside = store::State::attach(directory_).value();
        domain::Model model = load_model(*beside).value();
        model.policy = policy_;
        if (model.keys) model.keys->judged_by = policy_;
        return model;
    }
    store::State& state() { return *state_; }

 private:
    domain::Policy policy_;
    const TemporaryDirectory own_{"history", place_of_histories()};
    const std::filesystem::path directory_ = own_.path();
    std::unique_ptr<store::State> state_;
    std::unique_ptr<KeyJournal> journal_;
    domain::KeyPoll outcome_;
    domain::Model model_;
};

/// What the state has of each key.
struct Remembered {
    domain::KeyMemory memory;
    std::optional<store::Pairing> pairing;
};
inline std::map<std::string, Remembered> remembered(store::State& state) {
    std::map<std::string, Remembered> out;
    EXPECT_TRUE(state.load_keys([&](const domain::Key& key, const domain::KeyMemory& memory) {
        out[std::string(key.id)].memory = memory;
    }));
    for (auto& [id, key] : out) key.pairing = state.load_pairing(key.memory.row).value();
    return out;
}

inline std::string as_text(std::optional<Time> time) {
    return time ? base::format_rfc3339(*time) : "never";
}

/// In words what two runs of one history must have in common after each poll; but for row numbers, when
/// the forecast was made, and which use of a replacement was the first that was found: one that was found
/// before the clock was set back is forgotten by a restart.
inline std::vector<std::string> contents(store::State& state) {
    std::vector<std::string> out;
    for (const auto& [id, key] : remembered(state)) {
        const domain::KeyMemory& m = key.memory;
        std::string line = id + ' ' + std::string(m.phase ? phase_name(*m.phase) : "-") + ' ' +
                           std::string(phase_name(m.candidate)) + " since " + std::to_string(m.since) +
                           " used " + std::to_string(m.last_used) + " gap " + std::to_string(m.longest_gap) +
                           (m.advanced ? " advanced" : "") + (m.gone ? " gone" : "") +
                           (m.upgraded ? " upgraded" : "") + (m.in_use ? " in use" : "") +
                           (m.with_owner ? " with owner" : "");
        if (key.pairing) {
            line += ", " + key.pairing->replacement + " by " + std::string(rule_name(key.pairing->rule)) +
                    " at " + as_text(key.pairing->at) + " used " +
                    (key.pairing->used_at ? "some time" : "never");
        }
        out.push_back(std::move(line));
    }
    for (const auto& [name, value] : state.load_counters().value())
        out.push_back("counter " + name.first + ' ' + name.second + ' ' + std::to_string(value));
    for (const auto& [name, value] : state.load_facts().value())
        if (name.rfind("eta_", 0) != 0 && name != store::kBegunAt)
            out.push_back("fact " + name + ' ' + value);
    return out;
}

/// Likewise, at the end: what happened to each key of `ids`, and progress.
inline std::vector<std::string> timeline(store::State& state, const std::vector<std::string>& ids) {
    std::vector<std::string> out;
    const auto add = [&out](const std::string& id, const store::Event& e) {
        out.push_back(as_text(e.at) + ' ' + id + ' ' + e.kind + ' ' +
                      std::string(e.was ? phase_name(*e.was) : "") + " -> " +
                      std::string(e.phase ? phase_name(*e.phase) : "") + ' ' +
                      std::to_string(e.keys.value_or(0)) + ' ' + e.detail);
    };
    for (const std::string& id : ids) {
        const auto history = state.load_key(id).value();
        if (!history) continue;
        for (const store::Event& event : history->events)
            if (event.kind != store::event::kReplacementUsed) add(id, event);
        out.push_back(id + " gone " + as_text(history->gone_at) + ", named " + history->name + ", of " +
                      history->owner);
    }
    for (const store::Event& event : state.load_events(1'000'000).value())
        if (!event.row) add("-", event);
    for (const store::ProgressPoint& point : state.load_progress({}).value())
        out.push_back(as_text(point.at) + " live " + std::to_string(point.live) + " removed " +
                      std::to_string(point.removed) + " drained " + std::to_string(point.drained));
    std::sort(out.begin(), out.end());
    return out;
}

}  // namespace keyshift::journal::history
