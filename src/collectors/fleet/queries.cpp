// SPDX-License-Identifier: Apache-2.0
#include "collectors/fleet/queries.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/ascii.hpp"

namespace keyshift::collectors {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using domain::Event;
using Gives = FleetQuery::Gives;
using namespace std::chrono_literals;

/// A daemon that reads a fleet back must never be counted with it. This is there from its first scrape on.
constexpr std::string_view kReadsTheFleet = R"(keyshift_source_errors_total{source="prometheus"})";

/// What a host sees of its own gateway. Statements, Redis and last_used_at are of what all hosts share, and
/// would be added up once for each.
constexpr std::string_view kOfItsOwn = "gateway_metrics|gateway_log";
constexpr std::string_view kOfItsOwnFailures = "access_log|gateway_log|gateway_metrics";

struct Row {
    std::string_view key;
    std::string_view metric;
    std::string_view signal;  ///< empty: no headline
    std::string_view evidence;
    Gives gives;
    Event event;
};
constexpr std::array<Row, 5> kCounters{{
    {"fallback", "keyshift_fallback_auth_total", "fallback", kOfItsOwn, Gives::counter, Event::fallback},
    {"auth_cache_hits", "keyshift_auth_cache_hits_total", "auth_cache", kOfItsOwn, Gives::counter,
     Event::auth_cache_hit},
    {"auth_cache_misses", "keyshift_auth_cache_misses_total", "auth_cache", kOfItsOwn, Gives::counter,
     Event::auth_cache_miss},
    {"auth_failures", "keyshift_auth_failures_total", "auth_failures", kOfItsOwnFailures, Gives::failures,
     domain::kFirstFailure},
    {"requests", "keyshift_http_requests_total", "", "", Gives::requests, domain::kFirstRequest},
}};
/// What the verdict rests on: a host that might count it and has nothing to count it from is missing.
constexpr std::array<std::string_view, 2> kVital{"fallback", "auth_failures"};

/// Writes PromQL about the hosts.
class Promql {
 public:
    explicit Promql(const FleetHosts& hosts) : job_("job=\"") {
        for (const char c : hosts.job) {
            if (c == '"' || c == '\\') job_ += '\\';
            job_ += c;
        }
        job_ += '"';
        for (const std::string& label : hosts.labels) on_ += (on_.empty() ? "on (" : ", ") + label;
        on_ += ") ";
    }

    std::string series(std::string_view metric, std::string_view matchers = {}) const {
        return std::string(metric) + '{' + job_ + (matchers.empty() ? "" : ",") + std::string(matchers) + '}';
    }
    std::string unless_it_reads_the_fleet() const { return " unless " + on_ + std::string(kReadsTheFleet); }
    /// `how` is "and" or "unless".
    std::string with_evidence(std::string_view how, const Row& row) const {
        return ' ' + std::string(how) + ' ' + on_ + "keyshift_evidence_info{signal=\"" +
               std::string(row.signal) + "\",evidence=~\"" + std::string(row.evidence) + "\"}";
    }

 private:
    std::string job_;
    std::string on_;
};

std::string counter_text(const Promql& promql, const Row& row) {
    return promql.series(row.metric) + (row.signal.empty() ? "" : promql.with_evidence("and", row)) +
           promql.unless_it_reads_the_fleet();
}

FleetQuery health(std::string text, std::string complaint, bool may_be_empty) {
    return {.key = "health",
            .text = std::move(text),
            .gives = Gives::health,
            .standard = true,
            .complaint = std::move(complaint),
            .may_be_empty = may_be_empty};
}

std::vector<FleetQuery> standard_health(const FleetHosts& hosts) {
    const Promql promql(hosts);
    const std::string but_not = promql.unless_it_reads_the_fleet();
    const auto stale = std::chrono::ceil<std::chrono::seconds>(hosts.stale_after).count();
    std::vector<FleetQuery> out{
        health(promql.series("up") + but_not, "cannot be scraped", false),
        health("time() - timestamp(" + promql.series("up") + ") <= bool " + std::to_string(stale) + but_not,
               "was scraped too long ago", false),
        health(promql.series("keyshift_source_up", R"(source!="prometheus")") + but_not, "a source is down",
               true),
        health(promql.series("keyshift_gateway_up") + but_not, "a gateway does not answer", true),
    };
    for (const Row& row : kCounters) {
        if (std::find(kVital.begin(), kVital.end(), row.key) == kVital.end()) continue;
        out.push_back(
            health("0 * " + promql.series(row.metric) + promql.with_evidence("unless", row) + but_not,
                   "does not count " + std::string(row.key) + " of its own gateway", true));
    }
    return out;
}

FleetQuery start_query(const FleetHosts& hosts) {
    std::string by;
    for (const std::string& label : hosts.labels) by += (by.empty() ? "" : ", ") + label;
    return {.key = "",
            .text = "min by (" + by + ") (" +
                    Promql(hosts).series("keyshift_observation_start_timestamp_seconds") + ")",
            .gives = Gives::start,
            .standard = true};
}

bool is_label(std::string_view text) {
    return !text.empty() && !base::is_digit(text.front()) &&
           std::all_of(text.begin(), text.end(), [](char c) { return base::is_alphanumeric(c) || c == '_'; });
}

Result<std::string> parse_label(std::string_view text) {
    if (is_label(text)) return std::string(text);
    return Error{Errc::config, "is no name of a label", "labels have letters, digits and _"};
}

Result<std::string> parse_query(std::string_view text) {
    if (text.find_first_not_of(" \n\t") != std::string_view::npos) return std::string(text);
    return Error{Errc::config, "is no query", "write PromQL, or null to ask nothing"};
}

FleetHosts read_hosts(config::OptionsReader& options) {
    FleetHosts hosts;
    hosts.job = options.text("job", "keyshift");
    hosts.labels =
        options.parsed_list<std::string>("host_labels", {"job", "instance"}, "[job, instance]", parse_label);
    hosts.stale_after = options.duration("stale_after", 2min, {.min = 1s, .max = 1h});
    hosts.at_least = static_cast<std::size_t>(options.integer("instances", 1, {.min = 1, .max = 100'000}));
    return hosts;
}

/// Those of `standard` whose subject is asked about as keyshift would.
void append_health(config::OptionsReader& queries, std::vector<FleetQuery> standard,
                   std::vector<FleetQuery>& out) {
    std::vector<std::string> fallback;
    fallback.reserve(standard.size());
    for (const FleetQuery& query : standard) fallback.push_back(query.text);
    std::size_t number = 0;
    for (const std::string& text : queries.list_of_text("health", fallback)) {
        const auto known = std::find_if(standard.begin(), standard.end(),
                                        [&](const FleetQuery& query) { return query.text == text; });
        const std::string key = "health[" + std::to_string(number++) + ']';
        out.push_back(known != standard.end() ? *known : health(text, key + " is below 1", false));
        out.back().key = key;
        out.back().standard = known != standard.end();
    }
}

}  // namespace

std::string FleetQuery::name() const {
    return key.empty() ? "the query for when hosts began" : "queries." + key;
}

std::string_view FleetQuery::label() const {
    if (gives == Gives::failures) return "reason";
    return gives == Gives::requests ? "outcome" : "";
}

domain::Events FleetQuery::events() const {
    if (gives == Gives::failures) return domain::failures();
    if (gives == Gives::requests) return domain::requests();
    domain::Events out;
    if (gives == Gives::counter) out.set(index_of(event));
    return out;
}

domain::Events Fleet::measures() const {
    domain::Events out;
    for (const FleetQuery& query : queries) out |= query.events();
    return out;
}

std::string Fleet::scope() const {
    std::string out;
    for (const std::string& label : hosts.labels) out += label + ' ';
    for (const FleetQuery& query : queries)
        if (query.events().any()) out += '\n' + query.key + ": " + query.text;
    return out;
}

Fleet read_fleet(config::OptionsReader& options) {
    Fleet fleet;
    fleet.hosts = read_hosts(options);
    config::OptionsReader queries = options.section("queries");
    std::vector<FleetQuery> health = standard_health(fleet.hosts);
    for (const Row& row : kCounters) {
        const std::string standard = counter_text(Promql(fleet.hosts), row);
        auto text = queries.parsed_or_null<std::string>(row.key, standard, standard, parse_query);
        const bool own = text != standard;
        if (own) {
            std::erase_if(health, [&](const FleetQuery& query) {
                return !row.signal.empty() &&
                       query.text.find("{signal=\"" + std::string(row.signal) + '"') != std::string::npos;
            });
        }
        if (!text) continue;
        fleet.queries.push_back({.key = std::string(row.key),
                                 .text = *std::move(text),
                                 .gives = row.gives,
                                 .event = row.event,
                                 .standard = !own});
    }
    if (fleet.queries.empty())
        queries.problem("", "asks nothing", "leave one of the counters' queries as it is by default");
    append_health(queries, std::move(health), fleet.queries);
    fleet.queries.push_back(start_query(fleet.hosts));
    return fleet;
}

}  // namespace keyshift::collectors
