// SPDX-License-Identifier: Apache-2.0
#include "journal/saved_model.hpp"

#include <charconv>
#include <string>
#include <string_view>
#include <type_traits>

#include "domain/assess.hpp"
#include "journal/key_journal.hpp"
#include "journal/marks/saved_marks.hpp"
#include "journal/saved_evidence.hpp"

namespace keyshift::journal {
namespace {

using base::Duration;
using base::Time;
using domain::FallbackMode;
using domain::Inventory;
using domain::Migration;

constexpr const char* kUp = "keys_up";

class Saver {
 public:
    explicit Saver(store::Transaction& to) : to_(to) {}
    void operator()(const std::string& name, std::string_view value) { to_.set_fact(name, value); }
    void operator()(const std::string& name, const std::string& value) { to_.set_fact(name, value); }
    template <class Number, std::enable_if_t<std::is_integral_v<Number>, int> = 0>
    void operator()(const std::string& name, Number value) {
        to_.set_fact(name, std::to_string(value));
    }
    void operator()(const std::string& name, Time value) { (*this)(name, value.time_since_epoch().count()); }
    void operator()(const std::string& name, Duration value) { (*this)(name, value.count()); }
    void operator()(const std::string& name, FallbackMode value) { (*this)(name, static_cast<int>(value)); }
    void operator()(const std::string& name, const std::optional<Time>& value) {
        value ? (*this)(name, *value) : (*this)(name, std::string_view{});
    }

 private:
    store::Transaction& to_;
};

class Loader {
 public:
    explicit Loader(const store::Facts& facts) : facts_(facts) {}
    void operator()(const std::string& name, std::string& value) { value = text(name); }
    template <class Number, std::enable_if_t<std::is_integral_v<Number>, int> = 0>
    void operator()(const std::string& name, Number& value) {
        value = static_cast<Number>(number(name));
    }
    void operator()(const std::string& name, Time& value) { value = Time{Duration{number(name)}}; }
    void operator()(const std::string& name, Duration& value) { value = Duration{number(name)}; }
    void operator()(const std::string& name, FallbackMode& value) {
        value = static_cast<FallbackMode>(number(name));
    }
    void operator()(const std::string& name, std::optional<Time>& value) {
        value.reset();
        if (!text(name).empty()) value = Time{Duration{number(name)}};
    }

 private:
    std::string text(const std::string& name) const {
        const auto found = facts_.find(name);
        return found == facts_.end() ? std::string() : found->second;
    }
    std::int64_t number(const std::string& name) const {
        const std::string digits = text(name);
        std::int64_t value = 0;
        std::from_chars(digits.data(), digits.data() + digits.size(), value);
        return value;
    }

    const store::Facts& facts_;
};

template <class Archive, class M>
void describe_tally(Archive& a, M& tally) {
    for (const domain::Phase phase : domain::kPhases)
        a("phase_" + std::string(phase_name(phase)), tally.phases.at(static_cast<std::size_t>(phase)));
    a("live_use_keys", tally.live_use.keys);
    a("live_use_unswitched", tally.live_use.unswitched);
    a("live_use_quiet_at", tally.live_use.quiet_at);
    a("drained_by_owner_only", tally.drained_by_owner_only);
    a("dormant_unacknowledged", tally.dormant_unacknowledged);
    a("dormant_blocked_recently", tally.dormant_blocked_recently);
    a("blocked_long_enough_at", tally.blocked_long_enough_at);
    a("upgraded_unused", tally.upgraded_unused);
    a("retired_beside", tally.beside);
    a("used_and_legacy", tally.used_and_legacy);
}

template <class Archive, class M>
void describe_migration(Archive& a, M& migration) {
    a("polled_at", migration.polled_at);
    a("clock_at", migration.clock_at);
    a("poll_every", migration.poll_every);
    a("observed_since", migration.observed_since);
    describe_tally(a, migration.tally);
    auto& evidence = migration.evidence;
    a("modern_use_began", evidence.modern_use_began);
    a("newest_modern_use", evidence.newest_modern_use);
    a("newest_legacy_use", evidence.newest_legacy_use);
    a("newest_legacy_use_before_modern", evidence.newest_legacy_use_before_modern);
    a("silent_without_reason", evidence.silent_without_reason);
    a("newest_upgrade", evidence.newest_upgrade);
    a("fallback_mode", migration.detected.mode);
    a("fallback_since", migration.detected.since);
    a("fallback_absent_since", migration.detected.absent_since);
    a("fallback_evidence", migration.detected.evidence);
    a("newest_legacy_created_at", migration.newest_legacy_created_at);
    a("last_used_proved_at", migration.last_used_proved_at);
    a("census_at", migration.census_at);
    a("upgrades_by_use", migration.upgrades_by_use);
    a("last_removal", migration.last_removal);
    a("live_before", migration.live_before);
    a("eta_point", migration.forecast.point);
    a("eta_p50", migration.forecast.p50);
    a("eta_p85", migration.forecast.p85);
}

template <class Archive, class I>
void describe_inventory(Archive& a, I& inventory) {
    a("taken_at", inventory.taken_at);
    a("legacy_keys", inventory.legacy_keys);
    a("modern_keys", inventory.modern_keys);
    a("legacy_owners", inventory.legacy_owners);
    a("baseline", inventory.baseline);
    for (std::size_t i = 0; i < domain::kUseWindows.size(); ++i)
        a("used_" + std::string(domain::kUseWindows.at(i).name), inventory.used.at(i));
    a("legacy_last_used_at", inventory.legacy_last_used_at);
    a("oldest_modern_created_at", inventory.oldest_modern_created_at);
    for (std::size_t i = 0; i < domain::kRowProblems.size(); ++i)
        a("implausible_" + std::string(problem_name(domain::kRowProblems.at(i))),
          inventory.implausible.at(i));
}

}  // namespace

void save_migration(const Migration& migration, store::Transaction& to) {
    Saver saver(to);
    describe_migration(saver, migration);
}

void save_inventory(const Inventory& inventory, store::Transaction& to) {
    Saver saver(to);
    describe_inventory(saver, inventory);
}

void save_keys_up(bool up, store::Transaction& to) {
    to.set_fact(kUp, up ? "1" : "0");
}

std::optional<Migration> load_migration(const store::Facts& facts) {
    if (facts.count("polled_at") == 0) return std::nullopt;
    Migration migration;
    Loader loader(facts);
    describe_migration(loader, migration);
    return migration;
}

base::Result<domain::Model> load_model(store::State& state) {
    const auto facts = state.load_facts();
    if (!facts) return facts.error();
    const auto counters = state.load_counters();
    if (!counters) return counters.error();
    const auto starts = state.load_observation_starts();
    if (!starts) return starts.error();
    domain::Model model;
    model.saved_totals = saved_totals(*counters);
    model.state_size_bytes = state.size_bytes();
    const auto beginning = store::State::beginning_of(*facts);
    model.state_begun_at = beginning.at;
    model.state_begun_because = beginning.because;
    auto marks = load_marks(state, base::now());
    if (!marks) return marks.error();
    model.marks = *std::move(marks);
    auto migration = load_migration(*facts);
    if (!migration) return model;
    auto hourly = state.load_hourly();
    if (!hourly) return hourly.error();
    load_evidence(*facts, *counters, model);
    load_statuses(*facts, *counters, model.sources);
    model.evidence.hourly = std::move(*hourly);
    Loader loader(*facts);
    domain::KeyPoll& poll = model.keys.emplace();
    describe_inventory(loader, poll.inventory);
    poll.migration = *std::move(migration);
    poll.totals = model.saved_totals;
    domain::SourceStatus& keys = model.sources[domain::kKeysSource];
    keys.up = keys.up.value_or(false);
    keys.last_success_at = poll.migration.polled_at;
    for (const auto& [name, start] : *starts) model.sources[name].observation_start = start;
    return model;
}

}  // namespace keyshift::journal
