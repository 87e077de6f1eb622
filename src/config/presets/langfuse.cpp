// SPDX-License-Identifier: Apache-2.0
// Langfuse: TypeScript, Prisma, ioredis. What this rests on, and how sure it is: docs/presets.md.
#include "config/presets/preset.hpp"

namespace keyshift::config {
namespace {

Columns langfuse_columns() {
    Columns columns;
    columns.id = {"id"};
    columns.lookup_hash = {"fast_hashed_secret_key"};
    columns.lookup_shape = HashShape{.length = 64, .characters = HashShape::Characters::hex};
    columns.bcrypt_hash = {"hashed_secret_key"};
    columns.owner = {"project_id"};
    columns.name = {"note"};
    columns.prefix = {"display_secret_key"};
    columns.created_at = {"created_at"};
    columns.last_used_at = Identifier{"last_used_at"};
    // It has expires_at, and accepts keys whatever stands there.
    return columns;
}

/// It reads no key by its id to let it in, sets no last_used_at, and never reads all hashes: a legacy key is
/// found by its public key, and promoted.
StatementTexts langfuse_statements() {
    StatementTexts texts;
    texts.by_id = texts.touch = texts.scan = StatementTexts::Patterns(std::in_place);
    return texts;
}

}  // namespace

PresetFacts langfuse_preset();

PresetFacts langfuse_preset() {
    PresetFacts facts;
    facts.gateway.table = {"", "api_keys"};
    facts.gateway.columns = langfuse_columns();
    facts.gateway.users = {{"", "projects"}, {"id"}, {"name"}};
    facts.gateway.statements = langfuse_statements();
    facts.gateway.promotes_in_place = true;
    facts.requests = {.create = "POST /api/public/projects/{projectId}/apiKeys",
                      .remove = "DELETE /api/public/projects/{projectId}/apiKeys/{apiKeyId}"};
    facts.key_paths = {"/api/public/"};
    facts.caches = {{"auth_key", "api-key:"}};
    return facts;
}

}  // namespace keyshift::config
