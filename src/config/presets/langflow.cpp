// SPDX-License-Identifier: Apache-2.0
// Langflow, from the release on that hashes keys: Python, SQLAlchemy. What this rests on: docs/presets.md.
#include "config/presets/preset.hpp"

namespace keyshift::config {
namespace {

Columns langflow_columns() {
    Columns columns;
    columns.id = {"id"};
    columns.lookup_hash = {"api_key_hash"};
    columns.legacy_hash = {"api_key"};  // encrypted, and decrypted to be compared
    columns.owner = {"user_id"};
    columns.name = {"name"};
    columns.created_at = {"created_at"};
    columns.last_used_at = Identifier{"last_used_at"};
    columns.expires_at = {"expires_at"};
    columns.blocked = FlagTest{{"is_active"}, FlagIs::no};
    return columns;
}

/// Its promotion sets the last use, too; its migration, which fills the hash of all keys at once, does not.
StatementTexts langflow_statements() {
    StatementTexts texts;
    texts.by_id = StatementTexts::Patterns(std::in_place);
    texts.promote = {"update *apikey set *last_used_at = *api_key_hash = $* where *",
                     "update *apikey set *api_key_hash = *last_used_at = $* where *"};
    return texts;
}

}  // namespace

PresetFacts langflow_preset();

PresetFacts langflow_preset() {
    PresetFacts facts;
    facts.gateway.table = {"", "apikey"};
    facts.gateway.columns = langflow_columns();
    facts.gateway.users = {{"", "user"}, {"id"}, {"username"}};
    facts.gateway.statements = langflow_statements();
    facts.gateway.promotes_in_place = true;
    facts.key_paths = {"/api/"};
    return facts;
}

}  // namespace keyshift::config
