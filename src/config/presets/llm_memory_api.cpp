// SPDX-License-Identifier: Apache-2.0
// llm-memory-api: JavaScript, node-postgres. What this rests on: docs/presets.md.
#include "config/presets/preset.hpp"

namespace keyshift::config {
namespace {

using domain::Event;

Columns llm_memory_columns() {
    Columns columns;
    columns.id = {"id"};
    columns.lookup_hash = {"key_lookup_hash"};
    columns.lookup_shape = HashShape{.length = 64, .characters = HashShape::Characters::hex};
    columns.legacy_hash = {"key_hash"};
    columns.owner = {"actor_id"};
    columns.name = {"label"};
    columns.created_at = {"created_at"};
    columns.last_used_at = Identifier{"last_used_at"};
    columns.blocked = FlagTest{{"revoked_at"}, FlagIs::set};
    return columns;
}

/// Where a client of OAuth logs in, the scan is of one actor's keys.
StatementTexts llm_memory_statements() {
    StatementTexts texts;
    texts.scan = {"select *key_hash* from agent_api_keys *where *key_lookup_hash is null and *"};
    texts.by_id = texts.legacy_lookup = StatementTexts::Patterns(std::in_place);
    return texts;
}

}  // namespace

PresetFacts llm_memory_api_preset();

PresetFacts llm_memory_api_preset() {
    PresetFacts facts;
    Gateway& gateway = facts.gateway;
    gateway.table = {"", "agent_api_keys"};
    gateway.columns = llm_memory_columns();
    gateway.users = {{"", "actors"}, {"id"}, {"name"}};
    gateway.statements = llm_memory_statements();
    gateway.promotes_in_place = true;
    facts.key_paths = {"/v1/", "/mcp"};
    // An unknown key, a revoked one and the token of an ended session look alike.
    facts.failures = {{401, 74, Event::failure_missing_header},
                      {401, 86, Event::failure_missing_header},
                      {401, 72, Event::failure_other},
                      {403, 75, Event::failure_other}};
    return facts;
}

}  // namespace keyshift::config
