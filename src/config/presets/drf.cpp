// SPDX-License-Identifier: Apache-2.0
// djangorestframework-api-key 3.1: Python, Django. One column holds both hashes, and the primary key the old
// one, so that the prefix is the id. What this rests on: docs/presets.md.
#include "config/presets/preset.hpp"

namespace keyshift::config {
namespace {

Columns drf_columns() {
    Columns columns;
    columns.id = {"prefix"};
    columns.lookup_hash = {"hashed_key"};
    columns.lookup_shape = HashShape{.begins_with = "sha512$$"};
    columns.name = {"name"};
    columns.prefix = {"prefix"};
    columns.created_at = {"created"};
    columns.expires_at = {"expiry_date"};
    columns.blocked = FlagTest{{"revoked"}};
    return columns;
}

/// Requests of all keys read the one row by its prefix, and one UPDATE serves promotion, revocation and
/// renaming: the database's statistics tell nothing of keys.
StatementTexts drf_statements() {
    StatementTexts texts;
    texts.lookup = texts.by_id = texts.touch = texts.scan = texts.legacy_lookup = texts.promote =
        StatementTexts::Patterns(std::in_place);
    texts.lookup_serves = Serves::all;
    return texts;
}

}  // namespace

PresetFacts drf_preset();

PresetFacts drf_preset() {
    PresetFacts facts;
    Gateway& gateway = facts.gateway;
    gateway.table = {"", "rest_framework_api_key_apikey"};
    gateway.columns = drf_columns();
    gateway.legacy_when =
        LegacyWhen{.column = {"hashed_key"},
                   .begins_with = {"pbkdf2_sha256$", "pbkdf2_sha1$", "argon2", "bcrypt", "scrypt$"}};
    gateway.statements = drf_statements();
    gateway.promotes_in_place = true;
    facts.key_paths = {"/"};
    // Its one refusal, whether a key is missing, unknown, revoked or has expired.
    facts.failures = {{403, 63, domain::Event::failure_other}};
    return facts;
}

}  // namespace keyshift::config
