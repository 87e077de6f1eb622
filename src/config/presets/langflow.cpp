// SPDX-License-Identifier: Apache-2.0
// Langflow, from the release on that hashes keys: Python, SQLAlchemy. What this rests on: docs/presets.md.
#include "config/presets/preset.hpp"

namespace keyshift::config {
namespace {

using domain::Event;

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
    // Of release 1.13.0. A key that is unknown, inactive or has expired is refused with 403, in one of two
    // ways, and a missing one in three.
    facts.failures = {{401, 26, Event::failure_malformed_header},
                      {403, 28, Event::failure_other},
                      {403, 39, Event::failure_other},
                      {403, 51, Event::failure_missing_header},
                      {403, 57, Event::failure_missing_header},
                      {403, 68, Event::failure_missing_header}};
    return facts;
}

}  // namespace keyshift::config
