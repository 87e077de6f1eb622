// SPDX-License-Identifier: Apache-2.0
// Any bytes as a page of metrics; and what the renderer makes of a page that was read must read back the
// same.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "exposition/drop_invalid.hpp"
#include "exposition/families/build.hpp"
#include "exposition/open_metrics_type.hpp"
#include "exposition/render.hpp"
#include "formats/metrics/exposition_text.hpp"

namespace {

using keyshift::exposition::Dialect;
using keyshift::formats::ExpositionFormat;
using prometheus::MetricFamily;

class Gather : public keyshift::formats::ExpositionHandler {
 public:
    void sample(const keyshift::formats::ExpositionSample& sample) override {
        if (sample.name.empty()) std::abort();
        std::vector<prometheus::ClientMetric::Label> labels;
        for (const auto& label : sample.labels) {
            if (label.name.empty() || label.value.empty()) std::abort();
            labels.push_back({std::string(label.name), std::string(label.value)});
        }
        MetricFamily& family = families.emplace_back();
        family.name = sample.name;
        family.help = sample.name;
        family.type = prometheus::MetricType::Gauge;
        keyshift::exposition::build::add(family, std::move(labels), sample.value);
    }
    std::vector<MetricFamily> families;
};

bool same(const MetricFamily& a, const MetricFamily& b) {
    const double x = a.metric.at(0).gauge.value;
    const double y = b.metric.at(0).gauge.value;
    return a.name == b.name && a.metric.at(0).label == b.metric.at(0).label &&
           (x == y || (std::isnan(x) && std::isnan(y)));
}

void round_trip(std::vector<MetricFamily> families, Dialect dialect) {
    using namespace keyshift::exposition;
    drop_invalid(families);
    // An info is no gauge: it has no value but 1.
    std::erase_if(families, [](const MetricFamily& family) {
        return family.metric.empty() || open_metrics_type(family.name) != nullptr;
    });
    std::string page = Renderer(dialect).Serialize(families);
    render_end(dialect, page);
    Gather again;
    const auto format =
        dialect == Dialect::text ? ExpositionFormat::prometheus_text : ExpositionFormat::open_metrics;
    const auto read = parse_exposition(page, format, again);
    if (!read || again.families.size() != families.size()) std::abort();
    for (std::size_t i = 0; i < families.size(); ++i)
        if (!same(again.families.at(i), families.at(i))) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace keyshift::formats;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    exposition_format(text);
    for (const auto format : {ExpositionFormat::prometheus_text, ExpositionFormat::open_metrics}) {
        Gather gather;
        const auto read = parse_exposition(text, format, gather);
        if (!read && !read.error().what.starts_with("line ")) std::abort();
        if (!read) continue;
        if (read->samples != gather.families.size()) std::abort();
        round_trip(gather.families, Dialect::text);
        round_trip(gather.families, Dialect::open_metrics);
    }
    return 0;
}
