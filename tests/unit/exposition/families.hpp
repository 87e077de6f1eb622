// SPDX-License-Identifier: Apache-2.0
// Metric families as tests write them down.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <prometheus/collectable.h>

#include "exposition/drop_invalid.hpp"
#include "exposition/families/build.hpp"
#include "exposition/render.hpp"

namespace keyshift::exposition {

using build::Labels;
using build::MetricFamily;
using build::MetricType;
using prometheus::ClientMetric;

struct Series {
    Labels labels;
    double value = 0;
};

inline MetricFamily family(MetricType type, std::string name, std::string help,
                           const std::vector<Series>& series) {
    MetricFamily out = build::family(type, std::move(name), std::move(help));
    for (const Series& one : series) build::add(out, one.labels, one.value);
    return out;
}

inline ClientMetric histogram(Labels labels, std::vector<ClientMetric::Bucket> buckets, double sum,
                              std::uint64_t count) {
    ClientMetric out;
    out.label = std::move(labels);
    out.histogram = {count, sum, std::move(buckets)};
    return out;
}

/// The samples of the page whose names begin with `prefix`, a line each, without HELP and TYPE.
inline std::string series(std::vector<MetricFamily> families, const std::string& prefix = {}) {
    EXPECT_EQ(drop_invalid(families), 0U);
    const std::string page = Renderer(Dialect::text).Serialize(families);
    std::string out;
    for (std::size_t begin = 0; begin < page.size();) {
        const std::size_t end = page.find('\n', begin) + 1;
        if (page.at(begin) != '#' && page.compare(begin, prefix.size(), prefix) == 0)
            out += page.substr(begin, end - begin);
        begin = end;
    }
    return out;
}

/// Families that stay as they are.
struct Fixed final : prometheus::Collectable {
    explicit Fixed(std::vector<MetricFamily> of) : families(std::move(of)) {}
    std::vector<MetricFamily> Collect() const override { return families; }

    std::vector<MetricFamily> families;
};

}  // namespace keyshift::exposition
