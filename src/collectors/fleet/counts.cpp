// SPDX-License-Identifier: Apache-2.0
#include "collectors/fleet/counts.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/utf8.hpp"

namespace keyshift::collectors {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using domain::Event;
using formats::ApiAnswer;
using formats::ApiSeries;
using Gives = FleetQuery::Gives;

/// Above this a double skips numbers.
constexpr double kLargestCount = 9007199254740992.0;

/// Hosts' clocks may be that far behind.
constexpr base::Duration kSlowClock = std::chrono::minutes{1};

using Instances = std::map<std::string, domain::Instance>;

void append_label(std::string& to, std::string_view name, std::string_view value) {
    to.append(to.empty() ? "" : ",").append(name).append("=\"");
    for (const char c : value) {
        if (c == '"' || c == '\\' || c == '\n') to += '\\';
        to += c == '\n' ? 'n' : c;
    }
    to += '"';
}

bool is_host_label(const Fleet& fleet, std::string_view name) {
    const auto& labels = fleet.hosts.labels;
    return std::find(labels.begin(), labels.end(), name) != labels.end();
}

/// What tells the series apart within its host. Labels of ours that are not known are an installation's own
/// and may change without the counter beginning anew.
std::string series_name(const Fleet& fleet, const FleetQuery& query, const ApiSeries& series) {
    std::string out;
    for (const auto& [name, value] : series.labels) {
        if (name == "__name__" || is_host_label(fleet, name)) continue;
        if (!query.standard || name == query.label()) append_label(out, name, value);
    }
    return out;
}

Result<std::uint64_t> count_of(const FleetQuery& query, const std::string& host, double value) {
    if (std::isfinite(value) && value >= 0 && value <= kLargestCount)
        return static_cast<std::uint64_t>(value);
    return Error{Errc::parse,
                 query.name() + " gives " + std::to_string(value) + " for {" + base::escape_unsafe(host) +
                     "}, which no counter is",
                 "the query must give counters as they stand, neither rates nor differences"};
}

Result<Event> event_of(const FleetQuery& query, const ApiSeries& series) {
    if (query.gives == Gives::counter) return query.event;
    const std::string_view value = series.label(query.label());
    if (value.empty()) {
        return Error{Errc::schema,
                     query.name() + " gives a series without the label " + std::string(query.label()),
                     "keep that label in the query"};
    }
    const domain::Events events = query.events();
    for (std::size_t i = 0; i < domain::kEventCount; ++i)
        if (events.test(i) && event_label(domain::event_at(i)) == value) return domain::event_at(i);
    if (query.gives == Gives::failures) return Event::failure_other;
    return Error{
        Errc::schema, query.name() + " gives the outcome '" + base::escape_unsafe(value) + "'",
        "outcomes are success, auth_failure, rate_limited, client_error and server_error; relabel them"};
}

Error ambiguous(const FleetQuery& query, const std::string& host) {
    return {Errc::schema, query.name() + " gives several series for {" + base::escape_unsafe(host) + '}',
            "add the label that tells these hosts apart to host_labels; where they are replicas of one, let "
            "the server deduplicate them"};
}

Result<void> add_counts(const Fleet& fleet, const FleetQuery& query, const ApiAnswer& answer,
                        const std::set<std::string>& began_lately, const FleetWatch& watch,
                        Counted& counted) {
    Instances instances;
    std::set<std::pair<std::string, std::string>> seen;
    for (const ApiSeries& series : answer.series) {
        const std::string host = fleet_host(fleet, series);
        const auto event = event_of(query, series);
        if (!event) return event.error();
        const auto value = count_of(query, host, series.value);
        if (!value) return value.error();
        std::string name = series_name(fleet, query, series);
        if (!seen.emplace(host, name).second) return ambiguous(query, host);
        // A part for each query: a host that stops counting one thing is missing there, whatever else it
        // counts.
        domain::Instance& instance = instances[host];
        instance.name = query.key + (host.empty() ? "" : " of " + host);
        instance.began_lately =
            query.standard && began_lately.count(host) > 0 && watch.instances.count(instance.name) == 0;
        instance.readings.push_back({std::move(name), *value, {}, {{*event, 1}}});
    }
    // Reasons come with their first failure.
    if (!instances.empty()) counted.countable |= query.events();
    for (auto& [host, instance] : instances) counted.readings.instances.push_back(std::move(instance));
    return {};
}

std::set<std::string> began_after(const Fleet& fleet, const std::vector<ApiAnswer>& answers,
                                  base::Time since) {
    std::set<std::string> hosts;
    for (std::size_t i = 0; i < fleet.queries.size(); ++i) {
        if (fleet.queries[i].gives != Gives::start) continue;
        for (const ApiSeries& series : answers.at(i).series) {
            if (series.value > base::to_unix_seconds(since)) hosts.insert(fleet_host(fleet, series));
        }
    }
    return hosts;
}

std::string complaint(const FleetQuery& query, const std::string& host, const ApiSeries& series) {
    std::string out = (host.empty() ? std::string() : host + ": ") + query.complaint;
    for (const std::string_view name : {"source", "gateway"}) {
        if (!query.standard || series.label(name).empty()) continue;
        out += " (" + std::string(series.label(name)) + ')';
    }
    return out;
}

void add_missing(const Fleet& fleet, const FleetQuery& query, const ApiAnswer& answer,
                 std::set<std::string>& missing) {
    for (const ApiSeries& series : answer.series)
        if (!(series.value >= 1)) missing.insert(complaint(query, fleet_host(fleet, series), series));
    if (answer.series.empty() && !query.may_be_empty)
        missing.insert("what " + query.name() + " asks for: it gives nothing");
}

/// The hosts that have a series of such queries.
template <class Test>
std::set<std::string> hosts_with(const Fleet& fleet, const std::vector<ApiAnswer>& answers,
                                 const Test& test) {
    std::set<std::string> hosts;
    for (std::size_t i = 0; i < fleet.queries.size(); ++i) {
        if (!test(fleet.queries[i])) continue;
        for (const ApiSeries& series : answers.at(i).series) hosts.insert(fleet_host(fleet, series));
    }
    return hosts;
}

/// A host that counts other things and no fallback may have had some.
domain::Ground ground_of(const Fleet& fleet, const std::vector<ApiAnswer>& answers) {
    const auto fallback = [](const FleetQuery& query) {
        return query.events().test(index_of(Event::fallback));
    };
    const auto other = [&](const FleetQuery& query) { return query.events().any() && !fallback(query); };
    domain::Ground out;
    for (const FleetQuery& query : fleet.queries)
        if (fallback(query)) out.version += query.text;
    const auto have = hosts_with(fleet, answers, fallback);
    // Of a sum nobody knows whose it is.
    if (have.count("") == 0 && !have.empty()) {
        for (const std::string& host : hosts_with(fleet, answers, other)) {
            if (host.empty() || have.count(host) > 0 || !out.doubt.empty()) continue;
            out.doubt =
                "{" + base::escape_unsafe(host) +
                "} has no series of the fallback, although it counts other things: see that it counts "
                "the fallback of its own gateway";
        }
    }
    out.at_work = !have.empty() && out.doubt.empty();
    return out;
}

}  // namespace

std::string fleet_host(const Fleet& fleet, const ApiSeries& series) {
    std::string out;
    for (const auto& [name, value] : series.labels)
        if (is_host_label(fleet, name)) append_label(out, name, value);
    return out;
}

std::vector<std::string> fleet_hosts(const Fleet& fleet, const std::vector<ApiAnswer>& answers) {
    const auto& queries = fleet.queries;
    const auto is_fallback = [](const FleetQuery& query) { return query.events().test(0); };
    static_assert(index_of(Event::fallback) == 0);
    const bool asked = std::any_of(queries.begin(), queries.end(), is_fallback);
    std::set<std::string> hosts;
    for (std::size_t i = 0; i < queries.size(); ++i) {
        if (asked ? !is_fallback(queries[i]) : queries[i].events().none()) continue;
        for (const ApiSeries& series : answers.at(i).series) hosts.insert(fleet_host(fleet, series));
    }
    return {hosts.begin(), hosts.end()};
}

Result<Counted> count_fleet(const Fleet& fleet, const std::vector<ApiAnswer>& answers,
                            const FleetWatch& watch) {
    const std::set<std::string> began = began_after(fleet, answers, watch.since - kSlowClock);
    Counted counted;
    counted.readings.scope = fleet.scope();
    counted.parts_stay = true;
    std::set<std::string> missing;
    for (std::size_t i = 0; i < fleet.queries.size(); ++i) {
        const FleetQuery& query = fleet.queries[i];
        const ApiAnswer& answer = answers.at(i);
        if (answer.partial) {
            return Error{Errc::other,
                         "partial answer to " + query.name() +
                             (answer.warnings.empty() ? "" : ": " + answer.warnings.front()),
                         "look at the server's stores; what is missing may have counted"};
        }
        if (query.gives == Gives::health) {
            add_missing(fleet, query, answer, missing);
        } else if (query.events().any()) {
            if (auto added = add_counts(fleet, query, answer, began, watch, counted); !added)
                return added.error();
        }
    }
    const std::size_t hosts = fleet_hosts(fleet, answers).size();
    if (hosts < fleet.hosts.at_least) {
        missing.insert(std::to_string(fleet.hosts.at_least - hosts) + " of " +
                       std::to_string(fleet.hosts.at_least) + " hosts");
    }
    counted.ground = ground_of(fleet, answers);
    counted.missing.assign(missing.begin(), missing.end());
    return counted;
}

}  // namespace keyshift::collectors
