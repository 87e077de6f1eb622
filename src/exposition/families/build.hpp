// SPDX-License-Identifier: Apache-2.0
// Short ways to build metric families. Pure. Kept inside src/exposition.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <prometheus/metric_family.h>

#include "base/time.hpp"

namespace keyshift::exposition::build {

using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<prometheus::ClientMetric::Label>;

inline double number(std::uint64_t value) {
    return static_cast<double>(value);
}

inline std::optional<double> seconds(std::optional<base::Time> t) {
    return t ? std::optional(base::to_unix_seconds(*t)) : std::nullopt;
}

/// `name` in full: a counter's ends in _total. `help`: one sentence, unescaped.
inline MetricFamily family(MetricType type, std::string name, std::string help) {
    MetricFamily out;
    out.name = std::move(name);
    out.help = std::move(help);
    out.type = type;
    return out;
}

/// One series of a gauge or counter. Values of labels: UTF-8, unescaped.
inline void add(MetricFamily& family, Labels labels, double value) {
    prometheus::ClientMetric& metric = family.metric.emplace_back();
    metric.label = std::move(labels);
    (family.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
}

/// Without labels; no sample where there is no value.
inline MetricFamily single(MetricType type, std::string name, std::string help, std::optional<double> value) {
    MetricFamily out = family(type, std::move(name), std::move(help));
    if (value) add(out, {}, *value);
    return out;
}

}  // namespace keyshift::exposition::build
