// SPDX-License-Identifier: Apache-2.0
// Akash Console: TypeScript, Drizzle. One column holds both hashes. What this rests on: docs/presets.md.
#include "config/presets/preset.hpp"

namespace keyshift::config {
namespace {

Columns akash_columns() {
    Columns columns;
    columns.id = {"id"};
    columns.lookup_hash = {"hashed_key"};
    columns.lookup_shape = HashShape{.length = 64, .characters = HashShape::Characters::hex};
    columns.bcrypt_hash = {"hashed_key"};
    columns.owner = {"user_id"};
    columns.name = {"name"};
    columns.prefix = {"key_format"};
    columns.created_at = {"created_at"};
    columns.last_used_at = Identifier{"last_used_at"};
    columns.expires_at = {"expires_at"};
    return columns;
}

}  // namespace

PresetFacts akash_preset();

PresetFacts akash_preset() {
    PresetFacts facts;
    Gateway& gateway = facts.gateway;
    gateway.table = {"", "api_keys"};
    gateway.columns = akash_columns();
    gateway.users = {{"", "userSetting"}, {"id"}, {"email"}};
    // Each key is looked up by SHA-256. What finds nothing is compared by bcrypt with the keys that look
    // alike: the characters that are shown, all but 12 left out.
    gateway.statements.prefix_serves = Serves::one_kind;
    gateway.statements.by_id = StatementTexts::Patterns(std::in_place);
    // Twice an hour at most, and of a user who is active elsewhere not at all: no count of uses.
    gateway.statements.touch = StatementTexts::Patterns(std::in_place);
    gateway.promotes_in_place = true;
    facts.requests = {.create = "POST /v1/api-keys", .remove = "DELETE /v1/api-keys/{id}"};
    facts.key_paths = {"/v1/", "/v2/"};
    return facts;
}

}  // namespace keyshift::config
