// SPDX-License-Identifier: Apache-2.0
// InferXgate, the reference gateway, formerly "llm-gateway": Rust, axum, sqlx, redis.
#include "config/presets/preset.hpp"

namespace keyshift::config {
namespace {

using domain::Event;
using formats::TracingLevel;
using Use = LogRule::Use;

Gateway gateway() {
    Gateway gateway;
    gateway.table = {"", "virtual_keys"};
    Columns& columns = gateway.columns;
    columns.id = {"id"};
    columns.lookup_hash = {"key_lookup_hash"};
    columns.lookup_shape = HashShape{.length = 64, .characters = HashShape::Characters::hex};
    columns.bcrypt_hash = {"key_hash"};
    columns.owner = {"user_id"};
    columns.name = {"name"};
    columns.prefix = {"key_prefix"};
    columns.created_at = {"created_at"};
    columns.last_used_at = Identifier{"last_used_at"};
    columns.expires_at = {"expires_at"};
    columns.blocked = FlagTest{{"blocked"}};
    columns.max_budget = {"max_budget"};
    columns.current_spend = {"current_spend"};
    gateway.users = {{"", "users"}, {"id"}, {"email"}};
    // It never reads keys by their prefix; one that does, does so where a lookup has found nothing.
    gateway.statements.prefix_serves = Serves::one_kind;
    return gateway;
}

FailureRules failures() {
    return {{401, 13, Event::failure_key_deleted},
            {401, 14, Event::failure_user_missing},
            {401, 15, Event::failure_unknown_key},
            {401, 18, Event::failure_blocked},
            {401, 19, Event::failure_expired},
            {401, 22, Event::failure_other},  // a handler that asks who it was, where nothing has checked
            {401, 24, Event::failure_invalid_jwt},
            {401, 27, Event::failure_over_budget},
            {401, 28, Event::failure_missing_header},
            {401, 34, Event::failure_bad_credentials},
            {401, 35, Event::failure_malformed_header},
            {401, 86, std::nullopt},  // someone's password at the login page
            {403, 63, Event::failure_forbidden},
            {429, 19, Event::failure_rate_limited}};
}

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

LogRules log_rules() {
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

/// Its cache of answers; it counts no authentication.
CounterRules counters() {
    const std::string cache = "llm_gateway_cache_total";
    return {{.event = Event::response_cache_hit, .metric = cache, .labels = {{"status", {"hit"}}}},
            {.event = Event::response_cache_miss, .metric = cache, .labels = {{"status", {"miss"}}}}};
}

}  // namespace

PresetFacts inferxgate_preset();

PresetFacts inferxgate_preset() {
    return {.gateway = gateway(),
            // Without the pages of people: they log in by other means, and so fail by other means.
            .key_paths = {"/v1/", "/auth/key/"},
            .failures = failures(),
            .log_rules = log_rules(),
            .counters = counters(),
            .requests = {.create = "POST /auth/key/generate",
                         .remove = "POST /auth/key/delete?key_id={key_id}",
                         .ownerless_by_database = true},
            .built_on_sqlx = true,
            .caches = {{"auth_key", "auth:key:"}, {"auth_verified", "auth:verified:"}}};
}

}  // namespace keyshift::config
