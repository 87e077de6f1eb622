// SPDX-License-Identifier: Apache-2.0
// Metrics are collected one by one: a family of the library copies all of its own, gives them in no order,
// and their labels by name. A page has series as they were first counted, and labels as they are documented.
#include "exposition/families/own_metrics.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include "exposition/families/build.hpp"

namespace keyshift::exposition {
namespace {

using prometheus::Counter;
using prometheus::Histogram;
using prometheus::MetricFamily;
using prometheus::MetricType;

struct Described {
    const char* name;
    const char* help;
};

constexpr Described kRequests{"keyshift_http_server_requests_total",
                              "HTTP requests answered by keyshift itself since it was started."};
constexpr Described kPolls{"keyshift_source_poll_duration_seconds", "How long polls of a source took."};
constexpr Described kStateWriteErrors{
    "keyshift_state_write_errors_total",
    "Cycles whose results could not be saved; they are found and saved again later."};

constexpr Described kWebConfigGood{
    "keyshift_web_config_last_reload_successful",
    "Whether the web configuration was valid when it was last read; if not, the one before stays."};
constexpr Described kWebConfigFailures{
    "keyshift_web_config_reload_failures_total",
    "Times the web configuration, or a file that it names, was changed to what cannot be used."};

const Histogram::BucketBoundaries kPollBounds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 120};

template <class Builder>
auto& registered(Builder builder, const Described& described, prometheus::Registry& registry) {
    return builder.Name(described.name).Help(described.help).Register(registry);
}

}  // namespace

struct OwnMetrics::Metrics {
    struct Request {
        std::string handler;
        int code = 0;
        Counter* counter = nullptr;  // never null; it is the registry's
    };

    Histogram& poll(const std::string& source) {
        const auto found = polls.find(source);
        if (found != polls.end()) return *found->second;
        return *polls.emplace(source, &poll_family.Add({{"source", source}}, kPollBounds)).first->second;
    }

    prometheus::Registry registry;
    prometheus::Family<Counter>& request_family = registered(prometheus::BuildCounter(), kRequests, registry);
    prometheus::Family<Histogram>& poll_family = registered(prometheus::BuildHistogram(), kPolls, registry);
    Counter& state_write_errors = registered(prometheus::BuildCounter(), kStateWriteErrors, registry).Add({});
    std::vector<Request> requests;
    std::optional<bool> web_config;  // whether it was valid; empty: there is none
    double web_config_failures = 0;
    std::map<std::string, Histogram*> polls;
};

OwnMetrics::OwnMetrics() : metrics_(std::make_unique<Metrics>()) {}
OwnMetrics::~OwnMetrics() = default;

void OwnMetrics::count_requests(std::string_view handler, int code, unsigned times) {
    auto& requests = metrics_->requests;
    auto request = std::ranges::find_if(
        requests, [&](const auto& known) { return known.code == code && known.handler == handler; });
    if (request == requests.end()) {
        std::string name(handler);
        Counter& counter = metrics_->request_family.Add({{"handler", name}, {"code", std::to_string(code)}});
        request = requests.insert(requests.end(), {std::move(name), code, &counter});
    }
    request->counter->Increment(times);
}

void OwnMetrics::count_poll(const std::string& source, base::Duration took) {
    metrics_->poll(source).Observe(static_cast<double>(took.count()) / 1e6);
}

void OwnMetrics::count_state_write_error() {
    metrics_->state_write_errors.Increment();
}

void OwnMetrics::note_web_config(bool good) {
    metrics_->web_config = good;
    if (!good) ++metrics_->web_config_failures;
}

void OwnMetrics::append_web_config(std::vector<MetricFamily>& out) const {
    if (!metrics_->web_config) return;
    out.push_back(build::single(MetricType::Gauge, kWebConfigGood.name, kWebConfigGood.help,
                                *metrics_->web_config ? 1 : 0));
    out.push_back(build::single(MetricType::Counter, kWebConfigFailures.name, kWebConfigFailures.help,
                                metrics_->web_config_failures));
}

void OwnMetrics::append_requests(std::vector<MetricFamily>& out) const {
    MetricFamily family = build::family(MetricType::Counter, kRequests.name, kRequests.help);
    family.metric.reserve(metrics_->requests.size());
    for (const Metrics::Request& request : metrics_->requests) {
        build::add(family, {{"handler", request.handler}, {"code", std::to_string(request.code)}},
                   request.counter->Value());
    }
    out.push_back(std::move(family));
}

void OwnMetrics::append_polls(const std::vector<std::string>& sources, std::vector<MetricFamily>& out) {
    MetricFamily family = build::family(MetricType::Histogram, kPolls.name, kPolls.help);
    family.metric.reserve(sources.size());
    for (const std::string& source : sources) {
        family.metric.push_back(metrics_->poll(source).Collect());
        family.metric.back().label = {{"source", source}};
    }
    out.push_back(std::move(family));
}

void OwnMetrics::append_state_write_errors(std::vector<MetricFamily>& out) const {
    out.push_back(build::single(MetricType::Counter, kStateWriteErrors.name, kStateWriteErrors.help,
                                metrics_->state_write_errors.Value()));
}

}  // namespace keyshift::exposition
