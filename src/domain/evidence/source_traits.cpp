// SPDX-License-Identifier: Apache-2.0
#include "domain/evidence/source_traits.hpp"

#include <algorithm>
#include <utility>

namespace keyshift::domain {

const std::optional<EvidenceRank>& EvidenceRanks::of(Signal signal) const {
    if (signal == Signal::fallback) return fallback;
    return signal == Signal::auth_cache ? auth_cache : auth_failures;
}

std::vector<std::string_view> evidence_order(const KnownSources& known, Signal signal) {
    std::vector<std::pair<int, std::string_view>> ranked;
    for (const auto& [name, traits] : known)
        if (const auto& rank = traits.ranks.of(signal)) ranked.emplace_back(rank->place, name);
    std::sort(ranked.begin(), ranked.end());
    std::vector<std::string_view> names;
    names.reserve(ranked.size() + 1);
    for (const auto& [place, name] : ranked) names.push_back(name);
    if (signal == Signal::fallback) names.emplace_back(kLastUsed);
    return names;
}

bool is_upper_bound(const KnownSources& known, std::string_view source, Signal signal) {
    const auto found = known.find(source);
    if (found == known.end()) return false;
    const auto& rank = found->second.ranks.of(signal);
    return rank && rank->upper_bound;
}

}  // namespace keyshift::domain
