// SPDX-License-Identifier: Apache-2.0
#include "exposition/own_metrics.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include "exposition/build.hpp"

namespace keyshift::exposition {
namespace {

using build::Labels;
using prometheus::ClientMetric;
using prometheus::Counter;
using prometheus::Histogram;
using prometheus::MetricFamily;

const Histogram::BucketBoundaries kPollBounds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 120};

bool same(const Labels& a, const Labels& b) {
    return std::is_permutation(a.begin(), a.end(), b.begin(), b.end());
}

/// The library gives series in no order, and labels by their names: a page has both as in `order`.
void append_ordered(const prometheus::Collectable& collectable, const std::vector<Labels>& order,
                    std::vector<MetricFamily>& out) {
    for (MetricFamily& family : collectable.Collect()) {
        std::vector<ClientMetric> ordered;
        ordered.reserve(order.size());
        for (const Labels& labels : order) {
            const auto metric = std::ranges::find_if(
                family.metric, [&](const ClientMetric& known) { return same(known.label, labels); });
            if (metric == family.metric.end()) continue;
            ordered.push_back(std::move(*metric));
            ordered.back().label = labels;
            family.metric.erase(metric);
        }
        family.metric = std::move(ordered);
        out.push_back(std::move(family));
    }
}

}  // namespace

struct OwnMetrics::Metrics {
    struct Request {
        std::string handler;
        int code = 0;
        Counter* counter = nullptr;  // never null; it is the registry's
    };

    prometheus::Registry registry;
    prometheus::Family<Counter>& requests =
        prometheus::BuildCounter()
            .Name("keyshift_http_server_requests_total")
            .Help("HTTP requests answered by keyshift itself since it was started.")
            .Register(registry);
    prometheus::Family<Histogram>& polls = prometheus::BuildHistogram()
                                               .Name("keyshift_source_poll_duration_seconds")
                                               .Help("How long polls of a source took.")
                                               .Register(registry);
    prometheus::Family<Counter>& state_write_errors_family =
        prometheus::BuildCounter()
            .Name("keyshift_state_write_errors_total")
            .Help("Cycles whose results could not be saved; they are found and saved again later.")
            .Register(registry);
    Counter& state_write_errors = state_write_errors_family.Add({});

    std::vector<Request> known_requests;  // as they were first counted
    std::vector<Labels> request_order;    // ... and their labels

    Histogram& poll(const std::string& source) { return polls.Add({{"source", source}}, kPollBounds); }
};

OwnMetrics::OwnMetrics() : metrics_(std::make_unique<Metrics>()) {}
OwnMetrics::~OwnMetrics() = default;

void OwnMetrics::count_requests(std::string_view handler, int code, unsigned times) {
    auto& known = metrics_->known_requests;
    auto request =
        std::ranges::find_if(known, [&](const auto& r) { return r.code == code && r.handler == handler; });
    if (request == known.end()) {
        const Labels labels{{"handler", std::string(handler)}, {"code", std::to_string(code)}};
        Counter& counter =
            metrics_->requests.Add({{labels[0].name, labels[0].value}, {labels[1].name, labels[1].value}});
        metrics_->request_order.push_back(labels);
        request = known.insert(known.end(), {std::string(handler), code, &counter});
    }
    request->counter->Increment(times);
}

void OwnMetrics::count_poll(const std::string& source, base::Duration took) {
    metrics_->poll(source).Observe(static_cast<double>(took.count()) / 1e6);
}

void OwnMetrics::count_state_write_error() {
    metrics_->state_write_errors.Increment();
}

void OwnMetrics::append_requests(std::vector<MetricFamily>& out) const {
    append_ordered(metrics_->requests, metrics_->request_order, out);
}

void OwnMetrics::append_polls(const std::vector<std::string>& sources, std::vector<MetricFamily>& out) {
    std::vector<Labels> order;
    for (const std::string& source : sources) {
        metrics_->poll(source);
        order.push_back({{"source", source}});
    }
    append_ordered(metrics_->polls, order, out);
}

void OwnMetrics::append_state_write_errors(std::vector<MetricFamily>& out) const {
    std::ranges::move(metrics_->state_write_errors_family.Collect(), std::back_inserter(out));
}

}  // namespace keyshift::exposition
