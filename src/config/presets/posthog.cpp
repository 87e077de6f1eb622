// SPDX-License-Identifier: Apache-2.0
// PostHog's personal API keys: Python, Django. One column holds both hashes. What this rests on:
// docs/presets.md.
#include "config/presets/preset.hpp"

namespace keyshift::config {
namespace {

Columns posthog_columns() {
    Columns columns;
    columns.id = {"id"};
    columns.lookup_hash = {"secure_value"};
    columns.lookup_shape = HashShape{.begins_with = "sha256$"};
    columns.owner = {"user_id"};
    columns.name = {"label"};
    columns.prefix = {"mask_value"};
    columns.created_at = {"created_at"};
    columns.last_used_at = Identifier{"last_used_at"};
    return columns;
}

}  // namespace

PresetFacts posthog_preset();

PresetFacts posthog_preset() {
    PresetFacts facts;
    Gateway& gateway = facts.gateway;
    gateway.table = {"", "posthog_personalapikey"};
    gateway.columns = posthog_columns();
    gateway.legacy_when = LegacyWhen{.column = {"secure_value"}, .begins_with = {"pbkdf2_sha256$"}};
    gateway.users = {{"", "posthog_user"}, {"id"}, {"email"}};
    // The old hash has a fixed salt: a legacy or unknown key is looked up three times, by one text.
    gateway.statements.lookup_serves = Serves::all;
    gateway.statements.by_id = StatementTexts::Patterns(std::in_place);
    // Once an hour at most: no count of uses.
    gateway.statements.touch = StatementTexts::Patterns(std::in_place);
    gateway.promotes_in_place = true;
    facts.key_paths = {"/api/"};
    return facts;
}

}  // namespace keyshift::config
