// SPDX-License-Identifier: Apache-2.0
// Connection strings as the clients of gateways keep them, each by its own documentation.
#include "drivers/dsn/connection_string.hpp"

#include <algorithm>
#include <map>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "drivers/dsn/names.hpp"
#include "drivers/dsn/postgres_target.hpp"

namespace keyshift::drivers {
namespace {

using base::Errc;
using base::Secret;

/// One that can be used: what comes of it.
struct Form {
    const char* text;
    const char* printable = "db:5432/gw as u";
    const char* tls = "";          ///< sslmode, and behind a blank sslrootcert
    const char* search_path = "";  ///< of the transactions
    const char* skipped = "";      ///< names, each with a blank before it
};
std::ostream& operator<<(std::ostream& out, const Form& form) {
    return out << form.text;
}

/// One that is refused: what the error names.
struct Refused {
    const char* text;
    const char* named;
};
std::ostream& operator<<(std::ostream& out, const Refused& refused) {
    return out << refused.text;
}

const Form kForms[] = {
    // libpq
    {"postgresql://u:p@db:5432/gw"},
    {"postgres://u:p@db/gw"},
    {"POSTGRESQL://u:p@db/gw"},
    {"postgresql://u:p%40ss%2Fw%3Ard%25@db/gw"},
    {"postgresql://u:x#y@db/gw"},
    {"postgresql://u@[::1]:21/gw", "::1:21/gw as u"},
    {"postgresql://u@a:1,b:2/gw?target_session_attrs=any", "a,b:1,2/gw as u"},
    {"postgresql:///gw?host=/run/pg&user=u", "/run/pg:5432/gw as u"},
    {"postgresql://u@%2Frun%2Fpg/gw", "/run/pg:5432/gw as u"},
    {"host=db user=u password='a b\\'c' dbname=gw"},
    {"host = db user = u dbname = gw sslmode=verify-ca", "db:5432/gw as u", "verify-ca"},
    {"postgresql://u:p@db/gw?ssl=true", "db:5432/gw as u", "require"},
    {"postgresql://u:p@db/gw?sslmode=verify-full&sslrootcert=/ca.pem", "db:5432/gw as u",
     "verify-full /ca.pem"},
    {"postgresql://u:p@db/gw?connect_timeout=5&application_name=gw&keepalives=1"},
    {"postgresql://u:p@db/gw?options=-csearch_path%3Dapp", "db:5432/gw as u", "", "app"},
    {"postgresql://u:p@db/gw?options=-csearch_path=app", "db:5432/gw as u", "", "app"},
    {"postgresql://u:p@db/gw?options=-c%20search_path%3Dapp&options=-c%20work_mem%3D4MB", "db:5432/gw as u",
     "", "app"},
    // what an env file or a secret adds
    {"\"postgresql://u:p@db/gw\"", "db:5432/gw as u", "", "", " the quotation marks around it"},
    {"'postgresql://u:p@db/gw'", "db:5432/gw as u", "", "", " the quotation marks around it"},
    {"`postgresql://u:p@db/gw`", "db:5432/gw as u", "", "", " the quotation marks around it"},
    {"postgresql://u:p@db/gw\n"},
    {"postgresql://u:p@db/gw\r\n"},
    {" \"postgresql://u:p@db/gw\" \n", "db:5432/gw as u", "", "", " the quotation marks around it"},
    {"postgresql://u:p@db/gw?"},
    {"postgresql://u:p@db/gw?&sslmode=require&", "db:5432/gw as u", "require"},
    // sqlx
    {"postgres://u:p@db/gw?ssl-mode=require", "db:5432/gw as u", "require"},
    {"postgres://u:p@db/gw?ssl-mode=VERIFY_CA&ssl-ca=/ca.pem", "db:5432/gw as u", "verify-ca /ca.pem"},
    {"postgres://u:p@db/gw?ssl-mode=verify-ca&ssl-root-cert=/ca.pem", "db:5432/gw as u", "verify-ca /ca.pem"},
    {"postgres://u:p@db/gw?statement-cache-capacity=0", "db:5432/gw as u", "", "",
     " statement-cache-capacity"},
    {"postgres://u:p@db/gw?options%5Bsearch_path%5D=app", "db:5432/gw as u", "", "app"},
    {"postgres://u:p@db/gw?options[search_path]=app,public&options[statement_timeout]=5s", "db:5432/gw as u",
     "", "app,public"},
    // Prisma
    {"postgresql://u:p@db/gw?schema=app", "db:5432/gw as u", "", "app"},
    {"postgresql://u:p@db/gw?schema=Gate%20way", "db:5432/gw as u", "", "\"Gate way\""},
    {"postgresql://u:p@db/gw?schema="},
    {"postgresql://u:p@db/gw?pgbouncer=true&connection_limit=1&pool_timeout=20", "db:5432/gw as u", "", "",
     " pgbouncer connection_limit pool_timeout"},
    {"postgresql://u:p@db/gw?socket_timeout=3&statement_cache_size=0&schema=public", "db:5432/gw as u", "",
     "public", " socket_timeout statement_cache_size"},
    {"postgresql://u:p@db/gw?sslmode=require&sslaccept=accept_invalid_certs", "db:5432/gw as u", "require"},
    {"postgresql://u:p@db/gw?sslaccept=strict&sslcert=/ca.pem", "db:5432/gw as u", "verify-full /ca.pem"},
    {"postgresql://u:p@db/gw?sslmode=prefer&sslaccept=strict&sslrootcert=/ca.pem", "db:5432/gw as u",
     "verify-full /ca.pem"},
    {"postgres://u:p@db/gw?pgbouncer=true&workaround=supabase-pooler.vercel", "db:5432/gw as u", "", "",
     " pgbouncer workaround"},
    // SQLAlchemy, asyncpg, psycopg, pg8000
    {"postgresql+asyncpg://u:p@db/gw?ssl=require&prepared_statement_cache_size=0", "db:5432/gw as u",
     "require", "", " prepared_statement_cache_size"},
    {"postgresql+psycopg2://u:p@db/gw?client_encoding=utf8"},
    {"postgresql+psycopg://u:p@db/gw"},
    {"postgres+pg8000://u:p@db/gw"},
    {"postgresql://u:p@db/gw?search_path=app&command_timeout=60", "db:5432/gw as u", "", "app",
     " command_timeout"},
    // Django, Rails, Doctrine, Ecto
    {"postgis://u:p@db/gw?conn_max_age=600&conn_health_checks=true", "db:5432/gw as u", "", "",
     " conn_max_age conn_health_checks"},
    {"psql://u:p@db/gw"},
    {"postgresql://u:p@db/gw?pool=5&schema_search_path=app,public&prepared_statements=false",
     "db:5432/gw as u", "", "app,public", " pool prepared_statements"},
    {"postgres://u:p@db/gw?variables[search_path]=app", "db:5432/gw as u", "", "app"},
    {"pgsql://u:p@db/gw?serverVersion=15&charset=utf8", "db:5432/gw as u", "", "", " serverVersion charset"},
    {"pdo-pgsql://u:p@db/gw"},
    {"ecto://u:p@db/gw?ssl=true&pool_size=10", "db:5432/gw as u", "require", "", " pool_size"},
    // node-postgres, postgres.js
    {"postgres://u:p@db/gw?sslmode=no-verify", "db:5432/gw as u", "require"},
    {"postgres://u:p@db/gw?sslmode=prefer&ssl=true", "db:5432/gw as u", "require"},
    {"postgres://u:p@db/gw?sslmode=verify-ca&ssl-mode=prefer", "db:5432/gw as u", "verify-ca"},
    {"postgres://u:p@db/gw?ssl=0&max=20&idle_timeout=30", "db:5432/gw as u", "", "", " max idle_timeout"},
    {"postgres://u:p@db/gw?uselibpqcompat=true&sslmode=require", "db:5432/gw as u", "require", "",
     " uselibpqcompat"},
    // pgx, lib/pq, GORM, golang-migrate
    {"postgres://u:p@db/gw?pool_max_conns=10&default_query_exec_mode=simple_protocol", "db:5432/gw as u", "",
     "", " pool_max_conns default_query_exec_mode"},
    {"postgres://u:p@db/gw?sslmode=disable&x-migrations-table=m", "db:5432/gw as u", "disable", "",
     " x-migrations-table"},
    {"host=db user=u password=p dbname=gw port=5432 sslmode=disable TimeZone=Asia/Shanghai",
     "db:5432/gw as u", "disable", "", " TimeZone"},
    {"host=db user=u dbname=gw search_path=app binary_parameters=yes", "db:5432/gw as u", "", "app",
     " binary_parameters"},
    // pgjdbc, R2DBC
    {"jdbc:postgresql://db:5432/gw?user=u&password=a+b"},
    {"jdbc:postgresql://db/gw?user=u&currentSchema=app,public&reWriteBatchedInserts=true", "db:5432/gw as u",
     "", "app,public", " reWriteBatchedInserts"},
    {"jdbc:postgresql:gw?user=u", "localhost:5432/gw as u"},
    {"jdbc:postgresql:///gw?user=u", "localhost:5432/gw as u"},
    {"jdbc:postgresql://db/gw?user=u@corp&password=p", "db:5432/gw as u@corp"},
    {"jdbc:postgresql://db/gw?user=u&ssl=true", "db:5432/gw as u", "verify-full"},
    {"jdbc:postgresql://db/gw?user=u&ssl=true&sslmode=require", "db:5432/gw as u", "require"},
    {"jdbc:postgresql://db/gw?user=u&ssl=true&sslfactory=org.postgresql.ssl.NonValidatingFactory",
     "db:5432/gw as u", "require"},
    {"jdbc:postgresql://a,b/gw?user=u&targetServerType=preferSecondary&loadBalanceHosts=true", "a,b/gw as u",
     "", "", " loadBalanceHosts"},
    {"jdbc:otel:postgresql://db/gw?user=u&ApplicationName=gw&connectTimeout=3"},
    {"r2dbc:postgresql://u:p@db/gw?schema=app&sslMode=VERIFY_FULL", "db:5432/gw as u", "verify-full", "app"},
    {"r2dbc:pool:postgresql://u:p@db/gw?maxSize=5", "db:5432/gw as u", "", "", " maxSize"},
};

const Refused kRefused[] = {
    {"postgresql://u:S3CR3T@db/gw?sslmode=verify_full", "sslmode"},
    {"", "is empty"},
    {"\"\"", "is empty"},
    {"\"postgresql://u:S3CR3T@db/gw", "quotation mark"},
    {"postgresql://u:S3CR3T@db/gw\"", "quotation mark"},
    {"mysql://u:S3CR3T@db/gw", "mysql://"},
    {"redis://:S3CR3T@db", "redis://"},
    {"jdbc:mysql://db/gw?password=S3CR3T", "jdbc:mysql://"},
    {"prisma+postgres://accelerate.prisma-data.net/?api_key=S3CR3T", "prisma+postgres://"},
    {"https://u:S3CR3T@db/gw", "https://"},
    {"DATABASE_URL=postgresql://u:S3CR3T@db/gw", "name of a variable"},
    {"postgres:u:S3CR3T@db/gw", "no // behind its scheme"},
    {"postgresql:/u:S3CR3T@db/gw", "no // behind its scheme"},
    {"u:S3CR3T@db/gw", "no scheme"},
    {"Host=db;Username=u;Password=S3CR3T;Database=gw", ".NET"},
    {"postgresql://u:S3CR3T%zz@db/gw", "%"},
    {"postgresql://u:100%S3CR3T@db/gw", "%25"},
    {"postgresql://u@db/gw?application_name=%zz", "application_name"},
    {"postgresql://u:p@db/gw?passwrod=S3CR3T", "passwrod"},
    {"postgresql://u:p@db/gw?frobnicate=S3CR3T", "frobnicate"},
    {"postgresql://db/gw?user=u&password=a&S3CR3T=b", "parameter number 3"},
    {"postgresql://db/gw?user=u&password=a&S3C%20R3T=b", "parameter number 3"},
    {"host=db user=u password=a S3CR3T=b", "parameter number 4"},
    {"host=db password=a S3CR3T", "name=value"},
    {"host=db password='S3CR3T", "quotation mark"},
    {"postgresql://u:p@db/gw?sslmode=S3CR3T", "sslmode"},
    {"postgresql://u:p@db/gw?ssl-mode=S3CR3T", "ssl-mode"},
    {"postgresql://u:p@db/gw?ssl=%7B%22rejectUnauthorized%22:false%7D", "ssl"},
    {"postgresql://u:p@db/gw?sslaccept=perhaps", "sslaccept"},
    {"postgresql://u:p@db/gw?sslmode=disable&sslaccept=strict", "sslaccept"},
    {"postgresql://u:p@db/gw?sslmode=disable&ssl=true", "ssl,"},
    {"jdbc:postgresql://db/gw?ssl=true&sslmode=disable", "ssl,"},
    {"postgresql://u:p@db/gw?sslmode=verify-full&sslaccept=accept_invalid_certs", "sslaccept"},
    {"postgresql://u:p@db/gw?sslidentity=client.p12&sslpassword=S3CR3T", "sslidentity"},
    {"jdbc:postgresql://db/gw?user=u&sslfactory=com.example.Factory", "sslfactory"},
    {"jdbc:postgresql://db/gw?socketFactory=com.google.cloud.sql.postgres.SocketFactory", "socketFactory"},
    {"jdbc:postgresql://db/gw?targetServerType=S3CR3T", "targetServerType"},
    {"postgresql://u:p@db/gw?schema=a&search_path=b", "search_path"},
    {"postgresql://u:p@db/gw?schema=a&options=-csearch_path%3Db", "search_path"},
    {"postgresql://u:p@db/gw?options[sear%20ch]=b", "options["},
    {"postgresql://u:p@db/gw?options=endpoint%3Dep-cool-1", "options"},
    {"postgresql://u:p@db/gw?host=a&host=b", "host"},
    {"postgresql://u:p@db:S3CR3T/gw", "port"},
};

std::string tls_of(const PostgresTarget& target) {
    std::map<std::string, std::string> all;
    for (const auto& [name, value] : target.parameters) all[name] = value.reveal();
    return all["sslmode"] + (all["sslrootcert"].empty() ? "" : " " + all["sslrootcert"]);
}

class Forms : public testing::TestWithParam<Form> {};

TEST_P(Forms, AreUnderstood) {
    const auto target = PostgresTarget::parse(Secret(GetParam().text));
    ASSERT_TRUE(target) << target.error().text();
    EXPECT_EQ(target->printable, GetParam().printable);
    EXPECT_EQ(tls_of(*target), GetParam().tls);
    std::string path;
    for (const auto& [name, value] : target->settings)
        if (name == "search_path") path = value;
    EXPECT_EQ(path, GetParam().search_path);
    std::string skipped;
    for (const std::string& name : target->skipped) skipped += " " + name;
    EXPECT_EQ(skipped, GetParam().skipped);
}

INSTANTIATE_TEST_SUITE_P(ConnectionStrings, Forms, testing::ValuesIn(kForms));

class RefusedForms : public testing::TestWithParam<Refused> {};

TEST_P(RefusedForms, AreNamed) {
    const auto target = PostgresTarget::parse(Secret(GetParam().text));
    ASSERT_FALSE(target);
    EXPECT_EQ(target.error().code, Errc::config);
    EXPECT_NE(target.error().text().find(GetParam().named), std::string::npos) << target.error().text();
    for (const char* part : {"S3C", "R3T"})
        EXPECT_EQ(target.error().text().find(part), std::string::npos) << target.error().text();
}

INSTANTIATE_TEST_SUITE_P(ConnectionStrings, RefusedForms, testing::ValuesIn(kRefused));

/// What people do to a URL: a character too many, too few or another one, and parts that change places.
std::string mistyped(std::string text, std::mt19937& random) {
    constexpr std::string_view kCharacters = "@:/?#&=%+'\" ;,[]\\\n";
    const auto below = [&](std::size_t n) {
        return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
    };
    for (std::size_t edits = 1 + below(3); edits > 0; --edits) {
        const std::size_t at = below(text.size());
        const char c = kCharacters[below(kCharacters.size())];
        switch (below(4)) {
            case 0:
                text.insert(at, 1, c);
                break;
            case 1:
                text.erase(at, 1);
                break;
            case 2:
                text[at] = c;
                break;
            default:
                std::rotate(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), text.end());
        }
        if (text.empty()) return "x";
    }
    return text;
}

TEST(ConnectionString, NoMistypedOneIsShownOrEndsTheProcess) {
    std::mt19937 random(7);  // NOLINT(bugprone-random-generator-seed): the same each time
    for (const char* form : {"postgresql://u:QQQQ@db:5432/gw?schema=app&pgbouncer=true",
                             "jdbc:postgresql://db/gw?user=u&password=QQQQ&currentSchema=app",
                             "host=db user=u password='QQQQ' dbname=gw", "\"postgres://u:QQQQ@db/gw\""}) {
        for (int i = 0; i < 5'000; ++i) {
            const std::string text = mistyped(form, random);
            const auto target = PostgresTarget::parse(Secret(text));
            if (target) continue;  // what is shown of one that can be read: see test_secrets.py
            EXPECT_EQ(target.error().text().find("QQQ"), std::string::npos) << text << "\n"
                                                                            << target.error().text();
        }
    }
}

TEST(ConnectionString, ThePasswordIsWhatTheClientMeans) {
    const std::pair<const char*, const char*> kPasswords[] = {
        {"postgresql://u:a%2Bb+c@db/gw", "a+b+c"},
        {"jdbc:postgresql://db/gw?user=u&password=a+b%2B", "a b+"},
        {"host=db user=u password='a b\\'c'", "a b'c"},
        {"postgresql://db/gw?user=u&password=a=b", "a=b"},
    };
    for (const auto& [text, password] : kPasswords) {
        const auto target = PostgresTarget::parse(Secret(text));
        ASSERT_TRUE(target) << text << target.error().text();
        EXPECT_EQ(target->password.reveal(), password) << text;
    }
}

TEST(ConnectionString, StrictMeansTheAuthoritiesOfTheSystem) {
    const auto target = PostgresTarget::parse(Secret("postgresql://u:p@db/gw?sslaccept=strict"));
    ASSERT_TRUE(target) << target.error().text();
    const std::string tls = tls_of(*target);
    EXPECT_TRUE(tls == "verify-full system" || tls == "verify-full /etc/ssl/certs/ca-certificates.crt")
        << tls;
}

TEST(ConnectionString, ANameThatMayBePartOfAPasswordIsNotListedEither) {
    const auto target = PostgresTarget::parse(Secret("postgresql://db/gw?user=u&password=a&x-S3CR3T=b"));
    ASSERT_TRUE(target) << target.error().text();
    EXPECT_EQ(target->skipped, std::vector<std::string>{"parameter number 3"});
}

TEST(ConnectionString, SettingsOfTheServerAreTakenByName) {
    const auto target =
        PostgresTarget::parse(Secret("postgres://u@db/gw?options[work_mem]=4%20MB&options[jit]=on"));
    ASSERT_TRUE(target) << target.error().text();
    EXPECT_EQ(target->settings, (PostgresSettings{{"work_mem", "4 MB"}}));
}

TEST(ConnectionString, TheServersOfJavaAreThoseOfLibpq) {
    const auto target = PostgresTarget::parse(Secret("jdbc:postgresql://a,b/gw?targetServerType=primary"));
    ASSERT_TRUE(target) << target.error().text();
    std::string attrs;
    for (const auto& [name, value] : target->parameters)
        if (name == "target_session_attrs") attrs = value.reveal();
    EXPECT_EQ(attrs, "primary");
}

TEST(ConnectionNames, ClientsDifferInCaseAndSeparators) {
    EXPECT_EQ(plain_name("Statement-Cache_Capacity"), "statementcachecapacity");
    EXPECT_EQ(meaning_of("pgbouncer"), ConnectionName::of_client);
    EXPECT_EQ(meaning_of("sslidentity"), ConnectionName::refused);
    EXPECT_EQ(meaning_of("pgbouncr"), ConnectionName::unknown);
}

}  // namespace
}  // namespace keyshift::drivers
