// SPDX-License-Identifier: Apache-2.0
// A gateway with its clients, its key table and what it tells of itself: the world of the histories of
// safety_history_test.cpp. It knows what is true; keyshift sees only what the table and the sources show.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "collectors/collector.hpp"
#include "contract/journal/history_random.hpp"
#include "domain/keys/plausible.hpp"

namespace keyshift::journal::safety {

using base::Duration;
using base::Time;
using namespace std::chrono_literals;

constexpr Duration kDay = 24h;

using history::Random;

/// A row of the key table, as it stands there.
struct Row {
    std::string owner;
    std::string name;
    std::optional<Time> created;
    std::optional<Time> used = {};
    std::optional<Time> expires = {};
    bool blocked = false;
    bool legacy = true;
    bool right_hash = true;  ///< a modern key's hash is that of the key that its holder has
    domain::HashKind hash = domain::HashKind::legacy;  ///< what a legacy key has in place of one
};
using Table = std::map<std::string, Row>;
/// The row of the legacy key that the probe uses.
constexpr const char* kCanary = "canary";
constexpr const char* kGatewaysOwn = "gateway's own";

using collectors::Scan;

/// What one poll of the key table has shown.
struct KeySnapshot {
    Scan scan = Scan::census;
    Time data_at;
    Table rows = {};
    std::set<std::string> missing = {};  ///< keys that an active scan asked for by id
    domain::KeyUses told = {};           ///< uses that logs have told of since the one before
    bool accepted = false;
};

/// A program of a customer.
struct Client {
    std::string key;  ///< what it sends
    std::string owner;
    Duration period;  ///< between two calls; zero: it has stopped
    Time next;
};

/// How the gateway is made. The same for a whole history.
struct Traits {
    enum class Recording { every_use, hourly, never };
    Recording recording = Recording::every_use;
    Duration write_delay{};    ///< of a last use, at most
    bool overwrites = false;   ///< a late write may set a newer use back
    bool promotes = false;     ///< a legacy key becomes modern when it is used
    bool two_clients = false;  ///< a key may have two
    Duration garbage{};        ///< between two calls with keys that never were; zero: none
    bool log_names_keys = false;
    bool probe = false, canary = false;
    bool uses_recorded() const { return recording != Recording::never; }
};

/// What one source can see.
struct Eye {
    bool configured = false;
    bool sees_fallback = true;  ///< else its rule or shape never matches
    bool doubts = false;        ///< ... and it says so
    bool is_on = true;          ///< the log's level, the server's tracking
};

/// A use of the fallback, and who has shown it.
struct FallbackUse {
    Time at;
    std::string key;
    bool in_statements = false, in_log = false, in_metric = false;  ///< counted, and not lost
};

/// What the gateway's server and processes have counted since they were started.
struct Counters {
    std::uint64_t scans = 0, scanned = 0, lookups = 0, found = 0, touches = 0;
    std::uint64_t statistics_epoch = 0;
    std::uint64_t metric = 0, process = 0;
};

/// As much of the log as there is, or as was read.
struct LogPosition {
    std::uint64_t hits = 0, own = 0, lines = 0, successes = 0;
    std::size_t named = 0;  ///< uses, with the key's id
};

class World {
 public:
    explicit World(Random& random) : random_(random) {
        traits.recording =
            random_.one_of(std::array{Traits::Recording::every_use, Traits::Recording::every_use,
                                      Traits::Recording::hourly, Traits::Recording::never});
        traits.write_delay = random_.one_of(std::array<Duration, 4>{0s, 0s, 10min, 11h});
        traits.overwrites = random_.chance(20);
        traits.promotes = random_.chance(25);
        traits.two_clients = random_.chance(30);
        traits.garbage = random_.one_of(std::array<Duration, 3>{0s, 5h, kDay});
        traits.log_names_keys = random_.chance(40);
        traits.probe = random_.chance(40);
        traits.canary = traits.probe && !traits.promotes && random_.chance(60);
        for (Eye* const eye : {&statements, &log, &metric}) {
            eye->configured = random_.chance(50);
            eye->sees_fallback = random_.chance(70);
            eye->doubts = random_.chance(50);
        }
        log.doubts = metric.doubts = false;  // a rule that never matches says nothing
        for (std::uint64_t i = 2 + random_.below(5); i > 0; --i) add_customer();
        for (std::uint64_t i = random_.below(3); i > 0; --i) add_idle();
        modern(kGatewaysOwn, "modern", 40 * kDay);
        clients.push_back({kGatewaysOwn, "staff", 2h, now_ + 1h});
        if (traits.canary) rows_[kCanary] = {"operator", "canary", now_ - 100 * kDay};
    }

    Time now() const { return now_; }
    Table& rows() { return rows_; }
    bool fallback_works() const { return fallback_works_; }
    std::vector<std::string> keys(bool legacy) const {
        std::vector<std::string> ids;
        for (const auto& [id, row] : rows_)
            if (row.legacy == legacy && id != kCanary && id != kGatewaysOwn) ids.push_back(id);
        return ids;
    }

    void live(Duration d) {
        const Time end = now_ + d;
        while (true) {
            Client* first = nullptr;
            for (Client& client : clients)
                if (client.period > 0s && client.next <= end && (!first || client.next < first->next))
                    first = &client;
            if (first == nullptr) break;
            now_ = std::max(now_, first->next);
            first->next += random_.up_to(2 * first->period);
            call(first->key);
        }
        now_ = end;
        for (; traits.garbage > 0s && next_garbage_ <= end;
             next_garbage_ += random_.up_to(2 * traits.garbage))
            refuse();
        write_due();
    }

    // What happens.
    void add_customer() {
        const std::string owner = "owner " + std::to_string(next_++);
        const std::string id = "L" + std::to_string(next_++);
        rows_[id] = {owner, "api", now_ - random_.up_to(200 * kDay) - kDay};
        const Duration period = random_.one_of(std::array<Duration, 5>{1h, 6h, kDay, 3 * kDay, 10 * kDay});
        clients.push_back({id, owner, period, now_ + random_.up_to(period)});
        if (traits.two_clients && random_.chance(50))
            clients.push_back({id, owner, period, now_ + random_.up_to(period)});
        if (traits.uses_recorded()) rows_[id].used = now_ - random_.up_to(period);
    }
    void add_idle() {
        const std::string id = "L" + std::to_string(next_++);
        rows_[id] = {"owner " + std::to_string(next_++), "old", now_ - 300 * kDay};
        if (traits.uses_recorded() && random_.chance(50))
            rows_[id].used = now_ - random_.up_to(200 * kDay) - 31 * kDay;
    }
    std::string replace(const std::string& old) {
        const std::string id = "M" + std::to_string(next_++);
        modern(id, rows_.at(old).name, 0s);
        rows_[id].owner = rows_.at(old).owner;
        return id;
    }
    /// A client goes over to `to`.
    void move(Client& client, const std::string& to) { client.key = to; }
    void erase(const std::string& id) {
        ++deletions;
        graveyard_[id] = rows_.at(id);
        rows_.erase(id);
    }
    void backfill(bool right) {
        for (const std::string& id : keys(true)) upgrade(id, right);
    }
    void upgrade(const std::string& id, bool right) {
        rows_.at(id).legacy = false;
        rows_.at(id).right_hash = right;
    }
    void take_backup() { backup_ = rows_; }
    /// The whole table, or one row of it, as it was.
    bool restore(bool whole) {
        if (whole) {
            if (!backup_) return false;
            rows_ = *backup_;
            ++deletions;
            return true;
        }
        if (graveyard_.empty()) return false;
        const auto& [id, row] = random_.one_of(graveyard_);
        rows_[id] = row;
        if (backup_ && backup_->count(id) > 0) rows_[id] = backup_->at(id);
        return true;
    }
    std::string import() {
        const std::string id = "I" + std::to_string(next_++);
        const std::string owner = "owner of " + id;
        rows_[id] = {owner, "imported", random_.chance(30) ? std::nullopt : std::optional(now_ - 400 * kDay)};
        if (random_.chance(30)) rows_[id].used = now_ - random_.up_to(200 * kDay);
        if (random_.chance(30)) clients.push_back({id, owner, kDay, now_ + random_.up_to(kDay)});
        return id;
    }
    /// Values that some system means something else by than it says.
    void plant_sentinels() {
        const Time never = Time{} - 1900 * 365 * kDay;
        for (const std::string& id : keys(true)) {
            Row& row = rows_.at(id);
            switch (random_.below(12)) {
                case 0:
                case 1:
                case 2:
                case 3:
                    row.expires = never;
                    break;
                case 4:
                    if (row.used) row.expires = *row.used - random_.up_to(5 * kDay);
                    break;
                case 5:
                    if (traits.uses_recorded()) row.used = now_ + random_.up_to(400 * kDay);
                    break;
                case 6:
                    if (traits.uses_recorded() && !row.used) row.used = never;
                    break;
                case 7:
                    row.created = random_.chance(50) ? std::nullopt : std::optional(base::kInfinitePast);
                    break;
                case 8:
                    row.hash = random_.one_of(std::array{domain::HashKind::empty, domain::HashKind::malformed,
                                                         domain::HashKind::slow});
                    break;
                default:
                    break;
            }
        }
    }
    /// The operator sees to what doctor names.
    void mend_sentinels() {
        for (const std::string& id : keys(true)) {
            Row& row = rows_.at(id);
            if (row.used > now_) row.used = now_;
            row.expires.reset();
        }
    }
    void set_fallback(bool works) { fallback_works_ = works; }
    void reset_statistics() {
        ++counted.statistics_epoch;
        counted.scans = counted.scanned = counted.lookups = counted.found = counted.touches = 0;
        for (FallbackUse& use : unread_) use.in_statements = false;
    }
    void restart_process() {
        ++counted.process;
        counted.metric = 0;
        for (FallbackUse& use : unread_) use.in_metric = false;
    }

    /// The probe's request with the canary key; whether it was let in.
    bool ask_canary() {
        const bool in = fallback_works_ && rows_.count(kCanary) > 0;
        if (!in) {
            refuse();
            return false;
        }
        const bool seen_by_log = log.sees_fallback && log.is_on;
        lookup(0);
        scan();
        if (statements.is_on) ++counted.touches;
        counted.metric += metric.sees_fallback ? 1 : 0;
        log_.own += seen_by_log ? 1 : 0;
        ++log_.lines;
        record(kCanary);
        return true;
    }
    const LogPosition& log_end() const { return log_; }
    const std::pair<std::string, Time>& named_use(std::size_t i) const { return named_uses_.at(i); }

    /// Uses since this was last asked, which the sources that are polled now have shown.
    std::vector<FallbackUse> take_uses() { return std::exchange(unread_, {}); }

    Traits traits;
    Eye statements, log, metric;
    std::vector<Client> clients;
    Counters counted;
    std::uint64_t deletions = 0;  ///< as the server counts them

 private:
    void modern(const std::string& id, const std::string& name, Duration age) {
        rows_[id] = {"staff", name, now_ - age};
        rows_[id].legacy = false;
    }

    void call(const std::string& key) {
        const auto found = rows_.find(key);
        if (found == rows_.end()) return refuse();
        Row& row = found->second;
        if (!row.legacy) {
            if (!row.right_hash || row.blocked) return refuse();
            lookup(1);
            ++log_.lines;
            if (log.is_on) ++log_.successes;
            return record(key);
        }
        if (!fallback_works_ || row.blocked) return refuse();
        lookup(0);
        if (statements.is_on) ++counted.touches;
        FallbackUse use{now_, key};
        use.in_statements = scan();
        use.in_log = log.sees_fallback && log.is_on;
        use.in_metric = metric.sees_fallback;
        log_.hits += use.in_log ? 1 : 0;
        ++log_.lines;
        if (use.in_log && traits.log_names_keys) named_uses_.emplace_back(key, now_), ++log_.named;
        counted.metric += use.in_metric ? 1 : 0;
        unread_.push_back(use);
        if (traits.promotes) row.legacy = false;
        record(key);
    }
    void lookup(std::uint64_t found) {
        if (!statements.is_on) return;
        ++counted.lookups;
        counted.found += found;
        counted.touches += found;
    }
    /// Whether it was counted.
    bool scan() {
        if (!statements.sees_fallback || !statements.is_on) return false;
        ++counted.scans;
        counted.scanned += rows_.size();
        return true;
    }
    /// A key that is in no row.
    void refuse() {
        lookup(0);
        if (fallback_works_) scan();
    }
    void record(const std::string& key) {
        if (!traits.uses_recorded()) return;
        if (traits.recording == Traits::Recording::hourly && rows_.at(key).used &&
            now_ - *rows_.at(key).used < 1h)
            return;
        const Duration delay = traits.write_delay > 0s ? random_.up_to(traits.write_delay) : 0s;
        writes_.push_back({now_ + delay, key, now_});
        write_due();
    }
    void write_due() {
        std::sort(writes_.begin(), writes_.end(),
                  [](const Write& a, const Write& b) { return a.due < b.due; });
        std::size_t done = 0;
        for (; done < writes_.size() && writes_[done].due <= now_; ++done) {
            const auto row = rows_.find(writes_[done].key);
            if (row == rows_.end()) continue;
            auto& used = row->second.used;
            const bool behind = used > writes_[done].at && *used <= now_ && !traits.overwrites;
            if (!behind) used = writes_[done].at;
        }
        writes_.erase(writes_.begin(), writes_.begin() + static_cast<std::ptrdiff_t>(done));
    }

    struct Write {
        Time due;
        std::string key;
        Time at;
    };

    Random& random_;
    Time now_{1'768'003'200s};
    Time next_garbage_ = now_;
    Table rows_, graveyard_;
    std::optional<Table> backup_;
    std::vector<Write> writes_;
    std::vector<FallbackUse> unread_;
    LogPosition log_;
    std::vector<std::pair<std::string, Time>> named_uses_;
    bool fallback_works_ = true;
    int next_ = 1;
};

}  // namespace keyshift::journal::safety
