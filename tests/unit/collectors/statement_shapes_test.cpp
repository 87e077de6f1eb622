// SPDX-License-Identifier: Apache-2.0
// Which statement is of which shape. The texts are written from the gateway's source, with white space as it
// is sent and parameters as pg_stat_statements shows them.
#include "collectors/statement_shapes.hpp"

#include <random>

#include <gtest/gtest.h>

#include "shapes_fixture.hpp"

namespace keyshift::collectors {
namespace {

config::Gateway inferxgate() {
    const auto loaded = config::parse("{}", "k.yaml", [](std::string_view) { return std::nullopt; }, {});
    return loaded.config.gateway;
}

std::string shape(std::string_view sql) {
    return shape(StatementShapes(inferxgate(), {"virtual_keys"}), sql);
}

const std::string kColumns =
    R"(id, key_hash, key_lookup_hash, key_prefix, user_id, name, max_budget, current_spend,
                   rate_limit_rpm, rate_limit_tpm, allowed_models, expires_at, blocked,
                   created_at, last_used_at)";
const std::string kSelect =
    "\n            SELECT " + kColumns + "\n            FROM virtual_keys\n            ";

TEST(StatementShapes, TheGatewaysOwn) {
    EXPECT_EQ(shape(kSelect + "WHERE key_lookup_hash = $1\n            "), "lookup");
    EXPECT_EQ(shape(kSelect + "WHERE id = $1\n            "), "by_id");
    EXPECT_EQ(shape("\n   UPDATE virtual_keys\n   SET last_used_at = NOW()\n   WHERE id = $1\n"), "touch");
    EXPECT_EQ(shape(kSelect + "ORDER BY created_at DESC\n            "), "scan");
    EXPECT_EQ(shape(kSelect + "WHERE key_lookup_hash IS NULL\n ORDER BY created_at DESC"), "scan");
}

TEST(StatementShapes, AsOtherPeopleWriteThem) {
    EXPECT_EQ(shape("SELECT * FROM virtual_keys WHERE key_lookup_hash = $1 LIMIT $2"), "lookup");
    EXPECT_EQ(
        shape("select k.id, k.key_hash as hash from public.virtual_keys as k where k.key_lookup_hash=$2"),
        "lookup");
    EXPECT_EQ(
        shape(
            R"(SELECT "virtual_keys"."id" FROM "virtual_keys" WHERE "virtual_keys"."key_lookup_hash" = $1)"),
        "lookup");
    EXPECT_EQ(shape("select user_id from virtual_keys where id = $1::uuid for update"), "by_id");
    EXPECT_EQ(shape("UPDATE public.virtual_keys AS k SET last_used_at = CURRENT_TIMESTAMP WHERE k.id = $1"),
              "touch");
    EXPECT_EQ(shape("update virtual_keys set last_used_at = $2::timestamptz where id = $1::uuid"), "touch");
    EXPECT_EQ(shape("select * from virtual_keys"), "scan");
    EXPECT_EQ(
        shape("SELECT id, key_hash FROM virtual_keys k WHERE NOT blocked AND k.key_lookup_hash IS NULL"),
        "scan");
    EXPECT_EQ(shape("SELECT id, key_hash FROM virtual_keys WHERE key_prefix = $1 AND NOT blocked"), "scan");
    EXPECT_EQ(shape("/* app */ SELECT key_hash FROM virtual_keys -- all\n"), "scan");
}

TEST(StatementShapes, KeysAreManaged) {
    EXPECT_EQ(shape("UPDATE virtual_keys SET name = COALESCE($2, name), blocked = COALESCE($8, blocked) "
                    "WHERE id = $1 RETURNING id, key_hash, last_used_at"),
              "manage");
    EXPECT_EQ(shape("\n   DELETE FROM virtual_keys\n   WHERE id = $1\n"), "manage");
    EXPECT_EQ(shape("DELETE FROM public.virtual_keys AS k WHERE k.id = $1::uuid"), "manage");
}

TEST(StatementShapes, WhatMustNotCount) {
    for (const std::string& sql :
         {kSelect + "WHERE key_hash = $1",
          kSelect + "WHERE user_id = $1 ORDER BY created_at DESC",
          kSelect + "WHERE user_id = $1 AND key_lookup_hash IS NULL",
          kSelect + "ORDER BY created_at DESC LIMIT $1 OFFSET $2",
          "INSERT INTO virtual_keys (key_hash, key_lookup_hash) VALUES ($1, $2) RETURNING " + kColumns,
          std::string("UPDATE virtual_keys SET current_spend = current_spend + $2, last_used_at = NOW() "
                      "WHERE id = $1"),
          std::string("UPDATE virtual_keys SET last_used_at = NOW(), blocked = $2 WHERE id = $1"),
          std::string("UPDATE virtual_keys SET last_used_at = NOW()"),
          std::string("UPDATE users SET last_used_at = NOW() WHERE id = $1"),
          std::string("DELETE FROM virtual_keys WHERE user_id = $1"),
          std::string("DELETE FROM virtual_keys WHERE id = $1 AND blocked"),
          std::string("DELETE FROM virtual_keys"),
          std::string("UPDATE virtual_keys SET blocked = $2 WHERE id = $1"),
          std::string("UPDATE virtual_keys SET blocked = $2 RETURNING id"),
          std::string("SELECT id, email, username, password_hash FROM users WHERE id = $1"),
          std::string("SELECT COUNT(*) FROM virtual_keys WHERE key_lookup_hash IS NULL"),
          std::string("SELECT id, key_prefix, name FROM virtual_keys WHERE key_lookup_hash IS NULL"),
          std::string("SELECT id, name FROM virtual_keys ORDER BY created_at DESC"),
          std::string("SELECT key_hash FROM virtual_keys JOIN users ON users.id = user_id"),
          std::string("SELECT * FROM virtual_keys, users"),
          std::string("SELECT * FROM virtual_keys_old"),
          std::string("SELECT * FROM virtual_keys WHERE key_lookup_hash = $1 OR id = $2"),
          std::string("SELECT key_hash FROM virtual_keys GROUP BY key_hash"),
          std::string("select"),
          std::string("select *"),
          std::string("select * from"),
          std::string(""),
          std::string("update"),
          std::string("<insufficient privilege>")})
        EXPECT_EQ(shape(sql), "none") << sql;
}

TEST(StatementShapes, WhatKeyshiftItselfRuns) {
    const std::string columns =
        R"(k."id"::text, k."user_id"::text, NULL::text, k."created_at"::timestamptz, k."key_lookup_hash" IS NULL, )"
        R"(CASE WHEN k."key_hash" LIKE '$2_$__$%' THEN substr(k."key_hash", 5, 2) END)";
    const std::string from = R"( FROM "public"."virtual_keys" k)";
    for (const std::string& sql :
         {"SELECT " + columns + from, "COPY (SELECT " + columns + from + ") TO STDOUT (FORMAT binary)",
          "SELECT " + columns + from +
              R"( WHERE k."key_lookup_hash" IS NULL AND greatest(k."created_at") >= now())",
          R"(SELECT (k."key_lookup_hash" IS NULL)::text)" + from + R"( WHERE k."id"::text = $1 LIMIT $2)",
          R"(SELECT count(*), count(DISTINCT k."user_id"::text))" + from +
              R"( WHERE k."key_lookup_hash" IS NULL)"})
        EXPECT_EQ(shape(sql), "none") << sql;
}

TEST(StatementShapes, NamesAreTheConfigurations) {
    const StatementShapes shapes(
        gateway(R"(preset: custom, table: '"API Keys"', columns: {id: key_id, lookup_hash: '"SHA"',
                   bcrypt_hash: hash, created_at: made, last_used_at: used})"),
        {"API Keys"});
    EXPECT_EQ(shape(shapes, R"(SELECT * FROM "API Keys" WHERE "SHA" = $1)"), "lookup");
    EXPECT_EQ(shape(shapes, R"(SELECT * FROM "api keys" WHERE "SHA" = $1)"), "none");
    EXPECT_EQ(shape(shapes, R"(SELECT * FROM "API Keys" WHERE sha = $1)"), "none");
    EXPECT_EQ(shape(shapes, R"(SELECT Hash FROM x."API Keys" WHERE KEY_ID = $1)"), "by_id");
    EXPECT_EQ(shape(shapes, R"(UPDATE "API Keys" SET used = now() WHERE key_id = $1)"), "touch");
    EXPECT_EQ(shape(shapes, R"(SELECT key_id, hash FROM "API Keys")"), "scan");
    EXPECT_EQ(shapes.needed_names(), std::vector<std::string>{"API Keys"});
}

TEST(StatementShapes, NamesMayHoldQuotationMarks) {
    const StatementShapes shapes(gateway(R"(statements: {table: '"a ""b"""'})"), {R"(a "b")"});
    EXPECT_EQ(shape(shapes, R"(select * from x."a ""b""" where id = $1)"), "by_id");
    EXPECT_EQ(shape(shapes, R"(select * from "a ""b""" k)"), "scan");
    EXPECT_EQ(shape(shapes, R"(select * from "a " where id = $1)"), "none");
}

TEST(StatementShapes, OnlyOneSchemaWhereItIsGiven) {
    const StatementShapes shapes(gateway("statements: {table: billing.virtual_keys}"), {"virtual_keys"});
    EXPECT_EQ(shape(shapes, "select * from billing.virtual_keys where id = $1"), "by_id");
    EXPECT_EQ(shape(shapes, "select * from virtual_keys where id = $1"), "by_id");
    EXPECT_EQ(shape(shapes, "select * from test.virtual_keys where id = $1"), "none");
}

TEST(StatementShapes, PatternsStandInForStructure) {
    const auto given =
        gateway(R"y(statements: {scan: "select * from find_keys(*)", touch: ["call used($1)", "x"]})y");
    const StatementShapes shapes(given, {"virtual_keys"});
    EXPECT_EQ(shape(shapes, "SELECT a, b FROM find_keys ( $1 )"), "scan");
    EXPECT_EQ(shape(shapes, "CALL used($3)"), "touch");
    EXPECT_EQ(shape(shapes, "select * from virtual_keys"), "none") << "the pattern alone says what a scan is";
    EXPECT_EQ(shape(shapes, "select * from virtual_keys where id = $1"), "by_id");
    EXPECT_TRUE(shapes.needed_names().empty()) << "any text may match a pattern";
    EXPECT_NE(shapes.scope(), StatementShapes(inferxgate(), {"virtual_keys"}).scope());
}

TEST(StatementShapes, WhatTheConfigurationLeavesOpenIsNotKnown) {
    const std::string custom =
        "preset: custom, table: k, columns: {id: id, legacy: old, created_at: made, last_used_at: used";
    const StatementShapes without(gateway(custom + "}"), {"k"});
    EXPECT_FALSE(without.knows(Shape::lookup));
    EXPECT_FALSE(without.knows(Shape::scan));
    EXPECT_TRUE(without.knows(Shape::touch));
    EXPECT_EQ(shape(without, "select * from k"), "none");
    const StatementShapes with(gateway(custom + "}, statements: {lookup: 'select * from k where h = $1'}"),
                               {"k"});
    EXPECT_TRUE(with.knows(Shape::lookup));
    const StatementShapes hash(gateway(custom + ", bcrypt_hash: h}"), {"k"});
    EXPECT_EQ(shape(hash, "select h from k where old"), "scan");
    EXPECT_EQ(shape(hash, "select h from k where not old"), "none");
    const StatementShapes view(gateway("columns: {lookup_hash: null, legacy: legacy, bcrypt_hash: null}"),
                               {"virtual_keys"});
    EXPECT_EQ(shape(view, kSelect + "WHERE key_lookup_hash = $1"), "lookup") << "only the view has no hashes";
    EXPECT_EQ(shape(view, kSelect), "scan");
}

TEST(StatementShapes, AnyTextIsReadToItsEnd) {
    const StatementShapes shapes(inferxgate(), {"virtual_keys"});
    const std::vector<std::string> words{
        "select", "*",  "key_hash", "from", "virtual_keys", "as", "where", ".",
        "id",     "=",  "$1",       "::",   "uuid",         ",",  "order", "(",
        "update", "\"", "set",      "'",    "last_used_at", "is", "null",  "key_lookup_hash"};
    std::mt19937 random(1);
    std::size_t known = 0;
    for (int i = 0; i < 20'000; ++i) {
        std::string text = random() % 2 == 0 ? "select * from virtual_keys where" : "update virtual_keys set";
        for (std::size_t n = random() % 8; n > 0; --n) text += " " + words[random() % words.size()];
        if (random() % 4 == 0) text = text.substr(0, random() % text.size());
        known += shapes.of(text) ? 1U : 0U;
    }
    EXPECT_GT(known, 0U);
}

}  // namespace
}  // namespace keyshift::collectors
