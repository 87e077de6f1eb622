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

#include "exposition/render.hpp"
#include "formats/exposition_text.hpp"

namespace {

using keyshift::exposition::Dialect;
using keyshift::exposition::Family;
using keyshift::formats::ExpositionFormat;

class Gather : public keyshift::formats::ExpositionHandler {
 public:
    void sample(const keyshift::formats::ExpositionSample& sample) override {
        if (sample.name.empty()) std::abort();
        Family& family = families.emplace_back();
        family.name = sample.name;
        family.help = sample.name;
        family.samples.push_back({{}, sample.value});
        for (const auto& label : sample.labels) {
            if (label.name.empty() || label.value.empty()) std::abort();
            family.samples.back().labels.push_back({std::string(label.name), std::string(label.value)});
        }
    }
    std::vector<Family> families;
};

bool same(const Family& a, const Family& b) {
    const double x = a.samples.at(0).value;
    const double y = b.samples.at(0).value;
    return a.name == b.name && a.samples.at(0).labels == b.samples.at(0).labels &&
           (x == y || (std::isnan(x) && std::isnan(y)));
}

void round_trip(std::vector<Family> families, Dialect dialect) {
    drop_unfit(families);
    std::erase_if(families, [](const Family& family) { return family.samples.empty(); });
    std::string page;
    render(families, dialect, page);
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
