// SPDX-License-Identifier: Apache-2.0
// Formbricks: TypeScript, Prisma. What this rests on: docs/presets.md.
#include "config/presets/preset.hpp"

namespace keyshift::config {
namespace {

Columns formbricks_columns() {
    Columns columns;
    columns.id = {"id"};
    columns.lookup_hash = {"lookupHash"};
    columns.legacy_hash = {
        "hashedKey"};  // of a legacy key SHA-256, by which it is found; of a modern one bcrypt
    columns.owner = {"organizationId"};
    columns.name = {"label"};
    columns.created_at = {"createdAt"};
    columns.last_used_at = Identifier{"lastUsedAt"};
    return columns;
}

}  // namespace

PresetFacts formbricks_preset();

PresetFacts formbricks_preset() {
    PresetFacts facts;
    Gateway& gateway = facts.gateway;
    gateway.table = {"public", "ApiKey"};
    gateway.columns = formbricks_columns();
    gateway.users = {{"public", "Organization"}, {"id"}, {"name"}};
    gateway.statements.by_id = StatementTexts::Patterns(std::in_place);
    // Twice a minute at most: no count of uses.
    gateway.statements.touch = StatementTexts::Patterns(std::in_place);
    facts.key_paths = {"/api/"};
    return facts;
}

}  // namespace keyshift::config
