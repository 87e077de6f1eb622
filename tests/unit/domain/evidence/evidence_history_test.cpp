// SPDX-License-Identifier: Apache-2.0
// Random histories of the counters of several processes, which restart, come, go and do not answer, watched
// by a keyshift that restarts too, against what has really happened.
#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "domain/counts/meter.hpp"
#include "domain/evidence/evidence.hpp"
#include "unit/domain/evidence/source_fixture.hpp"

namespace keyshift::domain {
namespace {

using namespace std::chrono_literals;

constexpr auto kFallback = index_of(Event::fallback);
const std::map<std::string, Events> kNoneConfigured;

struct Process {
    std::uint64_t tried = 0;   ///< weight 1
    std::uint64_t passed = 0;  ///< weight -1, never more than tried
    std::uint64_t epoch = 0;
    base::Time last_hit;
    bool began_lately = true;
    // As keyshift last saw it.
    bool seen = false;
    std::uint64_t seen_tried = 0;
    std::uint64_t seen_epoch = 0;
    std::uint64_t unseen_hits = 0;  ///< since then, keyshift's own included
    base::Time lost_hit;            ///< the last hit that was lost with its process, before it was seen
};

class World {
 public:
    explicit World(std::uint32_t seed) : random_(seed), epochs_(chance(2)) {
        for (const char* const name : {"a", "b"}) processes_[name];
        poll();
    }

    void step() {
        now_ += std::chrono::seconds{1 + below(chance(20) ? 2000 : 60)};
        for (auto& [name, process] : processes_)
            for (std::uint32_t i = below(3); i > 0; --i) chance(3) ? pass(process) : hit(process);
        if (chance(5)) probe();
        if (chance(15)) restart_process();
        if (chance(40)) processes_["new " + std::to_string(++named_)].epoch = ++epoch_;
        if (chance(40)) appear_with_a_past();
        if (chance(25)) restart_keyshift();
        if (!chance(6)) poll();
    }

 private:
    std::uint32_t below(std::uint32_t n) {
        return std::uniform_int_distribution<std::uint32_t>(0, n - 1)(random_);
    }
    bool chance(std::uint32_t one_in) { return below(one_in) == 0; }

    void hit(Process& process) {
        ++process.tried;
        ++truth_;
        ++process.unseen_hits;
        process.last_hit = now_;
    }
    static void pass(Process& process) {
        ++process.tried;
        ++process.passed;
    }

    void probe() {
        hit(std::next(processes_.begin(), below(static_cast<std::uint32_t>(processes_.size())))->second);
        add_own(counts_, Event::fallback);
        ++probes_;
    }

    void restart_process() {
        auto& process =
            std::next(processes_.begin(), below(static_cast<std::uint32_t>(processes_.size())))->second;
        if (!process.seen) return;  // then nobody could tell
        if (process.unseen_hits > 0) process.lost_hit = process.last_hit, any_lost_ = true;
        process.tried = process.passed = process.unseen_hits = 0;
        process.epoch = ++epoch_;
    }

    void appear_with_a_past() {
        Process& process = processes_["old " + std::to_string(++named_)];
        process.tried = 1 + below(5);
        process.began_lately = false;
        lost_at_ = std::max(lost_at_, now_);
        process.epoch = ++epoch_;
    }

    void restart_keyshift() {
        meter_ = Meter(meter_.scope(), meter_.instances());
        counts_.own_new = counts_.own_late = {};
        restore(counts_, now_);
    }

    void read(const std::string& name, Process& process, Readings& to) {
        const std::string epoch = epochs_ ? std::to_string(process.epoch) : "";
        to.instances.push_back({name,
                                process.began_lately,
                                {{"tried", process.tried, epoch, {{Event::fallback, 1}}},
                                 {"passed", process.passed, epoch, {{Event::fallback, -1}}}}});
        if (!process.seen && !process.began_lately && process.unseen_hits > 0) {
            any_lost_ = true;
            lost_at_ = std::max(lost_at_, process.last_hit);
        }
        const bool anew = process.seen && process.epoch != process.seen_epoch;
        if (anew && (epochs_ || process.tried < process.seen_tried))
            lost_at_ = std::max(lost_at_, process.lost_hit);
        any_lost_ = any_lost_ || (anew && !epochs_) || (anew && process.lost_hit != base::Time{});
        process.seen = true;
        process.seen_tried = process.tried;
        process.seen_epoch = process.epoch;
        process.unseen_hits = 0;
    }

    void poll() {
        Readings readings{.scope = "x"};
        Poll poll;
        for (auto& [name, process] : processes_) {
            if (chance(10)) {
                poll.missing.push_back(name);
            } else {
                read(name, process, readings);
            }
        }
        const auto growth = meter_.advance(readings, now_);
        poll.growth = growth.events;
        poll.resets = growth.resets;
        poll.lossy = growth.resets > 0 || growth.unwatched;
        poll.countable.set(kFallback);
        poll.poll_every = 30s;
        const std::uint64_t before = counts_.totals.at(kFallback);
        record_poll(counts_, poll, now_);
        check(before, poll.missing.empty());
    }

    void check(std::uint64_t before, bool complete) {
        const std::uint64_t total = counts_.totals.at(kFallback);
        ASSERT_GE(total, before);
        ASSERT_LE(total, truth_);
        const bool exact_so_far = complete && !any_lost_;
        ASSERT_TRUE(any_lost_ || total + probes_ <= truth_);
        ASSERT_TRUE(!exact_so_far || total + probes_ == truth_)
            << total << '+' << probes_ << " of " << truth_;
        ASSERT_TRUE(!complete || counts_.counted_since >= lost_at_) << "what was lost is covered";
        ASSERT_TRUE(total == before || counts_.grew_at.at(kFallback) == now_);
        if (exact_so_far) ++exact;
    }

    std::mt19937 random_;
    bool epochs_;
    std::map<std::string, Process> processes_;
    Meter meter_;
    SourceCounts counts_;
    base::Time now_{std::chrono::seconds{1'768'003'200}};
    base::Time lost_at_;
    std::uint64_t truth_ = 0;
    std::uint64_t probes_ = 0;
    std::uint64_t epoch_ = 0;
    int named_ = 0;
    bool any_lost_ = false;

 public:
    int exact = 0;  ///< polls at which nothing was lost yet
};

TEST(EvidenceHistory, CountsWhatHappenedAndNeverMoreAndOwnsUpToWhatIsLost) {
    int exact = 0;
    for (std::uint32_t seed = 0; seed < 400; ++seed) {
        SCOPED_TRACE(seed);
        World world(seed);
        for (int i = 0; i < 150; ++i) world.step();
        exact += world.exact;
        if (::testing::Test::HasFatalFailure()) return;
    }
    EXPECT_GT(exact, 2000);
}

/// One that sees every event, up to `late` steps after it has happened, and does not answer for a while.
struct Teller {
    int late = 0;
    bool answers = true;
    std::map<int, std::int64_t> to_tell = {};  ///< by the step

    std::int64_t tell(int step) {
        std::int64_t told = 0;
        for (auto it = to_tell.begin(); it != to_tell.end() && it->first <= step; it = to_tell.erase(it))
            told += it->second;
        return told;
    }
};

class HeadlineWorld {
 public:
    HeadlineWorld(std::uint32_t seed, bool with_uses) : random_(seed), with_uses_(with_uses) {
        for (const char* const name : {"gateway_metrics", "statements", "prometheus"})
            tellers_[name].late = static_cast<int>(random_() % 4);
        // One that comes later may tell of what has been before it came, and nobody knows how much.
        for (auto& [name, teller] : tellers_) poll(name, teller);
    }

    void step() {
        ++step_;
        now_ += 30s;
        const bool happened = chance(2);
        if (happened) ++truth, used_ = true;
        for (auto& [name, teller] : tellers_) {
            if (happened) ++teller.to_tell[step_ + teller.late];
            if (chance(15)) teller.answers = !teller.answers;
            if (teller.answers) poll(name, teller);
        }
        if (chance(30))
            for (auto& [name, counts] : evidence_.sources) restore(counts, now_);
        if (with_uses_ && chance(2)) polled_at_ = now_, uses_ += std::exchange(used_, false) ? 1 : 0;
        update();
    }

    std::uint64_t total() const { return evidence_.totals.at(kFallback); }
    std::uint64_t by_hour() const { return evidence_.hourly.since(kHourlyFallback, {}); }
    std::uint64_t truth = 0;

 private:
    bool chance(unsigned one_in) { return random_() % one_in == 0; }

    void poll(const std::string& name, Teller& teller) {
        Poll poll;
        poll.countable.set(kFallback);
        poll.poll_every = 30s;
        const std::int64_t told = teller.tell(step_);
        poll.growth.at(kFallback) = told;
        record_poll(evidence_.sources[name], poll, now_);
        if (told > 0) prove(evidence_.sources[name].proof, now_);
        update();
    }
    void update() {
        update_headlines(evidence_, {usual_sources(), kNoneConfigured},
                         with_uses_ ? std::optional(uses_) : std::nullopt, now_);
        if (with_uses_) follow_uses(evidence_, {uses_, polled_at_, 60s, 60s}, now_);
    }

    std::mt19937 random_;
    bool with_uses_;
    std::map<std::string, Teller> tellers_;
    Evidence evidence_;
    int step_ = 0;
    base::Time now_{std::chrono::seconds{1'768'003'200}};
    base::Time polled_at_ = now_;
    std::uint64_t uses_ = 0;
    bool used_ = false;
};

/// Three sources and the key table tell of the same events, some of them late, and may be silent for a while.
TEST(EvidenceHistory, AHeadlineNeverCountsMoreThanHappened) {
    for (std::uint32_t seed = 0; seed < 400; ++seed) {
        SCOPED_TRACE(seed);
        HeadlineWorld world(seed, seed % 2 == 0);
        std::uint64_t before = 0;
        for (int i = 0; i < 300; ++i) {
            world.step();
            ASSERT_GE(world.total(), before);
            ASSERT_LE(world.total(), world.truth) << "step " << i;
            ASSERT_EQ(world.by_hour(), world.total());
            before = world.total();
        }
        EXPECT_GT(before, world.truth * 3 / 4);
    }
}

}  // namespace
}  // namespace keyshift::domain
