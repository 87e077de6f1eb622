// SPDX-License-Identifier: Apache-2.0
#include "domain/evidence/source_traits.hpp"

#include <gtest/gtest.h>

#include "unit/domain/evidence/source_fixture.hpp"

namespace keyshift::domain {
namespace {

using Names = std::vector<std::string_view>;

TEST(EvidenceOrder, IsByPlaceAndHoldsWhoHasOne) {
    EXPECT_EQ(evidence_order(usual_sources(), Signal::fallback),
              (Names{"gateway_metrics", "gateway_log", "statements", "prometheus", kLastUsed}));
    EXPECT_EQ(evidence_order(usual_sources(), Signal::auth_cache),
              (Names{"gateway_metrics", "gateway_log", "statements", "prometheus", "redis"}));
    EXPECT_EQ(evidence_order(usual_sources(), Signal::auth_failures),
              (Names{"access_log", "gateway_log", "gateway_metrics", "prometheus", "statements"}));
    EXPECT_EQ(evidence_order({}, Signal::auth_failures), Names{});
    EXPECT_EQ(evidence_order({}, Signal::fallback), Names{kLastUsed}) << "it is no source";
}

TEST(UpperBound, IsOfOneSignal) {
    EXPECT_TRUE(is_upper_bound(usual_sources(), "statements", Signal::auth_failures));
    EXPECT_FALSE(is_upper_bound(usual_sources(), "statements", Signal::auth_cache));
    EXPECT_FALSE(is_upper_bound(usual_sources(), "statements", Signal::fallback));
    EXPECT_TRUE(is_upper_bound(usual_sources(), "redis", Signal::auth_cache));
    EXPECT_FALSE(is_upper_bound(usual_sources(), "redis", Signal::auth_failures)) << "it has no rank there";
    EXPECT_FALSE(is_upper_bound(usual_sources(), kLastUsed, Signal::fallback));
}

}  // namespace
}  // namespace keyshift::domain
