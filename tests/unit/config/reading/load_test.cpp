// SPDX-License-Identifier: Apache-2.0
// What files mean when they are right, and what is done without one.
#include <gtest/gtest.h>

#include "config/presets/preset.hpp"
#include "config/tree/yaml.hpp"
#include "unit/config/fixture.hpp"

namespace keyshift::config {
namespace {

using namespace std::chrono_literals;

const Environment kWithDatabase = variables({{"DATABASE_URL", "postgres://db"}, {"HOME", "/home/keyshift"}});

Config valid(const std::string& name) {
    Loaded loaded =
        load(source_path("tests/config/valid/" + name + ".yaml"), file_environment(), collector_types());
    EXPECT_EQ(messages(loaded.problems), "");
    return std::move(loaded.config);
}

TEST(Load, DefaultsAreTheReferenceGateways) {
    const Config config = valid("minimal");
    EXPECT_EQ(config.gateway.table.sql(), "\"virtual_keys\"");
    EXPECT_EQ(config.gateway.columns.lookup_hash->name, "key_lookup_hash");
    EXPECT_EQ(config.gateway.columns.legacy, std::nullopt);
    EXPECT_EQ(config.gateway.users->email.name, "email");
    EXPECT_EQ(config.migration, (Migration{.drain_window = 7 * 24h, .dormant_after = 30 * 24h}));
    EXPECT_EQ(config.state.directory, "/var/lib/keyshift");
    EXPECT_EQ(config.web.listen, (std::vector<base::ListenAddress>{{"", 11947}}));
    EXPECT_EQ(config.log, Log{});
    ASSERT_EQ(config.collectors.size(), 1U);
    EXPECT_EQ(config.collectors[0].schedule, (Schedule{30s, 10s}));
    EXPECT_DOUBLE_EQ(options_of<KeysOptions>(config.collectors[0]).database_duty, 0.02);
}

TEST(Load, HashFreeViewReplacesTheHashes) {
    const Gateway gateway = valid("hash_free_view").gateway;
    EXPECT_EQ(gateway.table.sql(), "\"keyshift\".\"legacy_keys\"");
    EXPECT_EQ(gateway.columns.lookup_hash, std::nullopt);
    EXPECT_EQ(gateway.columns.legacy, Identifier{"legacy"});
    EXPECT_EQ(gateway.columns.bcrypt_hash, std::nullopt);
    EXPECT_EQ(gateway.columns.bcrypt_cost, Identifier{"bcrypt_cost"});
    EXPECT_EQ(gateway.users, std::nullopt);
}

TEST(Load, CustomGatewayPresumesNothing) {
    const Gateway gateway = valid("custom_gateway").gateway;
    Columns columns;
    columns.id = {"token_id"};
    columns.lookup_hash = {"sha256"};
    columns.created_at = {"made_at"};
    columns.last_used_at = {"used_at"};
    EXPECT_EQ(gateway.preset, Preset::custom);
    EXPECT_EQ(gateway.columns, columns);
    EXPECT_EQ(gateway.users, std::nullopt);
}

TEST(Load, LangfuseIsKnownAndMayBeOverridden) {
    const Gateway gateway = valid("langfuse").gateway;
    EXPECT_EQ(gateway.preset, Preset::langfuse);
    EXPECT_EQ(gateway.table.sql(), "\"api_keys\"");
    EXPECT_EQ(gateway.columns.lookup_hash, Identifier{"fast_hashed_secret_key"});
    EXPECT_EQ(gateway.columns.owner, Identifier{"project_id"});
    EXPECT_EQ(gateway.columns.blocked, std::nullopt);
    EXPECT_EQ(gateway.columns.prefix, Identifier{"public_key"});
    EXPECT_EQ(gateway.columns.expires_at, Identifier{"expires_at"});
    EXPECT_EQ(gateway.users->table.sql(), "\"projects\"");
    EXPECT_TRUE(gateway.promotes_in_place);
    EXPECT_EQ(gateway.statements.touch, std::vector<std::string>()) << "it sends none";
    EXPECT_EQ(gateway.statements.lookup, std::nullopt) << "its columns say it";
    EXPECT_EQ(gateway.statements.promote->front(), "update api_keys set fast = $1 where id = *");
}

TEST(Load, APresetsFlagMeansWhatItSays) {
    const auto blocked = [](const std::string& given) {
        return parsed("gateway: " + given + "\ncollectors: [{type: keys, database_url: x}]\n")
            .config.gateway.columns.blocked;
    };
    EXPECT_EQ(blocked("{preset: langflow}"), (FlagTest{{"is_active"}, FlagIs::no}));
    EXPECT_EQ(blocked("{preset: langflow, columns: {name: n}}"), (FlagTest{{"is_active"}, FlagIs::no}));
    EXPECT_EQ(blocked("{preset: rallly}"), (FlagTest{{"revoked_at"}, FlagIs::set}));
    EXPECT_EQ(blocked("{preset: langflow, columns: {blocked: b}}"), (FlagTest{{"b"}, FlagIs::yes}));
    EXPECT_EQ(blocked("{preset: langflow, columns: {blocked: null}}"), std::nullopt);
}

TEST(Load, NullIsStructureAndNoneIsNoStatement) {
    const Gateway gateway = parsed(
                                "gateway: {preset: langfuse, promotes_in_place: false, statements: {lookup: "
                                "null, promote: none}}\n"
                                "collectors: [{type: keys, database_url: x}]\n")
                                .config.gateway;
    EXPECT_EQ(gateway.statements.lookup, std::nullopt);
    EXPECT_EQ(gateway.statements.promote, std::vector<std::string>());
    EXPECT_FALSE(gateway.promotes_in_place);
}

TEST(Presets, TheirFactsAreTheirOwn) {
    EXPECT_EQ(facts_of(Preset::inferxgate).gateway.preset, Preset{});
    EXPECT_EQ(facts_of(Preset::inferxgate).caches.at("auth_key"), "auth:key:");
    EXPECT_EQ(facts_of(Preset::langfuse).caches,
              (std::map<std::string, std::string>{{"auth_key", "api-key:"}}));
    const PresetFacts& custom = facts_of(Preset::custom);
    EXPECT_TRUE(custom.caches.empty() && custom.failures.empty() && custom.log_rules.empty());
    EXPECT_TRUE(custom.counters.empty() && custom.requests.create.empty());
    EXPECT_EQ(custom.gateway, Gateway{});
}

TEST(Load, CustomGatewayMayHaveUsers) {
    const auto loaded = parsed(
        "gateway: {preset: custom, table: t, columns: {id: a, legacy: b, created_at: c, "
        "last_used_at: d}, users: {table: People}}",
        kWithDatabase);
    EXPECT_EQ(messages(loaded.problems), "");
    EXPECT_EQ(loaded.config.gateway.users, (Users{{"", "people"}, {"id"}, {"email"}}));
}

TEST(Load, QuotedNamesKeepTheirCase) {
    const Gateway gateway = valid("quoted_names").gateway;
    EXPECT_EQ(gateway.table, (TableName{"billing", "API Keys"}));
    EXPECT_EQ(gateway.columns.name->sql(), "\"the \"\"name\"\"\"");
    EXPECT_EQ(gateway.columns.owner->name, "ownerid");
}

TEST(Load, VariablesAreExpanded) {
    const Config config = valid("variables");
    EXPECT_EQ(config.state.directory, "/home/keyshift/a$b$c");
    EXPECT_EQ(config.collectors[0].schedule.interval, 45s);
    const auto secret = options_of<KeysOptions>(config.collectors[0]).database_url.read();
    EXPECT_EQ(secret->reveal(), "postgres://keyshift:canary$x@db.internal/gateway");
}

TEST(Load, ListsOfAddressesAndPathsAndTimes) {
    EXPECT_EQ(
        valid("listen_many").web.listen,
        (std::vector<base::ListenAddress>{{"127.0.0.1", 11947}, {"::1", 11947}, {"localhost", 80}, {"", 0}}));
    const Notify notify = valid("notify").notify;
    EXPECT_EQ(notify.url.read()->reveal(), "https://hooks.example/canary");
    EXPECT_EQ(notify.secret.read()->reveal(), "canary of sixteen and more");
    EXPECT_EQ(notify.instance, "blue");
    EXPECT_EQ(notify.ca_file.filename(), "ca.pem");
    EXPECT_FALSE(valid("minimal").notify.url.given());
    EXPECT_EQ(valid("json").log.format, base::log::Format::json);
    EXPECT_EQ(valid("windows_line_ends").log.level, base::log::Level::warn);
    const auto loaded = parse("state: {directory: state}\nmigration: {start: 2026-01-10T00:00:00Z}\n",
                              "/etc/keyshift/k.yaml", kWithDatabase, collector_types());
    EXPECT_EQ(messages(loaded.problems), "");
    EXPECT_EQ(loaded.config.state.directory, "/etc/keyshift/state");
    EXPECT_EQ(base::format_rfc3339(*loaded.config.migration.start), "2026-01-10T00:00:00Z");
    ASSERT_EQ(loaded.config.collectors.size(), 2U) << "keys and statements, because DATABASE_URL is set";
}

TEST(Load, FilesThatAreNone) {
    const auto of = [](const std::filesystem::path& file) {
        return messages(load(file, kWithDatabase, collector_types()).problems);
    };
    EXPECT_EQ(of("/nowhere/k.yaml"), "/nowhere/k.yaml: does not exist, check its path\n");
    EXPECT_EQ(of("/"), "/: is a directory, name a file in it\n");
    EXPECT_EQ(of("/dev/null"), "/dev/null: is not a regular file, name a regular one\n");
    EXPECT_EQ(of("a\x1b[31m"), "a\\x1b[31m: does not exist, check its path\n");
    EXPECT_EQ(messages(parsed(std::string(1024UL * 1024 + 1, '#')).problems),
              "keyshift.yaml: is larger than 1024 KiB, check its path\n");
}

TEST(Load, ManyProblemsAreCounted) {
    std::string text;
    for (int i = 0; i < 150; ++i) text += "unknown" + std::to_string(i) + ": 1\n";
    const auto problems = parsed(text, kWithDatabase).problems;
    ASSERT_EQ(problems.size(), 101U);
    EXPECT_EQ(problems.back().what, "there are 50 more problems after this one");
}

TEST(Defaults, NeedNoFile) {
    const Loaded loaded = defaults(kWithDatabase, collector_types());
    EXPECT_EQ(messages(loaded.problems), "");
    EXPECT_EQ(loaded.config.web.listen, (std::vector<base::ListenAddress>{{"127.0.0.1", 11947}}));
    EXPECT_EQ(loaded.config.state.directory, "/home/keyshift/.local/state/keyshift");
    ASSERT_EQ(loaded.config.collectors.size(), 2U);
    EXPECT_EQ(loaded.config.collectors[0].type, "keys");
    EXPECT_EQ(loaded.config.collectors[0].schedule, (Schedule{30s, 10s}));
    EXPECT_EQ(loaded.config.collectors[1].type, "statements");
    EXPECT_FALSE(loaded.config.collectors[0].implicit);
    EXPECT_TRUE(loaded.config.collectors[1].implicit);
}

TEST(Defaults, StateFollowsXdg) {
    const auto directory = [](const std::string& state_home) {
        return defaults(variables({{"DATABASE_URL", "x"}, {"HOME", "/h"}, {"XDG_STATE_HOME", state_home}}),
                        collector_types())
            .config.state.directory;
    };
    EXPECT_EQ(directory("/s"), "/s/keyshift");
    EXPECT_EQ(directory(""), "/h/.local/state/keyshift");
    EXPECT_EQ(directory("relative"), "/h/.local/state/keyshift");
}

TEST(Defaults, SayWhatIsMissing) {
    EXPECT_EQ(messages(defaults(variables({}), collector_types()).problems),
              "there is nothing to watch, set DATABASE_URL, or name a configuration file with --config\n");
    EXPECT_EQ(defaults(variables({}), collector_types()).config.state.directory, "");
}

/// With a further type whose only option is wrong while FURTHER_URL is "bad".
CollectorTypes with_a_further_one() {
    CollectorTypes types = collector_types();
    static constexpr SecretNames kNames{.variable = "FURTHER_URL", .credential = "further_url"};
    types.push_back({"further", kNames, {30s, 10s}, [](OptionsReader& options, const Gateway&) {
                         const auto url = options.secret("url", kNames);
                         const auto read = url.read();
                         if (read && read->reveal() == "bad") options.problem("url", "is bad", "mend it");
                         return held(0);
                     }});
    return types;
}

TEST(Defaults, SayWhereASecretMayBePut) {
    EXPECT_EQ(
        messages(
            parsed("web: {}", variables({{"CREDENTIALS_DIRECTORY", "/run/secrets"}}), with_a_further_one())
                .problems),
        "keyshift.yaml:1:1: collectors: is not given, list what to watch, such as 'collectors: [{type: "
        "keys}]', or set DATABASE_URL or FURTHER_URL, or put the secret into database_url or further_url "
        "in /run/secrets\n");
}

TEST(Notify, WhatOthersCouldReadOrGuessIsSaid) {
    const auto warned = [](const std::string& url, const std::string& secret) {
        const Loaded loaded = parse("collectors: [{type: keys, database_url: x}]\nnotify: {url: '" + url +
                                        "', secret: " + secret + "}\n",
                                    "k.yaml", file_environment(), collector_types());
        EXPECT_EQ(messages(loaded.problems), "");
        return messages(loaded.warnings);
    };
    const std::string good = "0123456789abcdef";
    EXPECT_EQ(warned("https://hooks.example/x", good), "");
    EXPECT_EQ(warned("http://127.0.0.1:8080/x", good), "");
    EXPECT_EQ(warned("http://localhost/x", good), "");
    EXPECT_EQ(
        warned("http://hooks.example/x", good),
        "k.yaml:2:15: warning: notify.url: is not encrypted: ids and owners of keys can be read on the way, "
        "make it https://\n");
    EXPECT_EQ(warned("https://hooks.example/x", "short-of-it"),
              "k.yaml:2:50: warning: notify.secret: is shorter than 16 characters: it can be guessed, "
              "make one by: openssl rand -hex 32\n");
}

TEST(Defaults, WhatIsWrongBesideTheKeyTableEndsNothing) {
    const auto both =
        defaults(variables({{"DATABASE_URL", "x"}, {"FURTHER_URL", "bad"}}), with_a_further_one());
    EXPECT_EQ(messages(both.problems), "");
    EXPECT_EQ(messages(both.warnings), "warning: collectors[further].url: is bad, mend it\n");
    EXPECT_EQ(both.config.collectors.size(), 3U) << "it is there, and down";
    const auto alone = defaults(variables({{"FURTHER_URL", "bad"}}), with_a_further_one());
    EXPECT_EQ(messages(alone.problems), "collectors[further].url: is bad, mend it\n")
        << "nothing else is left";
    const auto listed =
        parsed("collectors: [{type: keys}, {type: further}]",
               variables({{"DATABASE_URL", "x"}, {"FURTHER_URL", "bad"}}), with_a_further_one());
    EXPECT_EQ(listed.problems.size(), 1U) << "somebody has asked for it";
}

TEST(Environment, IsACopyOfTheProcesss) {
    const Environment environment = process_environment();
    EXPECT_TRUE(environment("PATH"));
    EXPECT_FALSE(environment("KEYSHIFT_NO_SUCH_VARIABLE"));
    EXPECT_FALSE(environment(""));
}

TEST(Yaml, PositionsCountCharacters) {
    std::vector<Problem> problems;
    const auto root = parse_yaml(
        "a: \"\xD0\xB6\xD0\xB6\" # \xD0\xB6\n\xD0\xB6: {b: \"\xF0\x9F\x94\x97\", c: [d]}\n", problems);
    ASSERT_TRUE(root);
    EXPECT_EQ(root->entries[1].at, (Position{2, 1}));
    EXPECT_EQ(root->entries[1].value.find("c")->at, (Position{2, 16}));
    EXPECT_EQ(root->entries[1].value.find("c")->items[0].at, (Position{2, 17}));
}

/// What is written of its last collector.
std::string written(const std::string& text) {
    const Loaded loaded = parsed(text);
    EXPECT_EQ(messages(loaded.problems), "");
    return loaded.config.collectors.back().written.reveal();
}

TEST(Load, WhatIsWrittenOfACollectorChangesWithItAlone) {
    const std::string keys = "collectors:\n- {type: keys, database_url: postgres://a, interval: 20s}\n";
    EXPECT_EQ(written(keys), written("# a remark\nlog: {level: debug}\ncollectors:\n  - type: keys\n"
                                     "    database_url: \"postgres://a\"\n    interval: 20s\n"));
    EXPECT_NE(written(keys), written("collectors: [{type: keys, database_url: postgres://a}]"));
    EXPECT_NE(written(keys),
              written("collectors: [{type: keys, database_url: postgres://a, interval: 21s}]"));
    EXPECT_NE(written("collectors: [{type: keys, database_url: a, interval: 20s}]"),
              written("collectors: [{type: keys, database_url: ainterval, timeout: 20s}]"));
}

TEST(Load, ACollectorThatBorrowsASecretChangesWithWhoHasIt) {
    const auto both = [](const std::string& url) {
        return "collectors: [{type: keys, database_url: " + url + "}, {type: statements}]";
    };
    EXPECT_EQ(written(both("postgres://a")), written(both("postgres://a")));
    EXPECT_NE(written(both("postgres://a")), written(both("postgres://b")));
    const std::string own = "{type: statements, database_url: postgres://c}]";
    EXPECT_EQ(written("collectors: [{type: keys, database_url: postgres://a}, " + own),
              written("collectors: [{type: keys, database_url: postgres://b}, " + own));
}

}  // namespace
}  // namespace keyshift::config
