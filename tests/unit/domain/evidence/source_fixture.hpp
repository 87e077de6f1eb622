// SPDX-License-Identifier: Apache-2.0
// The sources of the catalog as tests of the domain know them. unit/collectors/catalog_test.cpp compares the
// two.
#pragma once

#include "domain/evidence/source_traits.hpp"
#include "domain/model.hpp"

namespace keyshift::domain {

inline const KnownSources& usual_sources() {
    using Rank = EvidenceRank;
    constexpr auto kMixedIn = OwnRequests::mixed_in;
    static const KnownSources kSources{
        {"keys", {}},
        {"probe", {}},
        {"access_log", {.ranks = {.auth_failures = Rank{10}}}},
        {"gateway_log", {.ranks = {.fallback = Rank{20}, .auth_cache = Rank{20}, .auth_failures = Rank{20}}}},
        {"gateway_metrics",
         {.ranks = {.fallback = Rank{10}, .auth_cache = Rank{10}, .auth_failures = Rank{30}},
          .own_requests = kMixedIn}},
        {"statements",
         {.ranks = {.fallback = Rank{30}, .auth_cache = Rank{30}, .auth_failures = Rank{50, true}},
          .own_requests = kMixedIn}},
        {"prometheus", {.ranks = {.fallback = Rank{40}, .auth_cache = Rank{40}, .auth_failures = Rank{40}}}},
        {"redis", {.ranks = {.auth_cache = Rank{50, true}}}},
    };
    return kSources;
}

/// A model that knows nothing but these.
inline Model usual_model() {
    Model model;
    model.policy.known_sources = usual_sources();
    return model;
}

}  // namespace keyshift::domain
