// SPDX-License-Identifier: Apache-2.0
// What the statements count as that a gateway built on sqlx logs.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/gateway_logs/counter.hpp"

namespace keyshift::collectors {
namespace {

using namespace std::chrono_literals;
using domain::Event;
using formats::TracingLevel;
using testing::HasSubstr;

constexpr const char* kColumns =
    R"(id, key_hash, key_lookup_hash, key_prefix, user_id, name, max_budget, current_spend, rate_limit_rpm, rate_limit_tpm, allowed_models, expires_at, blocked, created_at, last_used_at)";
const std::string kLookup =
    std::string("SELECT ") + kColumns + " FROM virtual_keys WHERE key_lookup_hash = $1";
const std::string kById = std::string("SELECT ") + kColumns + " FROM virtual_keys WHERE id = $1";
const std::string kScan = std::string("SELECT ") + kColumns + " FROM virtual_keys ORDER BY created_at DESC";
const std::string kTouch = "UPDATE virtual_keys SET last_used_at = NOW() WHERE id = $1";
const std::string kPromote =
    "UPDATE virtual_keys SET key_lookup_hash = $1, last_used_at = NOW() WHERE id = $2";

/// As sqlx writes it: each clause on a line of its own, the text as Rust's Debug has it.
std::string sqlx(std::string sql, int affected, int returned, const std::string& before = "") {
    for (const std::string_view word : {" FROM ", " WHERE ", " ORDER BY ", " SET "})
        if (const auto at = sql.find(word); at != std::string::npos) sql.replace(at, 1, "\\n");
    return before + "summary=\"" + sql.substr(0, 20) + " …\" db.statement=\"\\n\\n" + sql +
           "\\n\" rows_affected=" + std::to_string(affected) + " rows_returned=" + std::to_string(returned) +
           " elapsed=3.002665ms elapsed_secs=0.003002665";
}

class SqlxStatementsTest : public testing::Test {
 protected:
    SqlxStatementsTest() {
        tally_.now = base::Time(1000h);
        use(false);
    }

    void use(bool promotes, LogFormat format = LogFormat::tracing_text, const std::string& target = "") {
        config::Gateway gateway = config::facts_of(config::Preset::inferxgate).gateway;
        gateway.promotes_in_place = promotes;
        counter_ = make_gateway_log_counter({.format = format,
                                             .rules = config::facts_of(config::Preset::inferxgate).log_rules,
                                             .statements = StatementClasses::presumed(gateway),
                                             .sqlx_target = target});
    }
    void line(const std::string& message, const std::string& level = "DEBUG",
              const std::string& target = "sqlx::query") {
        counter_->count("2026-11-22T11:56:47.949528Z " + level + " " + target + ": " + message + "\n",
                        tally_);
    }
    void reads(const std::string& sql, int affected, int returned) { line(sqlx(sql, affected, returned)); }
    std::uint64_t counted(Event event) const { return tally_.events.at(index_of(event)); }
    bool countable(Event event) { return counter_->countable(tally_.now).test(index_of(event)); }
    bool at_work() { return counter_->take_ground().at_work; }

    LogTally tally_;
    std::unique_ptr<LineCounter> counter_;
};

TEST_F(SqlxStatementsTest, LookupsAreKeysThatWereFoundOrRefused) {
    reads(kLookup, 1, 1);
    EXPECT_EQ(counted(Event::lookup_found), 1U);
    reads(kLookup, 0, 0);
    reads(kLookup, 0, 0);
    EXPECT_EQ(counted(Event::lookup_found), 1U);
    EXPECT_EQ(counted(Event::lookup_not_found), 2U);
    EXPECT_EQ(counted(Event::failure_unknown_key), 2U);
    ASSERT_EQ(tally_.failures.kinds().size(), 1U);
    EXPECT_EQ(tally_.failures.kinds().begin()->second.count, 2U);
    EXPECT_EQ(tally_.lines.matched, 3U);
    EXPECT_TRUE(countable(Event::failure_unknown_key));
    EXPECT_TRUE(countable(Event::lookup_not_found));
    EXPECT_FALSE(countable(Event::verification)) << "no touch was seen";
}

TEST_F(SqlxStatementsTest, TouchesAreVerifications) {
    reads(kTouch, 1, 0);
    reads(kTouch, 0, 0);
    EXPECT_EQ(counted(Event::verification), 1U) << "one changed nothing";
    EXPECT_TRUE(countable(Event::verification));
}

TEST_F(SqlxStatementsTest, ScansAreAttemptsOfTheFallback) {
    reads(kLookup, 1, 1);
    EXPECT_TRUE(countable(Event::fallback_scan)) << "what the gateway sends is in the log";
    EXPECT_TRUE(countable(Event::fallback));
    reads(kScan, 7, 7);
    EXPECT_EQ(counted(Event::fallback_scan), 1U);
    EXPECT_EQ(counted(Event::fallback_scanned_key), 7U);
    EXPECT_EQ(counted(Event::fallback), 0U) << "a scan is not yet a hit";
    EXPECT_FALSE(countable(Event::failure_unknown_key)) << "who is not found may be accepted by the fallback";
    const auto failures = counted(Event::failure_unknown_key);
    reads(kLookup, 0, 0);
    EXPECT_EQ(counted(Event::failure_unknown_key), failures);
    EXPECT_EQ(counted(Event::lookup_not_found), 1U);
}

TEST_F(SqlxStatementsTest, PromotionsAreUses) {
    use(true);
    reads(kLookup, 0, 0);
    reads(kPromote, 1, 0);
    EXPECT_EQ(counted(Event::fallback), 1U);
    reads(kPromote, 0, 0);
    EXPECT_EQ(counted(Event::fallback), 1U);
}

TEST_F(SqlxStatementsTest, OthersAreNone) {
    for (const char* const sql : {"SELECT COUNT(*) FROM virtual_keys WHERE key_lookup_hash IS NULL",
                                  "SELECT 1", "SELECT id, email FROM users WHERE id = $1"})
        reads(sql, 0, 1);
    EXPECT_EQ(tally_.lines.matched, 0U);
    EXPECT_EQ(tally_.lines.skipped, 3U);
    EXPECT_FALSE(at_work());
    EXPECT_FALSE(countable(Event::fallback));
    line("no statement at all");
    line(sqlx(kLookup, 1, 1), "DEBUG", "other::query");
    EXPECT_EQ(counted(Event::lookup_found), 0U);
}

TEST_F(SqlxStatementsTest, SlowOnesCountAndShowNoLevel) {
    const std::string slow = "slow statement: execution time exceeded alert threshold ";
    line(sqlx(kScan, 7, 7, slow) + " slow_threshold=1s", " WARN");
    EXPECT_EQ(counted(Event::fallback_scan), 1U);
    EXPECT_FALSE(countable(Event::fallback)) << "the others are not in the log";
    EXPECT_FALSE(at_work());
}

TEST_F(SqlxStatementsTest, TheGroundIsAStatementOfTheGateway) {
    EXPECT_FALSE(at_work());
    reads(kLookup, 1, 1);
    line("x", "DEBUG", "inferxgate::auth");
    EXPECT_TRUE(at_work());
    reads(kScan, 7, 7);
    EXPECT_TRUE(at_work());
    line("x", "DEBUG", "inferxgate::auth");
    EXPECT_FALSE(at_work()) << "sqlx::query=debug has gone, by which scans were counted";
    const std::string memory = counter_->memory();
    use(false);
    counter_->resume(memory);
    line("x", "DEBUG", "inferxgate::auth");
    EXPECT_FALSE(at_work()) << "that is remembered";
    reads(kTouch, 1, 0);
    EXPECT_TRUE(at_work());
    EXPECT_FALSE(countable(Event::failure_unknown_key)) << "that there is a fallback is remembered too";
}

TEST_F(SqlxStatementsTest, WhatARuleCountsIsNotCountedTwice) {
    line("Cached verified token for future requests", "DEBUG", "inferxgate::auth");
    reads(kTouch, 1, 0);
    EXPECT_EQ(counted(Event::verification), 1U);
    line("Fallback authentication succeeded for key 00000000-0000-4000-8000-000000000001", " WARN",
         "inferxgate::auth");
    reads(kScan, 7, 7);
    EXPECT_EQ(counted(Event::fallback), 1U);
    EXPECT_EQ(counted(Event::fallback_scan), 0U);
    const std::string memory = counter_->memory();
    use(false);
    counter_->resume(memory);
    reads(kTouch, 1, 0);
    EXPECT_EQ(counted(Event::verification), 1U) << "that is remembered";
}

TEST_F(SqlxStatementsTest, InColoursAndInJson) {
    counter_->count(
        "\x1b[2m2026-11-22T11:56:47.949528Z\x1b[0m \x1b[34mDEBUG\x1b[0m "
        "\x1b[2msqlx::query\x1b[0m\x1b[2m:\x1b[0m "
        "\x1b[3msummary\x1b[0m\x1b[2m=\x1b[0m\"SELECT\" \x1b[3mdb.statement\x1b[0m\x1b[2m=\x1b[0m\"" +
            kLookup +
            "\" \x1b[3mrows_affected\x1b[0m\x1b[2m=\x1b[0m0 \x1b[3mrows_returned\x1b[0m\x1b[2m=\x1b[0m0\n",
        tally_);
    EXPECT_EQ(counted(Event::lookup_not_found), 1U);
    use(false, LogFormat::tracing_json);
    const std::string fields =
        R"("summary":"SELECT id, …","db.statement":"\n\n)" + kLookup +
        R"(\n","rows_affected":1,"rows_returned":1,"elapsed":"1ms","elapsed_secs":0.001)";
    for (const std::string& line :
         {R"({"timestamp":"2026-11-22T11:56:47.949528Z","level":"DEBUG","fields":{)" + fields +
              R"(},"target":"sqlx::query"})",
          R"({"timestamp":"2026-11-22T11:56:47.949528Z","level":"DEBUG",)" + fields +
              R"(,"target":"sqlx::query"})"})
        counter_->count(line + "\n", tally_);
    EXPECT_EQ(counted(Event::lookup_found), 2U);
}

TEST_F(SqlxStatementsTest, FindingsNameWhatIsThereAndWhatFitsNothing) {
    reads(kLookup, 1, 1);
    reads("SELECT k.key_hash FROM virtual_keys k JOIN candidates c ON c.hash = k.key_hash", 1, 1);
    std::string found;
    for (const Finding& finding : counter_->findings()) found += finding.what + "\n";
    EXPECT_THAT(found, HasSubstr("statements of the gateway are in the log: lookup\n"));
    EXPECT_THAT(
        found,
        HasSubstr("a statement on the key table fits no class, and may be the fallback: SELECT k.key_hash"));
}

TEST_F(SqlxStatementsTest, WhatFitsNothingIsADoubtUntilTheConfigurationSaysWhatItIs) {
    const std::string unknown =
        "SELECT k.key_hash FROM virtual_keys k JOIN candidates c ON c.hash = k.key_hash";
    reads(kLookup, 1, 1);
    EXPECT_EQ(counter_->take_ground().doubt, "");
    reads(unknown, 1, 1);
    EXPECT_EQ(counted(Event::statement_unclassified), 1U);
    EXPECT_TRUE(countable(Event::statement_unclassified));
    EXPECT_THAT(counter_->take_ground().doubt,
                HasSubstr("fits no class, and may be the fallback: SELECT k.key_hash"));
    EXPECT_THAT(counter_->take_ground().doubt, HasSubstr("gateway.statements.ignore"));

    // It outlives the process, but not the configuration by which nobody knew what it is.
    const std::string memory = counter_->memory();
    use(false);
    counter_->resume(memory);
    EXPECT_THAT(counter_->take_ground().doubt, HasSubstr("its text is known when it comes again"));
    EXPECT_TRUE(countable(Event::lookup_found)) << "the others are remembered, too";
    use(true);
    counter_->resume(memory);
    EXPECT_EQ(counter_->take_ground().doubt, "");
    EXPECT_TRUE(countable(Event::lookup_found));
}

/// No advice may hide the lines that another one asks for.
TEST_F(SqlxStatementsTest, EachAdviceForTheLevelAsksForStatementsTooAndNamesTheirCost) {
    use(false, LogFormat::tracing_text, "inferxgate");
    line("Cache initialized: true", " INFO", "inferxgate");
    std::size_t advised = 0;
    for (const Finding& finding : counter_->findings()) {
        if (finding.remedy.find("RUST_LOG") == std::string::npos) continue;
        ++advised;
        EXPECT_EQ(
            finding.remedy,
            "start the gateway with RUST_LOG=info,sqlx::query=debug,inferxgate=debug; sqlx::query costs "
            "a line of 500 to 900 bytes for each of three to five statements a request")
            << finding.what;
    }
    EXPECT_EQ(advised, 2U) << "for what rules wait for, and for statements";
}

}  // namespace
}  // namespace keyshift::collectors
