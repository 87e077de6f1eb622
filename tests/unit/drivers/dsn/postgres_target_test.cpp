// SPDX-License-Identifier: Apache-2.0
#include "drivers/dsn/postgres_target.hpp"

#include <array>
#include <cstdlib>
#include <map>
#include <string>

#include <gtest/gtest.h>

namespace keyshift::drivers {
namespace {

using base::Errc;
using base::Secret;

std::map<std::string, std::string> parameters(const PostgresParameters& from) {
    std::map<std::string, std::string> out;
    for (const auto& [name, value] : from) out[name] = value.reveal();
    return out;
}

TEST(PostgresTarget, TakesAUrlApart) {
    const auto target = PostgresTarget::parse(
        Secret("postgresql://ann:p%40ss%2Fw%3Ard@db.internal:6432/gateway?sslmode=verify-full"));
    ASSERT_TRUE(target);
    EXPECT_EQ(target->printable, "db.internal:6432/gateway as ann");
    EXPECT_EQ(target->password.reveal(), "p@ss/w:rd");
    auto all = parameters(target->parameters);
    EXPECT_EQ(all["sslmode"], "verify-full");
    EXPECT_FALSE(all["tcp_user_timeout"].empty());
}

TEST(PostgresTarget, KeepsWhatTheOperatorGave) {
    const auto target =
        PostgresTarget::parse(Secret("host=a,b port=1,2 dbname=g user=u application_name=x "
                                     "tcp_user_timeout=7 target_session_attrs=prefer-standby"));
    ASSERT_TRUE(target);
    auto all = parameters(target->parameters);
    EXPECT_EQ(all["tcp_user_timeout"], "7");
    EXPECT_EQ(all["target_session_attrs"], "prefer-standby");
    EXPECT_EQ(target->printable, "a,b:1,2/g as u");
}

TEST(PostgresTarget, TheServerIsToldNothingOfTheSession) {
    const auto target = PostgresTarget::parse(
        Secret("host=db user=u dbname=g application_name=x client_encoding=LATIN1 "
               "fallback_application_name=y options='-c search_path=vault -c work_mem=64MB'"));
    ASSERT_TRUE(target);
    const auto all = parameters(target->parameters);
    for (const char* keyword :
         {"options", "application_name", "fallback_application_name", "client_encoding", "replication"}) {
        EXPECT_EQ(all.count(keyword), 0U) << keyword;
        EXPECT_TRUE(is_of_the_session(keyword)) << keyword;
    }
    EXPECT_EQ(target->settings, (PostgresSettings{{"search_path", "vault"}, {"work_mem", "64MB"}}));
}

TEST(PostgresTarget, ReplicationIsRefused) {
    const auto target = PostgresTarget::parse(Secret("host=db user=u dbname=g replication=database"));
    ASSERT_FALSE(target);
    EXPECT_EQ(target.error().code, Errc::config);
    EXPECT_NE(target.error().what.find("replication"), std::string::npos);
}

TEST(PostgresTarget, TheEnvironmentTellsTheServerNothing) {
    const std::array<const char*, 6> names{"PGOPTIONS", "PGAPPNAME",   "PGCLIENTENCODING",
                                           "PGTZ",      "PGDATESTYLE", "PGGEQO"};
    for (const char* name : names) ::setenv(name, "x", 1);
    ignore_session_environment();
    for (const char* name : names) EXPECT_EQ(std::getenv(name), nullptr) << name;
}

TEST(PostgresTarget, NoErrorShowsAnyPartOfAMistypedPassword) {
    for (const char* text :
         {"postgresql://ann:hun@ter2@db/gateway", "postgresql://ann:hun/ter2@db/gateway",
          "postgresql://ann:hun?ter2@db/gateway", "postgresql://ann:ter2%zz@db/gateway",
          "postgresql://ann:pw@db:hunter2/gateway", "hunter2", "host=db password='hunter2",
          "host=db hunter2=x", "postgresql://db/gateway?password=hunter2&bogus=ter2", ""}) {
        const auto target = PostgresTarget::parse(Secret(text));
        ASSERT_FALSE(target) << text;
        EXPECT_EQ(target.error().code, Errc::config);
        EXPECT_EQ(target.error().text().find("ter2"), std::string::npos) << target.error().text();
        EXPECT_EQ(target.error().text().find("hun"), std::string::npos) << target.error().text();
    }
}

TEST(PostgresTarget, AParameterOfALaterLibpqIsNamed) {
    for (const std::string text : {"postgresql://u:s3cret@h/d?sslnegotiation=direct",
                                   "host=h password=s3cret sslnegotiation=direct"}) {
        const auto target = PostgresTarget::parse(Secret(text));
        if (target) continue;  // this libpq knows it
        EXPECT_NE(target.error().what.find("sslnegotiation, which libpq has from 17 on"), std::string::npos)
            << target.error().text();
        EXPECT_EQ(target.error().text().find("s3cret"), std::string::npos);
    }
    const auto unknown = PostgresTarget::parse(Secret("host=h password=my s3cret=x"));
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().text().find("s3cret"), std::string::npos) << unknown.error().text();
}

TEST(PostgresTarget, ASilentHostCanBeTakenOffTheList) {
    const auto target = PostgresTarget::parse(Secret("postgresql://u@a:1,b:2,c:3/g"));
    ASSERT_TRUE(target);
    EXPECT_EQ(host_count(target->parameters), 3U);
    EXPECT_EQ(host_index(target->parameters, "b"), 1U);
    auto rest = parameters(without_host(target->parameters, 1));
    EXPECT_EQ(rest["host"], "a,c");
    EXPECT_EQ(rest["port"], "1,3");
}

TEST(PostgresTarget, OnePortForAllHostsStays) {
    const auto target = PostgresTarget::parse(Secret("host=a,b port=7 user=u dbname=g"));
    ASSERT_TRUE(target);
    auto rest = parameters(without_host(target->parameters, 0));
    EXPECT_EQ(rest["host"], "b");
    EXPECT_EQ(rest["port"], "7");
}

}  // namespace
}  // namespace keyshift::drivers
