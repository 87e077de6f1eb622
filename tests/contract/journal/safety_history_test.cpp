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

#include "contract/journal/safety_oracle.hpp"
#include "contract/journal/safety_watch.hpp"
#include "contract/journal/safety_world.hpp"

namespace keyshift::journal::safety {
namespace {

/// Each of them happens at least once in the histories that run by default.
constexpr std::array kMustHappen{"restore a row",
                                 "restore the table",
                                 "backfill with right hashes",
                                 "backfill with wrong hashes",
                                 "one upgrade with a right hash",
                                 "one upgrade with a wrong hash",
                                 "an import",
                                 "sentinels",
                                 "a standby behind",
                                 "another database",
                                 "a source that cannot see",
                                 "the log's level is switched",
                                 "a garbage key",
                                 "late writes",
                                 "out-of-order writes",
                                 "promotion in place",
                                 "two clients with one key",
                                 "a canary",
                                 "a log that names keys",
                                 "delete in use",
                                 "restart between polls",
                                 "restart within a poll",
                                 "an old state",
                                 "this host's clock is set",
                                 "reset of statistics",
                                 "restart of the gateway",
                                 "a pulse",
                                 "an active scan",
                                 "SAFE"};

class History {
 public:
    explicit History(std::uint64_t seed) : random_(seed), world_(random_), watch_(world_), oracle_(world_) {
        if (world_.traits.promotes && random_.chance(50)) watch_.policy().promotes_in_place = false;
        if (random_.chance(40)) watch_.policy().asserted = domain::FallbackMode::present;
        watch_.restart();
        count_traits();
    }

    void run();
    void explain(std::ostream& out) const;

    int polls = 0, safe_polls = 0;
    bool honest_end = false, reached_safe = false;
    std::vector<std::string> faults;
    std::map<std::string, int> happened;
    std::string last_checks;  ///< those that did not pass
    std::string held_by;      ///< their names

 private:
    using Happening = void (History::*)();
    void count_traits();
    void happen();
    void step(Duration d);
    void poll_sources();
    void poll_keys();
    Table another_table() const;
    void check();
    void finish();
    void note(const std::string& what, const std::string& which = "") {
        ++happened[what];
        log_.push_back(base::format_rfc3339(world_.now()) + ' ' + what + (which.empty() ? "" : ": ") + which);
    }
    std::string any(bool legacy) {
        const auto ids = world_.keys(legacy);
        return ids.empty() ? std::string() : random_.one_of(ids);
    }

    // What happens.
    void replace() {
        const std::string old = any(true);
        if (old.empty()) return;
        const std::string id = world_.replace(old);
        note("replace", old + " by " + id);
        for (Client& client : world_.clients)
            if (client.key == old && random_.chance(60)) world_.move(client, id);
    }
    void remove() {
        const std::string id = any(random_.chance(80));
        if (id.empty()) return;
        const Row& row = world_.rows().at(id);
        note(row.legacy && row.used > world_.now() - 7 * kDay ? "delete in use" : "delete", id);
        world_.erase(id);
    }
    void upgrade() {
        const std::string id = any(true);
        const bool right = random_.chance(50);
        if (id.empty() || random_.chance(50)) return;
        note(right ? "one upgrade with a right hash" : "one upgrade with a wrong hash", id);
        world_.upgrade(id, right);
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
    void import() { note("an import", world_.import()); }
    void sentinel() { note("sentinels"), world_.plant_sentinels(); }
    void reset() { note("reset of statistics"), world_.reset_statistics(); }
    void restart_gateway() { note("restart of the gateway"), world_.restart_process(); }
    void tracking() { world_.statements.is_on = !world_.statements.is_on, note("tracking is switched"); }
    void level() { world_.log.is_on = !world_.log.is_on, note("the log's level is switched"); }
    void fallback() {
        if (!random_.chance(25)) return;
        world_.set_fallback(!world_.fallback_works());
        note(world_.fallback_works() ? "the fallback works" : "the fallback is gone");
    }
    void lag() { lag_ = random_.below(3), note("a standby behind", std::to_string(lag_) + " polls"); }
    void swap() { swapped_ = !swapped_, note(swapped_ ? "another database" : "the right database"); }
    void stop_client() {
        Client& client = world_.clients[random_.below(world_.clients.size())];
        client.period = 0s;
        note("a client stops", client.key);
    }
    void acknowledge() {
        const std::string id = any(true);
        if (!id.empty()) decide_ack(id);
    }
    void decide_ack(const std::string& id) {
        const Time at = world_.now();
        note("ack", id);
        watch_.acknowledge(id, at);
        oracle_.seen.acknowledged[id] = at;
    }
    void block() {
        const std::string id = any(true);
        if (id.empty()) return;
        world_.rows().at(id).blocked = random_.chance(70);
        note(world_.rows().at(id).blocked ? "block" : "unblock", id);
    }
    void restart() { note("restart between polls"), watch_.restart(); }
    void kill() {
        if (!random_.chance(1)) return;
        note("restart within a poll");
        watch_.restart();
    }
    void copy_state() {
        note("a copy of the state");
        watch_.copy_state();
        seen_by_copy_ = oracle_.seen;
    }
    void restore_state() {
        if (!seen_by_copy_) return;
        note("an old state");
        watch_.restore_state();
        oracle_.seen = *seen_by_copy_;
    }
    void set_clock() {
        note("this host's clock is set");
        watch_.set_clock(random_.one_of(std::array<Duration, 5>{0s, 0s, 4s, 2 * kDay, -2 * kDay}));
    }
    void customer() { world_.add_customer(), note("a new legacy key"); }

    Random random_;
    World world_;
    Watch watch_;
    Oracle oracle_;
    std::optional<Seen> seen_by_copy_;
    std::deque<std::pair<Time, Table>> past_;
    std::size_t lag_ = 0;
    std::uint64_t deletions_seen_ = 0;
    bool swapped_ = false;
    bool refused_ = false;
    bool ended_safe_ = false;
    std::vector<std::string> log_;
};

void History::count_traits() {
    const Traits& traits = world_.traits;
    const auto count = [this](bool there, const char* what) { happened[what] += there ? 1 : 0; };
    for (const Eye* const eye : {&world_.statements, &world_.log, &world_.metric})
        count(eye->configured && !eye->sees_fallback, "a source that cannot see");
    count(traits.garbage > 0s, "a garbage key");
    count(traits.write_delay > 0s, "late writes");
    count(traits.write_delay > 0s && traits.overwrites, "out-of-order writes");
    count(traits.promotes, "promotion in place");
    count(traits.canary, "a canary");
    count(traits.log_names_keys && world_.log.configured, "a log that names keys");
    std::set<std::string> keys;
    for (const Client& client : world_.clients)
        count(!keys.insert(client.key).second, "two clients with one key");
}

void History::happen() {
    static constexpr std::array<std::pair<unsigned, Happening>, 24> kHappenings{
        {{14, &History::replace},        {8, &History::remove},        {6, &History::backfill},
         {4, &History::backup},          {3, &History::restore_row},   {3, &History::restore_table},
         {2, &History::import},          {3, &History::sentinel},      {4, &History::reset},
         {4, &History::restart_gateway}, {3, &History::tracking},      {3, &History::level},
         {5, &History::fallback},        {4, &History::lag},           {3, &History::swap},
         {4, &History::stop_client},     {7, &History::acknowledge},   {4, &History::block},
         {4, &History::restart},         {3, &History::customer},      {4, &History::upgrade},
         {2, &History::copy_state},      {1, &History::restore_state}, {2, &History::set_clock}}};
    std::uint64_t at = random_.below(100);
    for (const auto& [weight, happening] : kHappenings) {
        if (at < weight) return (this->*happening)();
        at -= weight;
    }
}

/// It can be killed between any two polls, with what it has not saved yet.
void History::step(Duration d) {
    // Scans wait for a poll of the keys that is later than they are, and not for long.
    const Duration between = random_.one_of(std::array<Duration, 4>{3s, 30s, 10min, 50min});
    world_.live(d - between);
    poll_sources();
    for (const FallbackUse& use : world_.take_uses()) oracle_.count(use);
    world_.live(between);
    past_.emplace_back(world_.now(), world_.rows());
    if (past_.size() > 4) past_.pop_front();
    poll_keys();
    kill();
    if (random_.chance(70)) watch_.save();
    ++polls;
    check();
}

void History::poll_sources() {
    watch_.poll_probe(world_);
    kill();
    watch_.poll_statements(world_);
    kill();
    watch_.poll_log(world_);
    if (random_.chance(5)) watch_.save();
    kill();
    watch_.poll_metrics(world_);
    kill();
}

void History::poll_keys() {
    const auto& [data_at, rows] = past_[past_.size() - 1 - std::min(lag_, past_.size() - 1)];
    const bool deleted = std::exchange(deletions_seen_, world_.deletions) != world_.deletions;
    const Scan scan = random_.chance(40) ? Scan::census : deleted ? Scan::active : Scan::pulse;
    const KeySnapshot snapshot =
        swapped_ ? watch_.poll_keys(another_table(), world_.now(), world_.now(), "other", scan)
                 : watch_.poll_keys(rows, world_.now(), data_at, "own", scan);
    refused_ = !snapshot.accepted;
    if (!refused_) oracle_.show(snapshot);
    ++happened[snapshot.scan == Scan::census   ? "a census"
               : snapshot.scan == Scan::active ? "an active scan"
                                               : "a pulse"];
}

Table History::another_table() const {
    Table other;
    for (int i = 0; i < 5; ++i)
        other["X" + std::to_string(i)] = {"someone", "else", world_.now() - 100 * kDay};
    other["XM"] = {"someone", "else", world_.now() - 50 * kDay};
    other["XM"].legacy = false;
    return other;
}

void History::check() {
    const domain::Assessment assessed = watch_.assessment(world_.now());
    last_checks.clear();
    held_by.clear();
    for (const auto& check : assessed.judgement.checks) {
        if (check.outcome == domain::CheckOutcome::pass) continue;
        last_checks += "  " + std::string(check_name(check.check)) + " " +
                       std::string(outcome_name(check.outcome)) + ": " + check.evidence + "\n";
        if (check.outcome == domain::CheckOutcome::not_measured) continue;
        held_by += (held_by.empty() ? "" : "+") + std::string(check_name(check.check));
    }
    ended_safe_ = assessed.judgement.verdict == domain::Verdict::safe;
    if (!ended_safe_) return;
    ++safe_polls;
    note("SAFE");
    faults = oracle_.faults(assessed, watch_.policy());
    if (refused_) faults.emplace_back("SAFE although the last poll was of another table");
}

/// As it should be: everybody moves, and the operator attends to what is left and does what the verdict asks
/// for.
void History::finish() {
    honest_end = true;
    note("the honest end begins");
    swapped_ = false;
    lag_ = 0;
    world_.set_fallback(true);
    world_.statements.is_on = world_.log.is_on = true;
    world_.mend_sentinels();
    for (Client& client : world_.clients)
        if (client.key == kGatewaysOwn) client.period = 2h;
    watch_.set_clock(0s);
    watch_.policy().promotes_in_place = world_.traits.promotes;
    watch_.policy().measurable["probe"] = {};
    watch_.restart();
    step(kPollEvery);
    for (const std::string& id : world_.keys(true)) {
        const std::string replacement = world_.replace(id);
        watch_.pair(id, replacement, world_.now());
        world_.clients.push_back({replacement, "", 3h, world_.now() + 1h});
        for (Client& client : world_.clients)
            if (client.key == id) world_.move(client, replacement);
    }
    for (int i = 0; i < 4 * 110 && !ended_safe_ && faults.empty(); ++i) {
        if (i % 40 == 39)
            for (auto& [id, key] : oracle_.seen.keys) decide_ack(id);
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
    reached_safe = ended_safe_;
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
        << (t.garbage > 0s ? ", garbage" : "") << (t.canary ? ", canary" : "") << "; statements "
        << world_.statements.configured << world_.statements.sees_fallback << " log " << world_.log.configured
        << world_.log.sees_fallback << (t.log_names_keys ? " names keys" : "") << " metric "
        << world_.metric.configured << world_.metric.sees_fallback << "; asserted "
        << mode_name(watch_.policy().asserted) << '\n';
    for (const std::string& line : log_) out << "  " << line << '\n';
    for (const std::string& line : faults) out << line << '\n';
    out << last_checks;
}

/// What many histories come to.
struct Sums {
    int histories = 0, polls = 0, safe_polls = 0, honest = 0, reached = 0, wrong = 0;
    std::map<std::string, int> happened, held_by;

    void add(const History& history) {
        ++histories;
        polls += history.polls;
        safe_polls += history.safe_polls;
        honest += history.honest_end ? 1 : 0;
        reached += history.reached_safe ? 1 : 0;
        wrong += history.faults.empty() ? 0 : 1;
        for (const auto& [what, times] : history.happened) happened[what] += times;
        if (history.honest_end && !history.reached_safe && history.faults.empty()) ++held_by[history.held_by];
    }
    void print(std::ostream& out) const {
        out << histories << " histories, " << polls << " polls, " << safe_polls << " of them SAFE; " << honest
            << " ended honestly, " << reached << " of these SAFE\n";
        for (const auto& [checks, times] : held_by) out << "  held up by " << checks << ": " << times << '\n';
        for (const auto& [what, times] : happened) out << "  " << what << ": " << times << '\n';
    }
};

TEST(Safety, NoHistoryIsSafeWhileAKeyIsUsedOrItsHolderHasNotMoved) {
    const auto number = [](const char* name, std::uint64_t otherwise) {
        const char* const text = std::getenv(name);
        return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
    };
    const auto only = number("KEYSHIFT_HISTORY", 0);
    const auto first = only > 0 ? only : number("KEYSHIFT_FIRST_HISTORY", 1);
    const auto histories = only > 0 ? 1 : number("KEYSHIFT_HISTORIES", 20);
    Sums sums;
    for (auto seed = first; seed < first + histories && sums.wrong < 20; ++seed) {
        History history(seed);
        history.run();
        sums.add(history);
        if (only > 0 || !history.faults.empty()) {
            std::cerr << "history " << seed << ": ";
            history.explain(std::cerr);
        } else if (history.honest_end && !history.reached_safe) {
            std::cerr << "history " << seed << " held up by " << history.held_by << '\n';
        }
        for (const std::string& fault : history.faults) ADD_FAILURE() << "history " << seed << ": " << fault;
    }
    sums.print(std::cout);
    if (histories < 20) return;
    for (const char* const what : kMustHappen) EXPECT_GT(sums.happened[what], 0) << what;
    EXPECT_GT(sums.reached, sums.honest / 4) << "a verdict that is never SAFE proves nothing";
}

}  // namespace
}  // namespace keyshift::journal::safety
