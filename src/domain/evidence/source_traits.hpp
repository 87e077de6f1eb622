// SPDX-License-Identifier: Apache-2.0
// What is known of a source before it has counted anything: how good its evidence is, and whether keyshift's
// own requests are in its numbers. Pure values; any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/counts/event.hpp"

namespace keyshift::domain {

/// The evidence that is no source of its own: growth of last_used_at, a lower bound of fallback hits.
inline constexpr const char* kLastUsed = "last_used";

/// How good a source's evidence of one signal is.
struct EvidenceRank {
    int place = 0;             ///< the lowest is the best; no two sources have the same
    bool upper_bound = false;  ///< it counts more than the signal's events
    bool operator==(const EvidenceRank&) const = default;
};

/// By signal; empty: what the source counts is no evidence of it.
struct EvidenceRanks {
    std::optional<EvidenceRank> fallback = {};
    std::optional<EvidenceRank> auth_cache = {};
    std::optional<EvidenceRank> auth_failures = {};

    const std::optional<EvidenceRank>& of(Signal signal) const;
    bool operator==(const EvidenceRanks&) const = default;
};

/// Where keyshift's own requests are in what a source counts.
enum class OwnRequests {
    distinguished,  ///< it sees none, or knows them by what is in them
    mixed_in,       ///< it sees every request that the gateway answers, and cannot tell: subtracted by number
};

struct SourceTraits {
    EvidenceRanks ranks = {};
    OwnRequests own_requests = OwnRequests::distinguished;
    bool operator==(const SourceTraits&) const = default;
};

/// All sources that there are, configured or not: what one has counted that is not configured any more stays.
using KnownSources = std::map<std::string, SourceTraits, std::less<>>;

/// The evidence for `signal`, best first. The names are those of `known`, and live as long.
std::vector<std::string_view> evidence_order(const KnownSources& known, Signal signal);
/// What `source` counts is more than the signal's events. Nothing is known of kLastUsed, which is less.
bool is_upper_bound(const KnownSources& known, std::string_view source, Signal signal);

}  // namespace keyshift::domain
