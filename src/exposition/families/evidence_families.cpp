// SPDX-License-Identifier: Apache-2.0
#include "exposition/families/evidence_families.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "domain/assess.hpp"
#include "domain/evidence_facts.hpp"
#include "exposition/families/build.hpp"

namespace keyshift::exposition {
namespace {

using build::add;
using build::family;
using build::MetricFamily;
using build::MetricType;
using build::number;
using build::single;
using domain::Event;
using domain::Model;
using domain::Signal;

/// The sources of which whole families are, by their help texts.
constexpr const char* kStatements = "statements";
constexpr const char* kRedis = "redis";
constexpr const char* kGatewayLog = "gateway_log";
constexpr const char* kGatewayMetrics = "gateway_metrics";

std::optional<double> total(const domain::PerEvent<std::uint64_t>& totals, Event event, bool there) {
    return there ? std::optional(number(totals.at(index_of(event)))) : std::nullopt;
}

/// What was saved of a log may be less than what was shown before a restart, until it is read again.
bool is_behind(const Model& model, const std::string& source) {
    const auto log = model.logs.find(source);
    return log != model.logs.end() && !log->second.read_since_start;
}

/// Whether the source might count `event`, and what it has counted.
std::optional<double> counted(const Model& model, const std::string& source, Event event) {
    if (!countable(model, source).test(index_of(event))) return std::nullopt;
    if (is_behind(model, source)) return std::nullopt;
    const auto counts = model.evidence.sources.find(source);
    return counts == model.evidence.sources.end() ? 0 : number(counts->second.totals.at(index_of(event)));
}

void append_headlines(const Model& model, std::vector<MetricFamily>& out) {
    const auto& totals = model.evidence.totals;
    const auto behind = [&model](Signal signal) {
        return is_behind(model, model.evidence.of(signal).evidence);
    };
    const bool any =
        (model.sources.count(domain::kKeysSource) > 0 || can_be_measured(model, Signal::fallback)) &&
        !behind(Signal::fallback);
    const bool cache = can_be_measured(model, Signal::auth_cache) && !behind(Signal::auth_cache);
    const bool fails = can_be_measured(model, Signal::auth_failures) && !behind(Signal::auth_failures);
    out.push_back(single(MetricType::Counter, "keyshift_fallback_auth_total",
                         "Authentications by fallback, by the evidence that keyshift_evidence_info names.",
                         total(totals, Event::fallback, any)));
    out.push_back(single(MetricType::Counter, "keyshift_auth_cache_hits_total",
                         "Authentications that the gateway's cache answered, by the evidence that "
                         "keyshift_evidence_info names.",
                         total(totals, Event::auth_cache_hit, cache)));
    out.push_back(single(MetricType::Counter, "keyshift_auth_cache_misses_total",
                         "Authentications that took the full path, by the evidence that "
                         "keyshift_evidence_info names.",
                         total(totals, Event::auth_cache_miss, cache)));
    MetricFamily failures =
        family(MetricType::Counter, "keyshift_auth_failures_total",
               "Failed authentications by reason, by the evidence that keyshift_evidence_info "
               "names; statements know unknown_key only.");
    for (std::size_t i = 0; fails && i < domain::kFailureReasons; ++i) {
        const Event event = after(domain::kFirstFailure, i);
        add(failures, {{"reason", std::string(event_label(event))}}, number(totals.at(index_of(event))));
    }
    out.push_back(std::move(failures));
    MetricFamily evidence = family(MetricType::Gauge, "keyshift_evidence_info",
                                   "What the headline metrics of a signal are counted from.");
    for (const Signal signal : {Signal::fallback, Signal::auth_cache, Signal::auth_failures}) {
        const std::string& name = model.evidence.of(signal).evidence;
        if (name.empty() || (name != domain::kLastUsed && !can_be_measured(model, signal))) continue;
        add(evidence, {{"signal", std::string(signal_name(signal))}, {"evidence", name}}, 1);
    }
    out.push_back(std::move(evidence));
}

/// Where last uses are known, and something else counts hits.
void append_contradiction(const Model& model, base::Time now, std::vector<MetricFamily>& out) {
    MetricFamily contradicted =
        family(MetricType::Gauge, "keyshift_evidence_contradicted",
               "Whether keys were used, by their last uses, that the evidence of the signal "
               "has not counted within the drain window.");
    const bool compared =
        model.keys && model.policy.uses_recorded && can_be_measured(model, Signal::fallback);
    if (compared) {
        const bool is = is_contradicted(model.evidence, model.policy.windows.drain, host_time(model, now));
        add(contradicted, {{"signal", std::string(signal_name(Signal::fallback))}}, is ? 1.0 : 0.0);
    }
    out.push_back(std::move(contradicted));
}

void append_statements(const Model& model, std::vector<MetricFamily>& out) {
    out.push_back(single(MetricType::Counter, "keyshift_fallback_scans_total",
                         "Statements of the gateway that read all keys to compare them.",
                         counted(model, kStatements, Event::fallback_scan)));
    out.push_back(single(MetricType::Counter, "keyshift_fallback_scanned_keys_total",
                         "Rows that these statements returned: keys compared.",
                         counted(model, kStatements, Event::fallback_scanned_key)));
    out.push_back(single(MetricType::Counter, "keyshift_statements_unclassified_total",
                         "Calls of statements on the key table that fit no class, and may be the fallback.",
                         counted(model, kStatements, Event::statement_unclassified)));
    MetricFamily lookups =
        family(MetricType::Counter, "keyshift_auth_lookups_total",
               "The gateway's lookups of a key by its hash; not_found: a legacy or unknown key.");
    for (const auto& [event, result] :
         {std::pair{Event::lookup_found, "found"}, std::pair{Event::lookup_not_found, "not_found"}}) {
        if (const auto count = counted(model, kStatements, event)) add(lookups, {{"result", result}}, *count);
    }
    out.push_back(std::move(lookups));
    out.push_back(single(MetricType::Counter, "keyshift_auth_verifications_total",
                         "Authentications by the full path that succeeded, each with a bcrypt comparison.",
                         counted(model, kStatements, Event::verification)));
}

void append_redis(const Model& model, std::vector<MetricFamily>& out) {
    out.push_back(single(MetricType::Counter, "keyshift_redis_keyspace_hits_total",
                         "Reads of existing keys in the whole Redis instance, whatever they are for: not the "
                         "hits of the auth cache.",
                         counted(model, kRedis, Event::redis_hit)));
    out.push_back(single(MetricType::Counter, "keyshift_redis_keyspace_misses_total",
                         "Reads of keys that were not there, in the whole Redis instance, whatever for.",
                         counted(model, kRedis, Event::redis_miss)));
    out.push_back(single(MetricType::Counter, "keyshift_redis_evicted_keys_total",
                         "Keys that the whole Redis instance gave up for want of memory.",
                         counted(model, kRedis, Event::redis_evicted)));
    MetricFamily entries =
        family(MetricType::Gauge, "keyshift_cache_entries",
               "Entries of the gateway's auth caches in Redis, as of the last complete count.");
    for (const auto& [cache, count] : model.gauges.cache_entries)
        add(entries, {{"cache", cache}}, number(count));
    out.push_back(std::move(entries));
}

/// Whether it counts `event` now, or ever has: a log whose level does not reach so far is no zero.
bool tells(const Model& model, const std::string& source, Event event) {
    const auto counts = model.evidence.sources.find(source);
    return counts != model.evidence.sources.end() &&
           (counts->second.countable.test(index_of(event)) || counts->second.totals.at(index_of(event)) > 0);
}

/// Of the sources that tell it, the one that has counted most: all see the same events, and one that begins
/// to tell later must not set the counter back. 0 where none does, and some might.
std::optional<double> best(const Model& model, Event event) {
    std::optional<double> most;
    for (const auto& [source, events] : model.policy.measurable) {
        const auto count = counted(model, source, event);
        if (count) most = std::max(most.value_or(0), tells(model, source, event) ? *count : 0);
    }
    return most;
}

/// What the source has counted of `events`; a log that tells of nothing is no reason to call it zero.
bool has_counted(const Model& model, const std::string& source, const domain::Events& events) {
    const auto counts = model.evidence.sources.find(source);
    if (counts == model.evidence.sources.end()) return false;
    for (std::size_t i = 0; i < domain::kEventCount; ++i)
        if (events.test(i) && counts->second.totals.at(i) > 0) return true;
    return false;
}

bool counts_elsewhere(const Model& model, const std::string& source, Event event) {
    domain::Events one;
    one.set(index_of(event));
    return std::any_of(model.policy.measurable.begin(), model.policy.measurable.end(), [&](const auto& item) {
        return item.first != source && has_counted(model, item.first, one);
    });
}

void append_gateway(const Model& model, std::vector<MetricFamily>& out) {
    out.push_back(single(MetricType::Counter, "keyshift_response_cache_hits_total",
                         "Hits of the gateway's cache of answers, which has nothing to do with keys.",
                         best(model, Event::response_cache_hit)));
    out.push_back(single(MetricType::Counter, "keyshift_response_cache_misses_total",
                         "Misses of the gateway's cache of answers, which has nothing to do with keys.",
                         best(model, Event::response_cache_miss)));
    MetricFamily requests =
        family(MetricType::Counter, "keyshift_http_requests_total", "Requests to the gateway by outcome.");
    for (std::size_t i = 0; i < domain::kRequestOutcomes; ++i) {
        const Event event = after(domain::kFirstRequest, i);
        if (const auto count = best(model, event))
            add(requests, {{"outcome", std::string(event_label(event))}}, *count);
    }
    out.push_back(std::move(requests));
    MetricFamily up = family(MetricType::Gauge, "keyshift_gateway_up",
                             "Whether the replica's own metrics could be read at the last poll.");
    const auto source = model.sources.find(kGatewayMetrics);
    const bool none = source != model.sources.end() && source->second.up == false;
    for (const auto& [gateway, is_up] : model.gauges.gateways_up)
        add(up, {{"gateway", gateway}}, is_up && !none ? 1.0 : 0.0);
    out.push_back(std::move(up));
}

void append_log_lines(const Model& model, std::vector<MetricFamily>& out) {
    MetricFamily lines =
        family(MetricType::Counter, "keyshift_log_lines_total", "Lines of a log by what became of them.");
    MetricFamily bytes =
        family(MetricType::Counter, "keyshift_log_read_bytes_total", "Bytes of a log that were read.");
    MetricFamily lag =
        family(MetricType::Gauge, "keyshift_log_lag_bytes",
               "Bytes of a log that are there and were not read yet, as of the last poll of it.");
    for (const auto& [source, log] : model.logs) {
        if (model.sources.count(source) == 0 || is_behind(model, source)) continue;
        const auto result = [&lines, &name = source](const char* label, std::uint64_t count) {
            add(lines, {{"source", name}, {"result", label}}, number(count));
        };
        result("matched", log.lines.matched);
        result("skipped", log.lines.skipped);
        result("unparsed", log.lines.unparsed);
        result("oversized", log.lines.oversized);
        add(bytes, {{"source", source}}, number(log.lines.bytes));
        add(lag, {{"source", source}}, number(log.lag_bytes));
    }
    out.push_back(std::move(lines));
    out.push_back(std::move(bytes));
    out.push_back(std::move(lag));
}

void append_logs(const Model& model, std::vector<MetricFamily>& out) {
    MetricFamily events = family(MetricType::Counter, "keyshift_log_events_total",
                                 "Events that the gateway's log told of, by what they are.");
    for (std::size_t i = 0; i < domain::kEventCount; ++i) {
        const Event event = domain::event_at(i);
        const auto count = counted(model, kGatewayLog, event);
        // It has never told of what others see: that it would is not shown.
        if (count && (*count > 0 || !counts_elsewhere(model, kGatewayLog, event)))
            add(events, {{"event", std::string(event_name(event))}}, *count);
    }
    out.push_back(std::move(events));
    MetricFamily clients =
        family(MetricType::Gauge, "keyshift_auth_failure_clients",
               "Different clients whose authentication failed within the last hour, by reason: an "
               "estimate, within some 2 percent.");
    for (const auto& [reason, count] : model.gauges.failing_clients)
        add(clients, {{"reason", reason}}, number(count));
    out.push_back(std::move(clients));
    append_log_lines(model, out);
}

}  // namespace

void append_evidence_families(const Model& model, base::Time now, std::vector<MetricFamily>& out) {
    append_headlines(model, out);
    append_contradiction(model, now, out);
    append_statements(model, out);
    append_redis(model, out);
    append_gateway(model, out);
    append_logs(model, out);
    MetricFamily resets =
        family(MetricType::Counter, "keyshift_source_resets_total",
               "Times that counters of the source had begun anew; of keys: that the key table was "
               "another one.");
    if (model.sources.count(domain::kKeysSource) > 0)
        add(resets, {{"source", domain::kKeysSource}}, number(model.totals().table_changes));
    for (const auto& [name, events] : model.policy.measurable) {
        if (events.none()) continue;
        const auto counts = model.evidence.sources.find(name);
        add(resets, {{"source", name}},
            counts == model.evidence.sources.end() ? 0 : number(counts->second.resets));
    }
    out.push_back(std::move(resets));
}

}  // namespace keyshift::exposition
