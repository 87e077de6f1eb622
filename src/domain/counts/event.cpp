// SPDX-License-Identifier: Apache-2.0
#include "domain/counts/event.hpp"

namespace keyshift::domain {
namespace {

constexpr PerEvent<std::string_view> kNames{"fallback",
                                            "auth_cache_hit",
                                            "auth_cache_miss",
                                            "lookup_found",
                                            "lookup_not_found",
                                            "verification",
                                            "fallback_scan",
                                            "fallback_scanned_key",
                                            "response_cache_hit",
                                            "response_cache_miss",
                                            "redis_hit",
                                            "redis_miss",
                                            "redis_evicted",
                                            "auth_attempt",
                                            "request_success",
                                            "request_auth_failure",
                                            "request_rate_limited",
                                            "request_client_error",
                                            "request_server_error",
                                            "failure_unknown_key",
                                            "failure_missing_header",
                                            "failure_malformed_header",
                                            "failure_bad_credentials",
                                            "failure_blocked",
                                            "failure_expired",
                                            "failure_over_budget",
                                            "failure_user_missing",
                                            "failure_key_deleted",
                                            "failure_invalid_jwt",
                                            "failure_rate_limited",
                                            "failure_forbidden",
                                            "failure_other",
                                            "key_used",
                                            "gateway_started",
                                            "statement_unclassified"};
static_assert(!kNames.back().empty());

constexpr std::array<std::string_view, kSignalCount> kSignals{"fallback", "auth_cache", "auth_failures"};

Events range(Event first, std::size_t count) {
    Events out;
    for (std::size_t i = 0; i < count; ++i) out.set(index_of(after(first, i)));
    return out;
}

}  // namespace

Events failures() {
    return range(kFirstFailure, kFailureReasons);
}

Events requests() {
    return range(kFirstRequest, kRequestOutcomes);
}

std::string_view event_name(Event event) {
    return kNames.at(index_of(event));
}

std::optional<Event> event_named(std::string_view name) {
    for (std::size_t i = 0; i < kEventCount; ++i)
        if (kNames.at(i) == name) return event_at(i);
    return std::nullopt;
}

std::string_view event_label(Event event) {
    const std::string_view name = event_name(event);
    return name.substr(name.find('_') + 1);
}

std::string_view signal_name(Signal signal) {
    return kSignals.at(static_cast<std::size_t>(signal));
}

Events events_of(Signal signal) {
    switch (signal) {
        case Signal::fallback:
            return range(Event::fallback, 1);
        case Signal::auth_cache:
            return range(Event::auth_cache_hit, 2);
        case Signal::auth_failures:
            break;
    }
    return failures();
}

Events needed_for(Signal signal) {
    // A locked-out client shows as an unknown key: without that, the other reasons say nothing.
    if (signal == Signal::auth_failures) return range(Event::failure_unknown_key, 1);
    return events_of(signal);
}

}  // namespace keyshift::domain
