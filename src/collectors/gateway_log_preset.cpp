// SPDX-License-Identifier: Apache-2.0
#include "collectors/gateway_log_rules.hpp"

namespace keyshift::collectors {
namespace {

using domain::Event;
using formats::TracingLevel;
using Use = LogRule::Use;

LogRule rule(Event event, std::string message, TracingLevel level) {
    return {.event = event,
            .message = std::move(message),
            // Its name of today, and that of before.
            .targets = {"inferxgate", "llm_gateway"},
            .level = level};
}

LogRule with_key(LogRule rule) {
    rule.key_follows = true;
    return rule;
}

LogRule used(LogRule rule, Use use) {
    rule.use = use;
    return rule;
}

}  // namespace

LogRules preset_log_rules(config::Preset preset) {
    if (preset != config::Preset::inferxgate) return {};
    const auto debug = TracingLevel::debug;
    const auto warn = TracingLevel::warn;
    const std::string verified = "Cached verified token for future requests";
    const std::string passed = "Rate limit check passed for key ";
    const std::string exceeded = "Rate limit exceeded for key ";
    const std::string fell_back = "Fallback authentication succeeded for key ";
    const std::string trying = "Lookup hash not found, trying fallback authentication";
    return {
        rule(Event::auth_cache_hit, "Using verified token cache (skipping bcrypt)", debug),
        // Written behind bcrypt, which only an authentication that no cache answered comes to.
        rule(Event::auth_cache_miss, verified, debug),
        rule(Event::verification, verified, debug),
        rule(Event::response_cache_hit, "Cache hit for key: llm:cache:", debug),
        rule(Event::response_cache_miss, "Cache miss for key: llm:cache:", debug),
        with_key(rule(Event::key_used, passed, debug)),
        with_key(rule(Event::key_used, exceeded, warn)),
        rule(Event::failure_rate_limited, exceeded, warn),
        // The public gateway has no fallback. Of one that has, and says so, an attempt that fails is that of
        // an unknown key: it is no use of the fallback.
        with_key(used(rule(Event::fallback, fell_back, warn), Use::counts_once_seen)),
        used(rule(Event::fallback, trying, debug), Use::shows),
        rule(Event::gateway_started, "LLM Gateway server listening on", TracingLevel::info),
    };
}

}  // namespace keyshift::collectors
