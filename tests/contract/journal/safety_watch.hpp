// SPDX-License-Identifier: Apache-2.0
// The part of the daemon that judges: the journal of the key table and the book of evidence on one state, fed
// with what the sources of a World show. It can be killed between any two steps.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "collectors/catalog.hpp"
#include "contract/journal/safety_world.hpp"
#include "contract/temporary_directory.hpp"
#include "domain/assess.hpp"
#include "domain/evidence_facts.hpp"
#include "domain/keys/plausible.hpp"
#include "journal/evidence_book.hpp"
#include "journal/key_journal.hpp"

namespace keyshift::journal::safety {

using domain::Event;

constexpr Duration kPollEvery = 6h;

class Watch {
 public:
    explicit Watch(const World& world) : world_(world) {
        policy_.last_used_delay = 12h;
        policy_.uses_recorded = true;
        policy_.promotes_in_place = world.traits.promotes;
        policy_.measurable["keys"] = {};
        policy_.known_sources = collectors::known_sources();
        const auto can = [](std::initializer_list<Event> events) {
            domain::Events out;
            for (const Event event : events) out.set(index_of(event));
            return out;
        };
        if (world.statements.configured)
            policy_.measurable["statements"] = countable_ =
                can({Event::fallback, Event::fallback_scan, Event::fallback_scanned_key, Event::lookup_found,
                     Event::lookup_not_found, Event::verification});
        if (world.log.configured)
            policy_.measurable["gateway_log"] = can({Event::fallback, Event::request_success});
        if (world.metric.configured) policy_.measurable["gateway_metrics"] = can({Event::fallback});
        if (world.traits.probe) policy_.measurable["probe"] = {};
        if (world.traits.canary) policy_.canary = kCanary;
        start();
    }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    ~Watch() { stop(); }

    domain::Policy& policy() { return policy_; }
    const domain::Policy& policy() const { return policy_; }
    const domain::Model& model() const { return model_; }

    /// What was not saved is gone.
    void restart() {
        stop();
        start();
    }
    void copy_state() {
        std::filesystem::remove_all(copy());
        std::filesystem::copy(directory_, copy());
        log_copied_ = log_saved_;
    }
    /// An administrator puts the copy in the state's place.
    void restore_state() {
        stop();
        std::filesystem::remove_all(directory_);
        std::filesystem::copy(copy(), directory_);
        log_saved_ = log_copied_;
        start();
    }
    /// This host's clock minus the database's. It is noticed at the next poll of the keys.
    void set_clock(Duration ahead) { ahead_ = ahead; }

    /// One request without credentials, and one with the canary key if there is one.
    void poll_probe(World& world) {
        if (policy_.measurable.count("probe") == 0) return;
        collectors::Observation seen{.taken_at = host(world.now())};
        seen.probe.emplace();
        seen.probe->refused_at = seen.taken_at;
        if (world.traits.canary) {
            const bool in = world.ask_canary();
            (in ? seen.probe->canary_accepted_at : seen.probe->canary_refused_at) = seen.taken_at;
            if (in) {
                seen.caused = {Event::lookup_not_found, Event::fallback_scan, Event::fallback,
                               Event::verification};
            } else {
                seen.caused = {Event::lookup_not_found};
            }
        }
        record("probe", seen);
    }

    void poll_statements(World& world) {
        if (!world.statements.configured) return;
        const Counters& c = world.counted;
        const std::string epoch = std::to_string(c.statistics_epoch);
        auto seen = counted(host(world.now()));
        seen.counted->countable = countable_;
        seen.counted->lossy = !world.statements.is_on;
        seen.counted->ground.at_work = c.lookups > lookups_seen_;
        if (!world.statements.sees_fallback && world.statements.doubts && world.fallback_works())
            seen.counted->ground.doubt = "a statement reads the hash and fits no class";
        lookups_seen_ = c.lookups;
        seen.counted->readings.instances.push_back(
            {"",
             false,
             {{"scan", c.scans, epoch, {{Event::fallback_scan, 1}}},
              {"scanned", c.scanned, epoch, {{Event::fallback_scanned_key, 1}}},
              {"lookup", c.lookups, epoch, {{Event::lookup_not_found, 1}}},
              {"found", c.found, epoch, {{Event::lookup_found, 1}, {Event::lookup_not_found, -1}}},
              {"touch", c.touches, epoch, {{Event::verification, 1}}}}});
        record("statements", seen);
    }
    void poll_log(World& world) {
        if (!world.log.configured) return;
        auto seen = counted(host(world.now()));
        seen.counted->countable = policy_.measurable.at("gateway_log");
        const LogPosition& end = world.log_end();
        seen.counted->ground.at_work = world.log.is_on && end.lines > log_.lines;
        seen.counted->grown.at(index_of(Event::fallback)) = end.hits - log_.hits;
        seen.counted->own.at(index_of(Event::fallback)) = end.own - log_.own;
        seen.counted->grown.at(index_of(Event::request_success)) = end.successes - log_.successes;
        seen.log.emplace();
        for (std::size_t i = log_.named; i < end.named; ++i)
            seen.log->uses.add(world.named_use(i).first, world.named_use(i).second);
        log_ = end;
        record("gateway_log", seen);
    }
    void poll_metrics(World& world) {
        if (!world.metric.configured) return;
        auto seen = counted(host(world.now()));
        seen.counted->countable = policy_.measurable.at("gateway_metrics");
        seen.counted->ground.at_work = true;
        seen.counted->readings.instances.push_back({"replica",
                                                    false,
                                                    {{"fallback",
                                                      world.counted.metric,
                                                      std::to_string(world.counted.process),
                                                      {{Event::fallback, 1}}}}});
        record("gateway_metrics", seen);
    }

    /// A snapshot of `table`, as it was at `data_at`, of the database called `name`, as the collector has it.
    KeySnapshot poll_keys(const Table& table, Time now, Time data_at, const std::string& name, Scan scan) {
        KeySnapshot snapshot{.scan = scan, .data_at = data_at};
        const bool early = assessment(now).judgement.awaits_census;
        if (journal_->prepare().value() == Scan::census || !last_scan_ || early) snapshot.scan = Scan::census;
        const domain::KeyUses uses = book_.take_uses();
        told_.merge(uses);
        journal_->record_counted(domain::counted_fallback(model_, database_now(model_, host(now))), uses);
        EXPECT_TRUE(journal_->begin({.scan = snapshot.scan,
                                     .moment = now,
                                     .data_at = data_at,
                                     .table = {"system " + name, "gateway (1)", "virtual_keys", "2"}}));
        for (const bool legacy : {true, false})
            for (const auto& [id, row] : table)
                if (row.legacy == legacy && is_shown(row, snapshot)) show(id, row, snapshot);
        if (snapshot.scan == Scan::active) show_missing(table, snapshot);
        snapshot.accepted = finish_keys(now, data_at);
        if (snapshot.accepted) snapshot.told = std::exchange(told_, {});
        return snapshot;
    }
    domain::Assessment assessment(Time now) const { return assess(model_, database_now(model_, host(now))); }
    /// Evidence is written beside the journal, some time after it was taken.
    void save() {
        auto transaction = beside_->begin();
        ASSERT_TRUE(transaction);
        book_.take_unsaved(model_).write(*transaction);
        EXPECT_TRUE(transaction->commit());
        log_saved_ = log_;
    }

    void acknowledge(const std::string& id, Time at) { decide(store::Acknowledgement{id, at, "op", ""}); }
    void pair(const std::string& old, const std::string& replacement, Time at) {
        decide(store::OperatorPair{old, replacement, at, "op"});
    }

 private:
    bool is_shown(const Row& row, const KeySnapshot& snapshot) const {
        if (snapshot.scan == Scan::census) return true;
        const Time since = snapshot.scan == Scan::active
                               ? snapshot.data_at - policy_.windows.drain
                               : *last_scan_ - std::max<Duration>(60s, policy_.last_used_delay);
        return row.legacy && std::max(row.created, row.used) >= since;
    }
    void show_missing(const Table& table, KeySnapshot& snapshot) {
        for (const std::string& id : journal_->missing(100).value()) {
            snapshot.missing.insert(id);
            if (const auto row = table.find(id); row != table.end()) show(id, row->second, snapshot);
        }
    }
    bool finish_keys(Time now, Time data_at) {
        auto outcome = journal_->finish(kPollEvery);
        domain::SourceStatus& status = model_.sources[domain::kKeysSource];
        ++status.polls;
        status.up = outcome.has_value();
        if (!outcome) return false;
        status.last_success_at = data_at;
        if (!status.observation_start) status.observation_start = data_at;
        EvidenceBook::follow_table(outcome->totals.table_changes, host(now), model_);
        domain::set_skew(model_, ahead_, host(now));
        model_.keys = *std::move(outcome);
        model_.watch = domain::watch_after(model_.watch, now, kPollEvery);
        EvidenceBook::update(model_, host(now));
        last_scan_ = data_at;
        return true;
    }
    void stop() {
        journal_.reset();
        beside_.reset();
        state_.reset();
    }
    void start() {
        state_ = *store::State::open(directory_);
        beside_ = std::move(store::State::attach(directory_).value());
        journal_ = std::make_unique<KeyJournal>(*state_, JournalSettings{.policy = policy_});
        model_ = {};
        model_.policy = policy_;
        book_ = {};
        EXPECT_TRUE(book_.load(*state_, model_, host(world_.now())));
        log_ = log_saved_;
        last_scan_.reset();
        const auto starts = state_->load_observation_starts().value();
        if (const auto at = starts.find(domain::kKeysSource); at != starts.end())
            model_.sources[domain::kKeysSource].observation_start = at->second;
    }
    static collectors::Observation counted(Time now) {
        collectors::Observation seen{.taken_at = now};
        seen.counted.emplace();
        return seen;
    }
    void record(const std::string& source, const collectors::Observation& seen) {
        ++model_.sources[source].polls;
        model_.sources[source].up = true;
        book_.record(source, seen, kPollEvery, seen.taken_at, model_);
        EvidenceBook::update(model_, seen.taken_at);
    }
    Time host(Time database_time) const { return database_time + ahead_; }
    std::filesystem::path copy() const { return own_.path() / "copy"; }
    void show(const std::string& id, const Row& from, KeySnapshot& snapshot) {
        snapshot.rows[id] = from;
        domain::KeyRow row;
        row.id = id;
        row.owner = from.owner;
        row.name = from.name;
        row.prefix = "sk-";
        row.created_at = from.created;
        row.last_used_at = from.used;
        row.expires_at = from.expires;
        row.blocked = from.blocked;
        row.hash = from.legacy ? from.hash : domain::HashKind::modern;
        EXPECT_TRUE(journal_->key(domain::plausible(row, snapshot.data_at)));
    }
    template <class Decision>
    void decide(const Decision& decision) {
        auto transaction = beside_->begin();
        ASSERT_TRUE(transaction);
        transaction->decide(decision);
        EXPECT_TRUE(transaction->commit());
    }

    const World& world_;
    domain::Policy policy_;
    domain::Events countable_;
    const TemporaryDirectory own_{"safety", history::place_of_histories()};
    const std::filesystem::path directory_ = own_.path() / "state";
    std::unique_ptr<store::State> state_;
    std::unique_ptr<store::State> beside_;  // a connection of its own, as the daemon has for evidence
    std::unique_ptr<KeyJournal> journal_;
    EvidenceBook book_;
    domain::Model model_;
    std::uint64_t lookups_seen_ = 0;
    LogPosition log_, log_saved_, log_copied_;
    std::optional<Time> last_scan_;  // by this process
    Duration ahead_{};
    domain::KeyUses told_;
};

}  // namespace keyshift::journal::safety
