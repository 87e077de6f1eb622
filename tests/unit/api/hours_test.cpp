// SPDX-License-Identifier: Apache-2.0
#include "api/hours.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace keyshift::api {
namespace {

using domain::Event;
using namespace std::chrono_literals;

TEST(Hours, EachHourOnceOldestFirst) {
    domain::Model model;
    domain::Hourly& hourly = model.evidence.hourly;
    const base::Time at = *base::parse_rfc3339("2026-12-06T14:32:00Z");
    hourly.add(event_name(Event::failure_blocked), at, 2);
    hourly.add(domain::kHourlyFallback, at - 3h, 5);
    hourly.add(event_name(Event::auth_cache_hit), at + 20min, 7);
    hourly.add(event_name(Event::auth_cache_miss), at, 1);
    hourly.add(domain::kHourlyFailures, at - 9h, 4);  // without its reason it is in no hour
    const auto found = hours(model);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].at, *base::parse_rfc3339("2026-12-06T11:00:00Z"));
    EXPECT_EQ(found[0].fallback_hits, 5U);
    EXPECT_EQ(found[1].at, *base::parse_rfc3339("2026-12-06T14:00:00Z"));
    EXPECT_EQ(found[1].cache_hits, 7U);
    EXPECT_EQ(found[1].cache_misses, 1U);
    EXPECT_EQ(found[1].failures, (std::map<std::string, std::uint64_t>{{"blocked", 2}}));
    EXPECT_TRUE(hours(domain::Model()).empty());
}

}  // namespace
}  // namespace keyshift::api
