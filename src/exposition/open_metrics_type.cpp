// SPDX-License-Identifier: Apache-2.0
#include "exposition/open_metrics_type.hpp"

#include <algorithm>
#include <array>

namespace keyshift::exposition {
namespace {

constexpr std::array<OpenMetricsType, 3> kTypes{{
    {"keyshift_build_info", "info", "_info"},
    {"keyshift_evidence_info", "info", "_info"},
    {"keyshift_key_info", "info", "_info"},
}};
static_assert(std::ranges::all_of(kTypes, [](const OpenMetricsType& type) {
    return type.family.size() > type.suffix.size() && type.family.ends_with(type.suffix);
}));

}  // namespace

const OpenMetricsType* open_metrics_type(std::string_view family) {
    const auto* const found = std::ranges::find(kTypes, family, &OpenMetricsType::family);
    return found == kTypes.end() ? nullptr : found;
}

}  // namespace keyshift::exposition
