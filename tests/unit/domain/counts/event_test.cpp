// SPDX-License-Identifier: Apache-2.0
#include "domain/counts/event.hpp"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace keyshift::domain {
namespace {

TEST(Event, EveryNameIsItsOwnAndReadsBack) {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < kEventCount; ++i) {
        const Event event = event_at(i);
        EXPECT_EQ(index_of(event), i);
        EXPECT_EQ(event_named(event_name(event)), event);
        names.insert(event_name(event));
    }
    EXPECT_EQ(names.size(), kEventCount);
    EXPECT_EQ(event_named(""), std::nullopt);
    EXPECT_EQ(event_named("fallback_"), std::nullopt);
}

TEST(Event, NamesStandAtTheirEvents) {
    EXPECT_EQ(event_name(Event::fallback), "fallback");
    EXPECT_EQ(event_name(Event::lookup_not_found), "lookup_not_found");
    EXPECT_EQ(event_name(Event::redis_evicted), "redis_evicted");
    EXPECT_EQ(event_name(Event::auth_attempt), "auth_attempt");
    EXPECT_EQ(event_name(Event::request_success), "request_success");
    EXPECT_EQ(event_name(Event::failure_unknown_key), "failure_unknown_key");
    EXPECT_EQ(event_name(Event::failure_other), "failure_other");
}

std::string labels(Events events) {
    std::string out;
    for (std::size_t i = 0; i < kEventCount; ++i)
        if (events.test(i)) out += std::string(event_label(event_at(i))) + ' ';
    return out;
}

TEST(Event, LabelsAreThoseOfTheDocumentation) {
    EXPECT_EQ(labels(failures()),
              "unknown_key missing_header malformed_header bad_credentials blocked expired over_budget "
              "user_missing key_deleted invalid_jwt rate_limited forbidden other ");
    EXPECT_EQ(labels(requests()), "success auth_failure rate_limited client_error server_error ");
}

TEST(Event, EachSignalShowsItsEventsAndNeedsSome) {
    using S = Signal;
    EXPECT_EQ(events_of(S::fallback).to_ulong(), 1U << index_of(Event::fallback));
    EXPECT_EQ(needed_for(S::fallback), events_of(S::fallback));
    EXPECT_EQ(events_of(S::auth_cache).to_ulong(),
              (1U << index_of(Event::auth_cache_hit)) | (1U << index_of(Event::auth_cache_miss)));
    EXPECT_EQ(needed_for(S::auth_cache), events_of(S::auth_cache));
    EXPECT_EQ(events_of(S::auth_failures), failures());
    EXPECT_EQ(needed_for(S::auth_failures).to_ulong(), 1U << index_of(Event::failure_unknown_key));
    EXPECT_EQ(signal_name(S::fallback), "fallback");
    EXPECT_EQ(signal_name(S::auth_cache), "auth_cache");
    EXPECT_EQ(signal_name(S::auth_failures), "auth_failures");
}

}  // namespace
}  // namespace keyshift::domain
