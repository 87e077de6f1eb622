// SPDX-License-Identifier: Apache-2.0
// The driver's pure parts: rows, SQLSTATEs.
#include "drivers/postgres/postgres.hpp"

#include <array>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace keyshift::drivers {
namespace {

using base::Errc;
using testing::AllOf;
using testing::HasSubstr;
using namespace std::string_literals;

std::string field(std::string_view bytes) {
    const auto size = static_cast<unsigned>(bytes.size());
    std::string out;
    for (const unsigned shift : {24U, 16U, 8U, 0U}) out += static_cast<char>(size >> shift & 0xFFU);
    return out.append(bytes);
}
const std::string kNull = "\xFF\xFF\xFF\xFF";

TEST(PostgresRow, ReadsWhatCopyBinarySends) {
    const std::string bytes = field("abc") + kNull + field("") + field("\x01"s) + field("\0"s) + kNull +
                              field("\0\0\0\0\0\x0f\x42\x40"s) + field("\x7f\xff\xff\xff\xff\xff\xff\xff") +
                              field("\x80\0\0\0\0\0\0\0"s) + kNull +
                              field("\x7f\xff\xff\xff\xff\xff\xff\xfe") + field("\xff\xff\xff\xfe") + kNull;
    PostgresRow row(bytes);
    EXPECT_EQ(row.text(), "abc");
    EXPECT_EQ(row.text(), std::nullopt);
    EXPECT_EQ(row.text(), "");
    EXPECT_EQ(row.flag(), true);
    EXPECT_EQ(row.flag(), false);
    EXPECT_EQ(row.flag(), std::nullopt);
    EXPECT_EQ(base::format_rfc3339(row.time().value()), "2000-01-01T00:00:01Z");
    EXPECT_EQ(row.time(), base::kInfiniteFuture);
    EXPECT_EQ(row.time(), base::kInfinitePast);
    EXPECT_EQ(row.time(), std::nullopt) << "NULL";
    EXPECT_EQ(row.time(), base::Time::max()) << "later than can be said";
    EXPECT_EQ(row.number(), -2);
    EXPECT_EQ(row.number(), std::nullopt);
    EXPECT_FALSE(row.bad());
}

TEST(PostgresRow, NeverReadsPastItsEnd) {
    const std::string whole = field("abcdefgh") + field("\x01"s);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        PostgresRow row(std::string_view(whole).substr(0, size));
        row.text();
        row.flag();
        EXPECT_TRUE(row.bad()) << size;
    }
    for (const std::string& bytes : {"\x7f\xff\xff\xff"s, "\xff\xff\xff\xfe"s,
                                     "\0\0\0\x09"
                                     "abc"s}) {
        PostgresRow row(bytes);
        EXPECT_EQ(row.text(), std::nullopt);
        EXPECT_TRUE(row.bad());
    }
}

TEST(PostgresRow, AFieldOfTheWrongWidthIsBad) {
    const std::string four = field("abcd");
    PostgresRow time(four);
    EXPECT_EQ(time.time(), std::nullopt);
    EXPECT_TRUE(time.bad());
    PostgresRow flag(four);
    EXPECT_EQ(flag.flag(), std::nullopt);
    EXPECT_TRUE(flag.bad());
    const std::string eight = field("abcdefgh");
    PostgresRow number(eight);
    EXPECT_EQ(number.number(), std::nullopt);
    EXPECT_TRUE(number.bad());
}

TEST(Sqlstate, TellsTheOperatorsNextAction) {
    constexpr std::array<std::pair<const char*, Errc>, 16> kCases{{{"40001", Errc::timeout},
                                                                   {"40P01", Errc::timeout},
                                                                   {"42501", Errc::permission},
                                                                   {"42P01", Errc::schema},
                                                                   {"42703", Errc::schema},
                                                                   {"3D000", Errc::schema},
                                                                   {"3F000", Errc::schema},
                                                                   {"57014", Errc::timeout},
                                                                   {"55P03", Errc::timeout},
                                                                   {"28P01", Errc::auth},
                                                                   {"28000", Errc::auth},
                                                                   {"57P01", Errc::connect},
                                                                   {"57P03", Errc::connect},
                                                                   {"53300", Errc::connect},
                                                                   {"08006", Errc::connect},
                                                                   {"XX000", Errc::other}}};
    for (const auto& [sqlstate, code] : kCases) EXPECT_EQ(classify_sqlstate(sqlstate), code) << sqlstate;
}

std::string hint(std::string_view sqlstate, std::string_view text) {
    return postgres_error(sqlstate, "db:5432/gateway", text, "key\"shift").hint;
}

TEST(Hint, OfATextThatIsNoUtf8HasAWayOut) {
    for (const char* sqlstate : {"22P05", "22021"})
        EXPECT_THAT(hint(sqlstate, "character with byte sequence 0x81"), HasSubstr("to null")) << sqlstate;
    EXPECT_THAT(hint("22P02", "invalid input"), HasSubstr("gateway.columns"));
}

TEST(Hint, IsTheStatementThatMendsIt) {
    EXPECT_EQ(hint("42501", "permission denied for schema vault"),
              R"(run: GRANT USAGE ON SCHEMA "vault" TO "key""shift";)");
    EXPECT_EQ(hint("42501", R"(permission denied for database "gateway")"),
              R"(run: GRANT CONNECT ON DATABASE "gateway" TO "key""shift";)");
    EXPECT_THAT(
        hint("42501", R"(query would be affected by row-level security policy for table "virtual_keys")"),
        HasSubstr(R"(ALTER ROLE "key""shift" BYPASSRLS;)"));
    EXPECT_THAT(hint("28P01", R"(password authentication failed for user "keyshift")"),
                AllOf(HasSubstr(R"(\password "key""shift")"),
                      HasSubstr(R"(ALTER ROLE "key""shift" VALID UNTIL 'infinity';)")));
    EXPECT_EQ(hint("28000", R"(role "keyshift" is not permitted to log in)"),
              R"(as superuser, run: ALTER ROLE "key""shift" LOGIN;)");
    EXPECT_THAT(hint("28000", R"(role "keyshift" does not exist)"),
                HasSubstr(R"(CREATE ROLE "key""shift" LOGIN;)"));
}

TEST(Hint, OfTooManyConnectionsIsOfTheLimitThatIsReached) {
    EXPECT_THAT(hint("53300", R"(too many connections for role "keyshift")"),
                HasSubstr(R"(ALTER ROLE "keyshift" CONNECTION LIMIT -1;)"));
    EXPECT_THAT(hint("53300", R"(too many connections for database "gateway")"),
                HasSubstr(R"(ALTER DATABASE "gateway" CONNECTION LIMIT -1;)"));
    EXPECT_THAT(hint("53300", "sorry, too many clients already"), HasSubstr("max_connections"));
}

TEST(Hint, SaysWhatAStandbyAndAPoolerNeed) {
    EXPECT_THAT(hint("40001", "canceling statement due to conflict with recovery"),
                HasSubstr("ALTER SYSTEM SET hot_standby_feedback = on;"));
    EXPECT_THAT(hint("08P01", "transaction blocks not allowed in statement pooling mode"),
                HasSubstr("set pool_mode = transaction"));
}

TEST(Hint, IsTheLineOfPgHba) {
    constexpr const char* kFrom =
        R"(no pg_hba.conf entry for host "10.0.0.9", user "keyshift", database "gateway")";
    EXPECT_THAT(hint("28000", std::string(kFrom) + ", SSL encryption"),
                HasSubstr("pg_hba.conf: hostssl gateway keyshift 10.0.0.9/32 scram-sha-256,"));
    for (const std::string in_clear : {", no encryption", ", SSL off"}) {
        EXPECT_THAT(hint("28000", kFrom + in_clear),
                    AllOf(HasSubstr("sslmode=require"), HasSubstr(": host gateway keyshift 10.0.0.9/32 ")));
        EXPECT_THAT(hint("28000", "pg_hba.conf rejects connection for host \"10.0.0.9\"" + in_clear),
                    HasSubstr("the server wants TLS from this host"));
    }
    EXPECT_THAT(
        hint("28000", R"(no pg_hba.conf entry for host "[local]", user "k", database "g", no encryption)"),
        HasSubstr(": local g k scram-sha-256,"));
}

}  // namespace
}  // namespace keyshift::drivers
