// SPDX-License-Identifier: Apache-2.0
// Never SAFE while a legacy key was used within its window, or while its holder has not moved, as far as any
// source showed it. Random histories of a gateway with all that the field does to it; the oracle is an
// independent reading of that one sentence, on what was shown and on what is true. KEYSHIFT_HISTORIES says
// how many; KEYSHIFT_HISTORY=seed shows one.
#include <cstdlib>
#include <deque>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "safety_watch.hpp"
#include "safety_world.hpp"

namespace keyshift::app::safety {
namespace {

/// What polls of the key table have shown of a key that was ever legacy.
struct Shown {
    std::string owner;
    std::optional<Time> used = {};  ///< the latest use ever shown while it was legacy
    std::optional<Time> appeared_at =
        {};  ///< the last census without it; empty: it was there at the first one
    bool gone = false;
    bool upgraded = false;
    bool blocked = false;
    Time gone_at = {};
    bool used_since = false;
    std::optional<Time> acknowledged_at = {};
};

class History {
 public:
    explicit History(std::uint64_t seed)
        : random_(seed), world_(random_), watch_(world_), window_(watch_.policy().windows.drain) {
        if (world_.traits.promotes && random_.chance(50)) watch_.policy().promotes_in_place = false;
        if (random_.chance(40)) watch_.policy().asserted = domain::FallbackMode::present;
        watch_.restart();
    }

    void run();

    int polls = 0, safe_polls = 0;
    bool honest_end = false, reached_safe = false;
    std::vector<std::string> faults;
    std::string last_checks;
    void explain(std::ostream& out) const;

 private:
    using Happening = void (History::*)();
    void happen();
    void step(Duration d);
    void poll_keys();
    void take_shown(const Table& table, Time data_at);
    void check();
    void finish();
    void note(const std::string& what) { log_.push_back(base::format_rfc3339(world_.now()) + ' ' + what); }
    std::string any(bool legacy) {
        std::vector<std::string> ids;
        for (const auto& [id, row] : world_.rows())
            if (row.legacy == legacy) ids.push_back(id);
        return ids.empty() ? std::string() : random_.one_of(ids);
    }

    // What happens.
    void replace() {
        const std::string old = any(true);
        if (old.empty()) return;
        const std::string id = world_.replace(old);
        note("replace " + old + " by " + id);
        for (Client& client : world_.clients)
            if (client.key == old && random_.chance(60)) world_.move(client, id);
    }
    void remove() {
        const std::string id = any(random_.chance(80));
        if (id.empty() || id == "gateway's own") return;
        note("delete " + id);
        world_.erase(id);
    }
    void backfill() {
        if (!random_.chance(15)) return;
        const bool right = random_.chance(50);
        note(right ? "backfill with right hashes" : "backfill with wrong hashes");
        world_.backfill(right);
    }
    void backup() { world_.take_backup(); }
    void restore_row() {
        if (world_.restore(false)) note("restore a row");
    }
    void restore_table() {
        if (random_.chance(30) && world_.restore(true)) note("restore the table");
    }
    void import() { note("import " + world_.import()); }
    void sentinel() {
        note("sentinels");
        world_.plant_sentinel();
    }
    void reset() { note("reset of statistics"), world_.reset_statistics(); }
    void restart_gateway() { note("restart of the gateway"), world_.restart_process(); }
    void tracking() { world_.statements.is_on = !world_.statements.is_on, note("tracking is switched"); }
    void level() { world_.log.is_on = !world_.log.is_on, note("the log's level is switched"); }
    void fallback() {
        if (!random_.chance(25)) return;
        world_.set_fallback(!world_.fallback_works());
        note(world_.fallback_works() ? "the fallback works" : "the fallback is gone");
    }
    void lag() { lag_ = random_.below(3), note("the standby is " + std::to_string(lag_) + " polls behind"); }
    void swap() { swapped_ = !swapped_, note(swapped_ ? "another database" : "the right database"); }
    void stop_client() {
        if (!world_.clients.empty()) random_.one_of(std::as_const(world_.clients)), note("a client stops");
        if (Client* const client = any_client()) client->period = 0s;
    }
    void acknowledge() {
        const std::string id = any(true);
        if (!id.empty()) decide_ack(id);
    }
    void decide_ack(const std::string& id) {
        const Time at = world_.now();
        note("ack " + id);
        watch_.acknowledge(id, at);
        shown_[id].acknowledged_at = at;
    }
    void block() {
        const std::string id = any(true);
        if (!id.empty()) world_.rows().at(id).blocked = random_.chance(70), note("block or unblock " + id);
    }
    void restart() { note("restart"), watch_.restart(); }
    void customer() { world_.add_customer(), note("a new legacy key"); }
    Client* any_client() {
        return world_.clients.empty() ? nullptr : &world_.clients[random_.below(world_.clients.size())];
    }

    bool is_proved_moved(const Shown& key, Time after) const {
        const auto modern = modern_used_.find(key.owner);
        return modern != modern_used_.end() && modern->second > after;
    }
    void fault(const std::string& what) {
        faults.push_back(base::format_rfc3339(world_.now()) + " SAFE although " + what);
    }
    void check_live(const std::string& id, const Shown& key);
    void check_gone(const std::string& id, const Shown& key);

    Random random_;
    World world_;
    Watch watch_;
    Duration window_;
    std::map<std::string, Shown> shown_;
    std::map<std::string, Time> modern_used_;  // by owner
    std::vector<FallbackUse> uses_;
    std::vector<std::pair<std::string, Time>> upgrades_with_use_;
    std::deque<std::pair<Time, Table>> past_;
    std::size_t lag_ = 0;
    bool swapped_ = false;
    bool refused_ = false;
    std::optional<Time> shown_at_;  // by the last poll
    bool ended_safe = false;
    std::vector<std::string> log_;
};

void History::happen() {
    static constexpr std::array<std::pair<unsigned, Happening>, 20> kHappenings{
        {{16, &History::replace},        {10, &History::remove},     {6, &History::backfill},
         {4, &History::backup},          {3, &History::restore_row}, {3, &History::restore_table},
         {2, &History::import},          {3, &History::sentinel},    {4, &History::reset},
         {4, &History::restart_gateway}, {3, &History::tracking},    {3, &History::level},
         {5, &History::fallback},        {4, &History::lag},         {3, &History::swap},
         {6, &History::stop_client},     {8, &History::acknowledge}, {4, &History::block},
         {6, &History::restart},         {3, &History::customer}}};
    std::uint64_t at = random_.below(100);
    for (const auto& [weight, happening] : kHappenings) {
        if (at < weight) return (this->*happening)();
        at -= weight;
    }
}

void History::step(Duration d) {
    world_.live(d);
    past_.emplace_back(world_.now(), world_.rows());
    if (past_.size() > 4) past_.pop_front();
    if (world_.statements.configured) watch_.poll_statements(world_);
    watch_.poll_log(world_);
    watch_.poll_metrics(world_);
    for (const FallbackUse& use : world_.take_uses()) uses_.push_back(use);
    poll_keys();
    ++polls;
    check();
}

void History::poll_keys() {
    if (swapped_) {
        Table other;
        for (int i = 0; i < 5; ++i)
            other["X" + std::to_string(i)] = {"someone", "else", world_.now() - 100 * kDay};
        other["XM"] = {"someone", "else", world_.now() - 50 * kDay};
        other["XM"].legacy = false;
        refused_ = !watch_.poll_keys(other, world_.now(), world_.now(), "other");
        if (!refused_) take_shown(other, world_.now());
        return;
    }
    const auto& [data_at, table] = past_[past_.size() - 1 - std::min(lag_, past_.size() - 1)];
    refused_ = !watch_.poll_keys(table, world_.now(), data_at, "own");
    if (!refused_) take_shown(table, data_at);
}

void History::take_shown(const Table& table, Time data_at) {
    for (const auto& [id, row] : table) {
        if (!row.legacy && row.used) modern_used_[row.owner] = std::max(modern_used_[row.owner], *row.used);
        auto key = shown_.find(id);
        if (row.legacy) {
            if (key == shown_.end()) {
                key = shown_.emplace(id, Shown{.owner = row.owner}).first;
                key->second.appeared_at = shown_at_;
            }
            key->second.gone = key->second.upgraded = key->second.used_since = false;
            if (row.used > key->second.used) key->second.used = row.used;
        } else if (key != shown_.end()) {
            Shown& known = key->second;
            if (!known.gone) known.gone_at = data_at;
            if (!known.upgraded && row.used > known.used) upgrades_with_use_.emplace_back(id, *row.used);
            known.used_since = known.used_since || (known.upgraded && row.used > known.gone_at);
            known.gone = known.upgraded = true;
        }
        if (key != shown_.end()) key->second.blocked = row.blocked;
    }
    for (auto& [id, key] : shown_) {
        if (table.count(id) > 0 || key.gone) continue;
        key.gone = true;
        key.gone_at = data_at;
    }
    shown_at_ = data_at;
}

void History::check() {
    const domain::Assessment assessed = watch_.assessment(world_.now());
    last_checks.clear();
    for (const auto& check : assessed.judgement.checks)
        if (check.outcome != domain::CheckOutcome::pass)
            last_checks += "  " + std::string(check_name(check.check)) + " " +
                           std::string(outcome_name(check.outcome)) + ": " + check.evidence + "\n";
    ended_safe = assessed.judgement.verdict == domain::Verdict::safe;
    if (!ended_safe) return;
    ++safe_polls;
    note("SAFE");
    const Time since = world_.now() - window_ + 1s;
    if (refused_) fault("the last poll was of another table");
    const bool absent = assessed.fallback.state.mode == domain::FallbackMode::absent;
    for (const FallbackUse& use : uses_) {
        if (use.at <= since || absent) continue;
        if (use.in_statements && !world_.traits.uses_recorded() && world_.statements.configured)
            fault("a scan for " + use.key + " was counted");
        if (use.in_log && world_.log.configured) fault("the log told of a use of " + use.key);
        if (use.in_metric && world_.metric.configured) fault("the metric counted a use of " + use.key);
    }
    for (const auto& [id, at] : upgrades_with_use_)
        if (at > since && !absent) fault(id + " was upgraded by a use");
    for (const auto& [id, key] : shown_) key.gone ? check_gone(id, key) : check_live(id, key);
}

void History::check_live(const std::string& id, const Shown& key) {
    if (key.used > world_.now() - window_ + 1s) fault(id + " was used");
    if (key.appeared_at > world_.now() - window_ + 1s) fault(id + " has appeared");
    const bool acknowledged = key.acknowledged_at && key.acknowledged_at > key.used;
    if (acknowledged || key.blocked || !key.used || is_proved_moved(key, Time{})) return;
    for (const Client& client : world_.clients)
        if (client.key == id && client.period > 0s) fault("the holder of " + id + " has not moved");
}

/// It was in use when it went, and nothing shows that its holder has moved.
void History::check_gone(const std::string& id, const Shown& key) {
    if (!key.used || *key.used <= key.gone_at - window_ + kPollEvery || key.blocked) return;
    if (key.upgraded && (watch_.policy().promotes_in_place || key.used_since)) return;
    if (world_.now() - key.gone_at >= 30 * kDay || key.acknowledged_at >= key.gone_at) return;
    if (!is_proved_moved(key, key.gone_at)) fault(id + " went while it was in use");
}

/// As it should be: everybody moves, and the operator attends to what is left.
void History::finish() {
    honest_end = true;
    note("the honest end begins");
    swapped_ = false;
    lag_ = 0;
    world_.set_fallback(true);
    world_.statements.is_on = world_.log.is_on = true;
    step(kPollEvery);
    std::vector<std::string> legacy;
    for (const auto& [id, row] : world_.rows())
        if (row.legacy) legacy.push_back(id);
    for (const std::string& id : legacy) {
        const std::string replacement = world_.replace(id);
        watch_.pair(id, replacement, world_.now());
        world_.clients.push_back({replacement, "", 3h, world_.now() + 1h});
        for (Client& client : world_.clients)
            if (client.key == id) world_.move(client, replacement);
    }
    for (int i = 0; i < 4 * 80 && !ended_safe && faults.empty(); ++i) {
        if (i % 40 == 39)
            for (auto& [id, key] : shown_) decide_ack(id);
        step(kPollEvery);
    }
}

void History::run() {
    const int length = 20 + static_cast<int>(random_.below(140));
    for (int i = 0; i < length && faults.empty(); ++i) {
        step(random_.chance(5) ? 4 * kPollEvery : kPollEvery);
        if (random_.chance(35)) happen();
    }
    if (!random_.chance(70) || !faults.empty()) return;
    finish();
    reached_safe = ended_safe;
    // Then something happens after all.
    for (int i = 0; reached_safe && i < 60 && faults.empty(); ++i) {
        if (random_.chance(20)) happen();
        step(kPollEvery);
    }
}

void History::explain(std::ostream& out) const {
    const Traits& t = world_.traits;
    out << "recording " << static_cast<int>(t.recording) << ", written late by "
        << base::format_duration(t.write_delay) << (t.overwrites ? ", overwrites" : "")
        << (t.promotes ? ", promotes" : "") << (watch_.policy().promotes_in_place ? " (declared)" : "")
        << (t.garbage > 0s ? ", garbage" : "") << "; statements " << world_.statements.configured
        << world_.statements.sees_fallback << " log " << world_.log.configured << world_.log.sees_fallback
        << " metric " << world_.metric.configured << world_.metric.sees_fallback << "; asserted "
        << mode_name(watch_.policy().asserted) << '\n';
    for (const std::string& line : log_) out << "  " << line << '\n';
    for (const std::string& line : faults) out << line << '\n';
}

TEST(Safety, NoHistoryIsSafeWhileAKeyIsUsedOrItsHolderHasNotMoved) {
    const char* const wanted = std::getenv("KEYSHIFT_HISTORIES");
    const char* const only = std::getenv("KEYSHIFT_HISTORY");
    const int histories = wanted != nullptr ? std::atoi(wanted) : 20;
    int polls = 0, safe_polls = 0, honest = 0, reached = 0, wrong = 0;
    for (int i = 1; i <= histories && wrong < 5; ++i) {
        const auto seed = only != nullptr ? std::strtoull(only, nullptr, 10) : static_cast<std::uint64_t>(i);
        History history(seed);
        history.run();
        polls += history.polls;
        safe_polls += history.safe_polls;
        honest += history.honest_end ? 1 : 0;
        reached += history.reached_safe ? 1 : 0;
        wrong += history.faults.empty() ? 0 : 1;
        if (!history.faults.empty() || only != nullptr) {
            std::cerr << "history " << seed << ": ";
            history.explain(std::cerr);
            std::cerr << history.last_checks;
        }
        for (const std::string& fault : history.faults) ADD_FAILURE() << "history " << seed << ": " << fault;
        if (only != nullptr) return;
    }
    std::cout << histories << " histories, " << polls << " polls, " << safe_polls << " of them SAFE; "
              << honest << " ended honestly, " << reached << " of these SAFE\n";
    EXPECT_GT(reached, honest / 4) << "a verdict that is never SAFE proves nothing";
}

}  // namespace
}  // namespace keyshift::app::safety
