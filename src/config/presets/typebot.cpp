// SPDX-License-Identifier: Apache-2.0
// Typebot: TypeScript, Prisma. One column holds the hash of a new token, and an old token itself. What this
// rests on: docs/presets.md.
#include "config/presets/preset.hpp"

namespace keyshift::config {
namespace {

Columns typebot_columns() {
    Columns columns;
    columns.id = {"id"};
    columns.lookup_hash = {"token"};
    columns.lookup_shape = HashShape{.length = 64, .characters = HashShape::Characters::hex};
    columns.owner = {"ownerId"};
    columns.name = {"name"};
    columns.created_at = {"createdAt"};
    return columns;
}

}  // namespace

PresetFacts typebot_preset();

PresetFacts typebot_preset() {
    PresetFacts facts;
    Gateway& gateway = facts.gateway;
    gateway.table = {"", "ApiToken"};
    gateway.columns = typebot_columns();
    gateway.users = {{"", "User"}, {"id"}, {"email"}};
    // A token is looked up by its hash, and where that finds nothing by itself, with one text.
    gateway.statements.lookup_serves = Serves::all;
    gateway.statements.by_id = gateway.statements.touch = gateway.statements.scan =
        StatementTexts::Patterns(std::in_place);
    gateway.promotes_in_place = true;
    facts.key_paths = {"/api/"};
    return facts;
}

}  // namespace keyshift::config
