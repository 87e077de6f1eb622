// SPDX-License-Identifier: Apache-2.0
#include "exposition/textfile.hpp"

#include <algorithm>

#include <prometheus/metric_family.h>

#include "exposition/drop_invalid.hpp"
#include "exposition/render.hpp"

namespace keyshift::exposition {

std::string textfile(Snapshot snapshot, std::span<const std::string_view> left_out) {
    std::vector<prometheus::MetricFamily> families = std::move(snapshot.families_);
    std::erase_if(families, [left_out](const prometheus::MetricFamily& family) {
        return std::any_of(left_out.begin(), left_out.end(),
                           [&](std::string_view name) { return family.name.rfind(name, 0) == 0; });
    });
    drop_invalid(families);
    return Renderer(Dialect::text).Serialize(families);
}

}  // namespace keyshift::exposition
