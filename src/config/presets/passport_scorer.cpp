// SPDX-License-Identifier: Apache-2.0
// Passport Scorer: Python, Django, and a part in Rust. Its primary key holds the old hash, so that the prefix
// is the id. What this rests on: docs/presets.md.
#include "config/presets/preset.hpp"

namespace keyshift::config {
namespace {

Columns passport_scorer_columns() {
    Columns columns;
    columns.id = {"prefix"};
    columns.lookup_hash = {"hashed_key_sha256"};
    columns.lookup_shape = HashShape{.begins_with = "sha256$"};
    // Saving a row writes both; a promotion the new one alone.
    columns.legacy_hash = {"hashed_key"};
    columns.owner = {"account_id"};
    columns.name = {"name"};
    columns.prefix = {"prefix"};
    columns.created_at = {"created"};
    // It has expiry_date and revoked, and most of its routes let keys in whatever stands there.
    return columns;
}

/// Requests of all keys read one row by its prefix.
StatementTexts passport_scorer_statements() {
    StatementTexts texts;
    texts.lookup = texts.by_id = texts.touch = texts.scan = texts.legacy_lookup =
        StatementTexts::Patterns(std::in_place);
    return texts;
}

}  // namespace

PresetFacts passport_scorer_preset();

PresetFacts passport_scorer_preset() {
    PresetFacts facts;
    Gateway& gateway = facts.gateway;
    gateway.table = {"", "account_accountapikey"};
    gateway.columns = passport_scorer_columns();
    gateway.users = {{"", "account_account"}, {"id"}, {"address"}};
    gateway.statements = passport_scorer_statements();
    gateway.promotes_in_place = true;
    facts.key_paths = {"/registry/", "/v2/", "/passport/"};
    return facts;
}

}  // namespace keyshift::config
