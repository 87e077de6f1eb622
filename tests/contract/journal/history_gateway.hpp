// SPDX-License-Identifier: Apache-2.0
// A simulated gateway with its key table, customers, administrators and a database clock that can be set: the
// world that the histories of history_test.cpp happen in. All times are whole seconds.
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "collectors/collector.hpp"
#include "contract/journal/history_random.hpp"
#include "domain/keys/key.hpp"

namespace keyshift::journal::history {

using base::Duration;
using base::Time;
using collectors::Scan;
using namespace std::chrono_literals;

constexpr Duration kDay = 24h;

/// A name of which the tests know what it comes to when it is normalised.
struct Name {
    std::string base;  // empty: no name
    std::string suffix;
    int spelling = 0;

    std::string folded() const { return base + suffix; }
    std::string text() const {
        std::string out = folded();
        if (spelling == 1)
            std::transform(out.begin(), out.end(), out.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
        return spelling == 2 ? "  " + out + "\t" : out;
    }
};

struct Row {
    std::string id;
    std::optional<std::string> owner;
    Name name;
    std::string name_text;
    Time created;
    std::optional<Time> used = {};
    std::optional<Time> expires = {};
    bool blocked = false;
    bool over_budget = false;
    bool legacy = true;
    Duration period{};  ///< how often its holder calls; zero: never

    domain::Key key() const {
        domain::Key key;
        key.id = id;
        if (owner) key.owner = *owner;
        if (!name.base.empty()) key.name = name_text;
        key.prefix = "sk-";
        key.created_at = created;
        key.last_used_at = used;
        key.expires_at = expires;
        key.blocked = blocked;
        key.over_budget = over_budget;
        key.legacy = legacy;
        return key;
    }
};
using Table = std::map<std::string, Row>;

/// What a scan shows.
struct Shown {
    Scan scan = Scan::census;
    Time now;
    std::vector<Row> rows;
    // Of an active scan: which keys are asked for after that, at most how many, and what is found of them.
    std::set<std::string> missing = {};
    std::size_t most_missing = 0;
    std::vector<Row> found = {};
};

class Gateway {
 public:
    explicit Gateway(Random& random) : random_(random), owners_(2 + random.below(6)) {
        for (std::uint64_t i = 3 + random_.below(10); i > 0; --i) create(true);
        for (std::uint64_t i = random_.below(4); i > 0; --i) create(false);
        for (auto& [id, row] : rows_) {
            row.created = unused_second(row.created - random_.up_to(300 * kDay));
            if (random_.chance(70))
                row.used = now() - random_.up_to(std::min<Duration>(now() - row.created, 40 * kDay));
        }
        log_.clear();
    }

    Time now() const { return time_ + offset_; }  ///< the database's clock
    Time real_time() const { return time_; }
    const Table& rows() const { return rows_; }
    bool fallback_works() const { return fallback_works_; }
    /// Neither backups nor the clock play tricks.
    bool is_calm() const { return calm_; }
    const std::vector<std::string>& log() const { return log_; }

    /// Lets time pass, in which keys are used.
    void advance(Duration d) {
        time_ += d;
        for (auto& [id, row] : rows_) {
            if (row.period.count() == 0 || !is_accepted(row)) continue;
            const bool calls = d >= row.period || random_.below(static_cast<std::uint64_t>(row.period / 1s)) <
                                                      static_cast<std::uint64_t>(d / 1s);
            if (calls) row.used = now() + 1s - random_.up_to(std::min(d, row.period));
        }
    }

    /// Legacy keys first: the replacement of one that is back after it had gone for good is free for other
    /// keys, or for that one again, from the next census on if it comes before it.
    Shown census() const {
        Shown shown{Scan::census, now(), {}};
        for (const bool legacy : {true, false})
            for (const auto& [id, row] : rows_)
                if (row.legacy == legacy) shown.rows.push_back(row);
        return shown;
    }
    Shown pulse(Time last_scan) const { return since(Scan::pulse, last_scan - 60s); }
    Shown active(Duration window) const { return since(Scan::active, now() - window); }
    void look_up_missing(Shown& shown) const {
        for (const std::string& id : shown.missing)
            if (const auto row = rows_.find(id); row != rows_.end()) shown.found.push_back(row->second);
    }

    void happen();  ///< anything

    // What happens.
    Row& create(bool legacy);
    Row& replace(const Row& old);
    void erase(const std::string& id) {
        note("delete " + id);
        graveyard_[id] = rows_.at(id);
        rows_.erase(id);
    }
    Row* any(bool legacy) {
        std::vector<Row*> found;
        for (auto& [id, row] : rows_)
            if (row.legacy == legacy) found.push_back(&row);
        return found.empty() ? nullptr : random_.one_of(found);
    }
    void note(const std::string& what) { log_.push_back(base::format_rfc3339(now()) + ' ' + what); }
    void set_fallback(bool works) {
        fallback_works_ = works;
        note(works ? "legacy keys work" : "legacy keys stop working");
    }
    Row& row(const std::string& id) { return rows_.at(id); }

 private:
    bool is_accepted(const Row& row) const {
        return !row.blocked && !row.over_budget && !(row.expires && *row.expires <= now()) &&
               (!row.legacy || fallback_works_);
    }
    Row* any() { return any(random_.chance(75)); }
    /// As KeySource::select_active().
    Shown since(Scan scan, Time t) const {
        Shown shown{scan, now(), {}};
        for (const auto& [id, row] : rows_)
            if (row.legacy && std::max(row.created, row.used.value_or(row.created)) >= t)
                shown.rows.push_back(row);
        return shown;
    }
    /// No two keys are of the same second: which of them is older would be left to chance.
    Time unused_second(Time t) {
        while (!created_.insert(t).second) t -= 1s;
        return t;
    }
    Duration any_period() {
        constexpr std::array<Duration, 7> kPeriods{0s, 0s, 10min, 1h, kDay, 7 * kDay, 25 * kDay};
        return random_.one_of(kPeriods);
    }
    Name any_name() {
        static const std::array<std::string, 5> kBases{"", "api", "billing", "mobile", "cron job"};
        return respell({random_.one_of(kBases), "", 0});
    }
    Name respell(Name name) {
        static const std::array<std::string, 8> kSuffixes{"",   "",     "",     " v2",
                                                          "-2", " (2)", " new", " 2026-03"};
        name.suffix = random_.one_of(kSuffixes);
        name.spelling = static_cast<int>(random_.below(3));
        return name;
    }
    void rename(Row& row, Name name) {
        row.name = std::move(name);
        row.name_text = row.name.text();
    }

    void make_key() { create(random_.chance(40)); }
    void make_replacement() {
        if (const Row* const old = any(true)) replace(*old);
    }
    void use() {
        Row* const row = any();
        if (row == nullptr || !is_accepted(*row)) return;
        row->used = now();
        note("use " + row->id);
    }
    void change_habit() {
        if (Row* const row = any()) {
            row->period = any_period();
            note(row->id + " is used every " + base::format_duration(row->period));
        }
    }
    void rename_one() {
        if (Row* const row = any()) {
            rename(*row, any_name());
            note("rename " + row->id + " to '" + row->name_text + "'");
        }
    }
    void block() {
        if (Row* const row = any()) {
            row->blocked = !row->blocked;
            note((row->blocked ? "block " : "unblock ") + row->id);
        }
    }
    void expire() {
        Row* const row = any();
        if (row == nullptr) return;
        if (row->expires) {
            row->expires.reset();
        } else {
            row->expires = random_.chance(50) ? now() - 1h : now() + random_.up_to(40 * kDay);
        }
        note(row->id + (row->expires ? " expires " + base::format_rfc3339(*row->expires) : " never expires"));
    }
    void spend() {
        if (Row* const row = any()) {
            row->over_budget = !row->over_budget;
            note(row->id + (row->over_budget ? " is over budget" : " is within budget"));
        }
    }
    void remove() {
        if (const Row* const row = any()) erase(row->id);
    }
    void undelete();
    void remove_owner();
    void upgrade();
    void take_backup() {
        backup_ = rows_;
        note("backup");
    }
    void restore_backup();
    void set_clock();
    /// The journal gets rows without what contradicts itself.
    void drop_uses_ahead() {
        for (auto& [id, row] : rows_)
            if (row.used > now()) row.used = now();
    }
    void change_fallback() {
        if (random_.chance(30)) set_fallback(!fallback_works_);
    }

    Random& random_;
    std::uint64_t owners_;
    bool calm_ = random_.chance(50);
    Time time_{1'768'003'200s};
    Duration offset_{};
    Table rows_;
    Table graveyard_;
    std::optional<Table> backup_;
    std::set<Time> created_;
    std::set<std::string> upgraded_;
    bool fallback_works_ = true;
    int next_id_ = 1;
    std::vector<std::string> log_;
};

inline Row& Gateway::create(bool legacy) {
    const std::string id = (legacy ? "L" : "M") + std::to_string(next_id_++);
    Row& row = rows_[id];
    row.id = id;
    if (!random_.chance(10)) row.owner = "owner " + std::to_string(random_.below(owners_));
    rename(row, any_name());
    row.created = unused_second(now());
    row.legacy = legacy;
    row.period = any_period();
    note("create " + id + " of " + row.owner.value_or("nobody") + " named '" + row.name_text + "'");
    return row;
}

inline Row& Gateway::replace(const Row& old) {
    const auto owner = old.owner;
    const Name name = random_.chance(40) ? old.name : random_.chance(70) ? respell(old.name) : any_name();
    Row& row = create(false);
    row.owner = owner;
    rename(row, name);
    note(row.id + " is really of " + owner.value_or("nobody") + " and named '" + row.name_text + "'");
    return row;
}

inline void Gateway::undelete() {
    if (graveyard_.empty()) return;
    const auto& [id, row] = random_.one_of(graveyard_);
    if (rows_.count(id) == 0) rows_[id] = row;
    note("undelete " + id);
    graveyard_.erase(std::string(id));
}

inline void Gateway::remove_owner() {
    const Row* const one = any();
    if (one == nullptr || !one->owner || random_.chance(50)) return;
    const std::string owner = *one->owner;
    note("delete " + owner);
    for (auto row = rows_.begin(); row != rows_.end();) {
        if (row->second.owner == owner) {
            graveyard_[row->first] = row->second;
            row = rows_.erase(row);
        } else {
            ++row;
        }
    }
}

inline void Gateway::upgrade() {
    Row* row = any(true);
    if (random_.chance(40)) {
        row = nullptr;
        for (const std::string& id : upgraded_)
            if (rows_.count(id) != 0 && !rows_.at(id).legacy) row = &rows_.at(id);
    }
    if (row == nullptr) return;
    row->legacy = !row->legacy;
    upgraded_.insert(row->id);
    note((row->legacy ? "back to legacy: " : "upgrade ") + row->id);
}

inline void Gateway::restore_backup() {
    if (calm_) return;
    if (random_.chance(50)) {
        // Of one column: some uses are forgotten.
        for (auto& [id, row] : rows_)
            if (row.used && random_.chance(50)) *row.used -= random_.up_to(20 * kDay);
        return note("uses are forgotten");
    }
    if (!backup_) return;
    for (const auto& [id, row] : rows_) graveyard_[id] = row;
    rows_ = *backup_;
    note("restore the backup");
}

inline void Gateway::set_clock() {
    if (calm_) return;
    constexpr std::array<Duration, 5> kSteps{2s, 1min, 1h, 3 * kDay, 20 * kDay};
    const Duration step = random_.up_to(random_.one_of(kSteps));
    offset_ += random_.chance(50) ? step : -step;
    note("the clock is set");
}

inline void Gateway::happen() {
    using Happening = void (Gateway::*)();
    static constexpr std::array<std::pair<unsigned, Happening>, 16> kHappenings{
        {{6, &Gateway::make_key},
         {14, &Gateway::make_replacement},
         {10, &Gateway::use},
         {16, &Gateway::change_habit},
         {4, &Gateway::rename_one},
         {5, &Gateway::block},
         {4, &Gateway::expire},
         {3, &Gateway::spend},
         {14, &Gateway::remove},
         {6, &Gateway::undelete},
         {2, &Gateway::remove_owner},
         {4, &Gateway::upgrade},
         {2, &Gateway::take_backup},
         {2, &Gateway::restore_backup},
         {2, &Gateway::set_clock},
         {6, &Gateway::change_fallback}}};
    std::uint64_t at = random_.below(100);
    for (const auto& [weight, happening] : kHappenings) {
        if (at < weight) {
            (this->*happening)();
            return drop_uses_ahead();
        }
        at -= weight;
    }
}

}  // namespace keyshift::journal::history
