// SPDX-License-Identifier: Apache-2.0
// Rallly: TypeScript, Prisma. One column holds both hashes. What this rests on: docs/presets.md.
#include "config/presets/preset.hpp"

namespace keyshift::config {
namespace {

Columns rallly_columns() {
    Columns columns;
    columns.id = {"id"};
    columns.lookup_hash = {"hashed_key"};
    columns.lookup_shape = HashShape{.begins_with = "sha256$"};
    columns.owner = {"space_id"};
    columns.name = {"name"};
    columns.prefix = {"prefix"};
    columns.created_at = {"created_at"};
    columns.last_used_at = Identifier{"last_used_at"};
    columns.expires_at = {"expires_at"};
    columns.blocked = FlagTest{{"revoked_at"}, FlagIs::set};
    return columns;
}

/// Requests of all keys read the rows whose prefix begins alike: that tells nothing. It promotes as it sets
/// the last use, which it does once a minute at most: no count of uses.
StatementTexts rallly_statements() {
    StatementTexts texts;
    texts.lookup = texts.by_id = texts.touch = texts.scan = texts.legacy_lookup =
        StatementTexts::Patterns(std::in_place);
    texts.lookup_serves = Serves::all;
    return texts;
}

}  // namespace

PresetFacts rallly_preset();

PresetFacts rallly_preset() {
    PresetFacts facts;
    Gateway& gateway = facts.gateway;
    gateway.table = {"", "space_api_keys"};
    gateway.columns = rallly_columns();
    gateway.legacy_when = LegacyWhen{.column = {"hashed_key"}, .begins_with = {"scrypt$"}};
    gateway.users = {{"", "spaces"}, {"id"}, {"name"}};
    gateway.statements = rallly_statements();
    gateway.promotes_in_place = true;
    facts.key_paths = {"/api/private/"};
    return facts;
}

}  // namespace keyshift::config
