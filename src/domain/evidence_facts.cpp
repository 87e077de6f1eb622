// SPDX-License-Identifier: Apache-2.0
#include "domain/evidence_facts.hpp"

#include <algorithm>
#include <array>

namespace keyshift::domain {
namespace {

using std::chrono::hours;

constexpr base::Duration kFailureWindow = hours{24};
constexpr base::Duration kBaselineWindow = hours{24 * 7};
constexpr double kTolerableGrowth = 2;
constexpr std::uint64_t kEnoughAttempts = 100;
/// 1 in each hour in which failures were found not to be normal.
constexpr const char* kHourlyAlarms = "failure_alarms";

const SourceCounts* find(const Evidence& evidence, const std::string& name) {
    const auto found = evidence.sources.find(name);
    return found == evidence.sources.end() ? nullptr : &found->second;
}

/// The source that `signal` follows, if nothing of it is missing.
const SourceCounts* whole_source(const Model& model, Signal signal, base::Time now) {
    const SourceCounts* const source = find(model.evidence, model.evidence.of(signal).evidence);
    return source != nullptr && source->complete(host_time(model, now)) && source->counted_since ? source
                                                                                                 : nullptr;
}

/// Where the gateway scans, statements that find nothing say nothing of failures, in a log as in the
/// database: that is not a gap that time closes, even if a lookup before the first scan was taken for one.
bool cannot_tell(const Model& model, Signal signal, const std::string& name) {
    const SourceCounts* const source = find(model.evidence, name);
    if (signal != Signal::auth_failures || source == nullptr || !source->read_at) return false;
    const bool by_statements = is_upper_bound(model.policy.known_sources, name, signal) ||
                               source->grew_at.at(index_of(Event::fallback_scan));
    return by_statements && (needed_for(signal) & ~source->countable).any();
}

void raise(std::optional<base::Time>& latest, std::optional<base::Time> other) {
    if (other && (!latest || *other > *latest)) latest = other;
}

double share(std::uint64_t failed, std::uint64_t tried) {
    if (failed == 0) return 0;
    return tried == 0 ? 1 : std::min(1.0, static_cast<double>(failed) / static_cast<double>(tried));
}

struct Share {
    std::uint64_t failed = 0;
    std::uint64_t tried = 0;
    double ratio() const { return share(failed, tried); }
};

/// Of the seven days before `until`. A lock-out must not become normal: what was found not to be normal is
/// left out, for as long as it was counted before it was found.
Share normal_share(const Hourly& hourly, base::Time until) {
    Share out;
    for (base::Time hour = until - kBaselineWindow; hour < until; hour += hours{1}) {
        if (hourly.between(kHourlyAlarms, hour, hour + kFailureWindow + hours{1}) > 0) continue;
        out.failed += hourly.between(kHourlyFailed, hour, hour + hours{1});
        out.tried += hourly.between(kHourlyAttempts, hour, hour + hours{1});
    }
    // Nobody tried, as far as is known.
    if (out.tried == 0) out.failed = 0;
    return out;
}

/// What is counted carries this host's time.
/// Scans would show, and so would lookups in vain.
bool shows_scans(const SourceCounts& counts, base::Time host_now) {
    return counts.complete(host_now) && counts.proof.since && counts.proof.doubt.empty() &&
           counts.countable.test(index_of(Event::fallback_scan)) &&
           counts.countable.test(index_of(Event::lookup_not_found));
}

void add_counted(const SourceCounts& source, Events& to) {
    to |= source.countable;
    for (std::size_t i = 0; i < kEventCount; ++i)
        if (source.grew_at.at(i)) to.set(i);
}

/// By whom failures are counted, in the database's time.
RefusedKeys refused_keys(const Model& model, base::Time now) {
    RefusedKeys out;
    const SourceCounts* const source = whole_source(model, Signal::auth_failures, now);
    if (source == nullptr) return out;
    out.counted_since = database_now(model, *source->counted_since);
    const auto& series = model.evidence.hourly.series();
    const auto found = series.find(kHourlyUnknownKeys);
    if (found == series.end()) return out;
    for (const auto& [hour, count] : found->second) {
        const base::Time middle = base::Time{hours{hour}} + std::chrono::minutes{30};
        out.by_hour[std::chrono::floor<hours>(database_now(model, middle)).time_since_epoch().count()] +=
            count;
    }
    return out;
}

}  // namespace

CountedFallback counted_fallback(const Model& model, base::Time now) {
    CountedFallback to;
    const base::Time here = host_time(model, now);
    for (const auto& [name, counts] : model.evidence.sources) {
        to.scans_measured = to.scans_measured || shows_scans(counts, here);
        raise(to.scans_grew_at, counts.grew_at.at(index_of(Event::fallback_scan)));
        raise(to.not_found_grew_at, counts.grew_at.at(index_of(Event::lookup_not_found)));
        // Scans in vain are none of these.
        raise(to.fallback_counted_at, counts.grew_at.at(index_of(Event::fallback)));
    }
    to.canary_accepted_at = model.probe.canary_accepted_at;
    to.canary_refused_at = model.probe.canary_refused_at;
    to.refused_keys = refused_keys(model, now);
    for (auto* const at : {&to.scans_grew_at, &to.not_found_grew_at, &to.fallback_counted_at,
                           &to.canary_accepted_at, &to.canary_refused_at})
        *at = database_time(model, *at);
    return to;
}

Events countable(const Model& model, const std::string& name) {
    const auto promised = model.policy.measurable.find(name);
    const auto status = model.sources.find(name);
    if (promised == model.policy.measurable.end()) return {};
    if (status != model.sources.end() && !status->second.not_measured.empty()) return {};
    Events all = promised->second;
    if (const SourceCounts* const source = find(model.evidence, name)) add_counted(*source, all);
    // Whoever counts scans counts hits by them.
    if (all.test(index_of(Event::fallback_scan))) all.set(index_of(Event::fallback));
    return all;
}

bool may_count_failures(const Model& model, const std::string& name) {
    return (countable(model, name) & failures()).any() && !cannot_tell(model, Signal::auth_failures, name);
}

std::string who_could_measure(const Model& model, Signal signal) {
    std::string out;
    for (const auto& [name, promised] : model.policy.measurable) {
        if ((needed_for(signal) & ~countable(model, name)).any() || cannot_tell(model, signal, name))
            continue;
        out += (out.empty() ? "" : ", ") + name;
    }
    return out;
}

bool can_be_measured(const Model& model, Signal signal) {
    return (signal == Signal::fallback && model.policy.promotes_in_place) ||
           !who_could_measure(model, signal).empty();
}

ModernUse counted_modern_use(const Model& model) {
    struct Sign {
        Event event;
        const char* name;
    };
    constexpr std::array<Sign, 3> kSigns{{{Event::lookup_found, "a lookup that found a key"},
                                          {Event::verification, "a verification"},
                                          {Event::request_success, "a request that succeeded"}}};
    ModernUse out;
    for (const auto& [name, counts] : model.evidence.sources) {
        if (model.policy.measurable.count(name) == 0) continue;
        for (const Sign& sign : kSigns) {
            const auto at = database_time(model, counts.grew_at.at(index_of(sign.event)));
            if (at && (!out.at || *at > *out.at)) out = {at, std::string(sign.name) + " (" + name + ')'};
        }
    }
    return out;
}

ModernUse modern_use(const Model& model) {
    ModernUse out = counted_modern_use(model);
    if (!model.keys) return out;
    const FallbackEvidence& seen = model.keys->migration.evidence;
    if (seen.newest_modern_use && (!out.at || *seen.newest_modern_use > *out.at))
        out = {seen.newest_modern_use, "a last use"};
    const bool upgraded = model.policy.promotes_in_place && seen.newest_upgrade;
    if (upgraded && (!out.at || *seen.newest_upgrade > *out.at))
        out = {seen.newest_upgrade, "an upgrade by use"};
    return out;
}

std::optional<AuthFailures> auth_failures(const Model& model, base::Time now) {
    if (whole_source(model, Signal::auth_failures, now) == nullptr) return std::nullopt;
    const base::Time here = host_time(model, now);
    const Hourly& hourly = model.evidence.hourly;
    const base::Duration longest = model.policy.windows.drain;
    AuthFailures out;
    for (out.window = kFailureWindow;;
         out.window = std::min<base::Duration>(out.window + hours{24}, longest)) {
        out.attempts = hourly.since(kHourlyAttempts, here - out.window);
        out.enough = out.attempts >= kEnoughAttempts;
        if (out.enough || out.window >= longest) break;
    }
    const base::Time since = here - out.window;
    out.since = database_now(model, Hourly::hour_begin(since));
    out.ratio = share(hourly.since(kHourlyFailed, since), out.attempts);
    const Share before = normal_share(hourly, since);
    out.normal = std::max(kTolerableGrowth * before.ratio(), model.policy.failure_budget);
    return out;
}

void note_failures(Model& model, base::Time host_now) {
    const auto failures = auth_failures(model, database_now(model, host_now));
    if (!failures || !failures->enough || failures->ratio <= failures->normal) return;
    if (model.evidence.hourly.since(kHourlyAlarms, host_now) == 0)
        model.evidence.hourly.add(kHourlyAlarms, host_now, 1);
}

std::optional<double> cache_hit_ratio(const Model& model) {
    const auto hits = static_cast<double>(model.evidence.totals.at(index_of(Event::auth_cache_hit)));
    const auto misses = static_cast<double>(model.evidence.totals.at(index_of(Event::auth_cache_miss)));
    if (hits + misses == 0) return std::nullopt;
    return hits / (hits + misses);
}

}  // namespace keyshift::domain
