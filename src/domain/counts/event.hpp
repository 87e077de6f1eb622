// SPDX-License-Identifier: Apache-2.0
// Everything that keyshift counts by polling sources, in one closed list. Pure; values.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace keyshift::domain {

enum class Event : std::uint8_t {
    fallback,              ///< an authentication by fallback; where only scans are counted, a scan
    auth_cache_hit,        ///< an authentication that the gateway's cache answered
    auth_cache_miss,       ///< one that took the full path
    lookup_found,          ///< lookups by hash
    lookup_not_found,      ///< ... of a legacy or unknown key
    verification,          ///< bcrypt verifications that succeeded
    fallback_scan,         ///< statements that read all keys to compare them
    fallback_scanned_key,  ///< rows that they returned
    response_cache_hit,    ///< the gateway's cache of answers, which has nothing to do with keys
    response_cache_miss,
    redis_hit,  ///< of a whole Redis instance, for whatever reason
    redis_miss,
    redis_evicted,
    auth_attempt,  ///< all authentications, good and bad, where requests are not counted
    request_success,
    request_auth_failure,
    request_rate_limited,
    request_client_error,
    request_server_error,
    failure_unknown_key,  ///< failed authentications, by reason
    failure_missing_header,
    failure_malformed_header,
    failure_bad_credentials,
    failure_blocked,
    failure_expired,
    failure_over_budget,
    failure_user_missing,
    failure_key_deleted,
    failure_invalid_jwt,
    failure_rate_limited,
    failure_forbidden,
    failure_other,
    key_used,                ///< a key was used, and named: what logs alone tell
    gateway_started,         ///< a process of the gateway began
    statement_unclassified,  ///< calls of statements on the key table that fit no class
};
inline constexpr std::size_t kEventCount = 35;
inline constexpr Event kFirstFailure = Event::failure_unknown_key;
inline constexpr std::size_t kFailureReasons = 13;
inline constexpr Event kFirstRequest = Event::request_success;
inline constexpr std::size_t kRequestOutcomes = 5;

/// By Event.
template <class T>
using PerEvent = std::array<T, kEventCount>;
using Events = std::bitset<kEventCount>;

constexpr std::size_t index_of(Event event) {
    return static_cast<std::size_t>(event);
}
constexpr Event event_at(std::size_t index) {
    return static_cast<Event>(index);
}
/// The event `offset` places after `first` in the list: the failures and the requests stand together.
constexpr Event after(Event first, std::size_t offset) {
    return event_at(index_of(first) + offset);
}
Events failures();  ///< all failure_...
Events requests();  ///< all request_...

/// As configuration and state write it: "fallback", "auth_cache_hit", "failure_unknown_key" ...
std::string_view event_name(Event event);
std::optional<Event> event_named(std::string_view name);
/// The value of the label `reason` or `outcome`: the name without its first word.
std::string_view event_label(Event event);

/// One of the three headline metrics. Each uses the best evidence at hand.
enum class Signal : std::uint8_t { fallback, auth_cache, auth_failures };
inline constexpr std::size_t kSignalCount = 3;
std::string_view signal_name(Signal signal);
/// What its metrics show.
Events events_of(Signal signal);
/// What a source must be able to count to be evidence for it.
Events needed_for(Signal signal);

}  // namespace keyshift::domain
