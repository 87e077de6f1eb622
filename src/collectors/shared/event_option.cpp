// SPDX-License-Identifier: Apache-2.0
#include "collectors/shared/event_option.hpp"

#include <string>

namespace keyshift::collectors {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using domain::Event;

constexpr std::string_view kAnyFailure = "auth_failure";

std::string names_of(domain::Events events) {
    std::string out;
    for (std::size_t i = 0; i < domain::kEventCount; ++i)
        if (events.test(i)) out += std::string(domain::event_name(domain::event_at(i))) + ", ";
    return out + std::string(kAnyFailure);
}

}  // namespace

domain::Events counted_by_gateways() {
    domain::Events events = domain::failures() | domain::requests();
    for (const Event event : {Event::fallback, Event::auth_cache_hit, Event::auth_cache_miss,
                              Event::response_cache_hit, Event::response_cache_miss, Event::auth_attempt})
        events.set(index_of(event));
    return events;
}

Result<std::optional<Event>> parse_event(std::string_view text, domain::Events allowed,
                                         std::string_view who) {
    if (text == kAnyFailure) return std::optional<Event>();
    const auto event = domain::event_named(text);
    if (!event || !allowed.test(index_of(*event)))
        return Error{Errc::config, "is no event that " + std::string(who), "use one of " + names_of(allowed)};
    return event;
}

Event failure_named(std::string_view reason) {
    return domain::event_named("failure_" + std::string(reason)).value_or(Event::failure_other);
}

}  // namespace keyshift::collectors
