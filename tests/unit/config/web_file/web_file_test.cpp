// SPDX-License-Identifier: Apache-2.0
#include "config/web_file/web_file.hpp"

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace keyshift::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr const char* kHash = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";
constexpr const char* kTls = "tls_server_config:\n  cert_file: a.crt\n  key_file: a.key\n";

struct Case {
    bool accepted = false;
    std::string title;
    std::string text;
};

/// tests/config/web/cases.txt, whose head says what stands there.
std::vector<Case> read_cases() {
    std::ifstream file(KEYSHIFT_SOURCE_DIR "/tests/config/web/cases.txt");
    std::vector<Case> cases;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("=== ")) {
            cases.push_back({line.starts_with("=== accept"), line.substr(4), {}});
        } else if (!cases.empty()) {
            cases.back().text += line + "\n";
        }
    }
    return cases;
}

LoadedWebFile parsed(const std::string& text) {
    return parse_web_file(text, "/etc/keyshift/web.yaml");
}

WebFile valid(const std::string& text) {
    LoadedWebFile loaded = parsed(text);
    for (const Problem& problem : loaded.problems) ADD_FAILURE() << text << "\n" << problem.text();
    return std::move(loaded.file);
}

std::string only_problem(const std::string& text) {
    const LoadedWebFile loaded = parsed(text);
    EXPECT_THAT(loaded.problems, SizeIs(1)) << text;
    return loaded.problems.empty() ? "" : loaded.problems.front().text();
}

std::string only_warning(const std::string& text) {
    const LoadedWebFile loaded = parsed(text);
    EXPECT_THAT(loaded.problems, IsEmpty()) << text;
    EXPECT_THAT(loaded.warnings, SizeIs(1)) << text;
    return loaded.warnings.empty() ? "" : loaded.warnings.front().text();
}

TEST(WebFile, IsTakenAndRefusedAsByTheToolkit) {
    const auto cases = read_cases();
    EXPECT_GE(cases.size(), 250U);
    for (const Case& one : cases) {
        const LoadedWebFile loaded = parsed(one.text);
        EXPECT_EQ(loaded.problems.empty(), one.accepted)
            << one.title << "\n"
            << one.text << (loaded.problems.empty() ? "" : loaded.problems.front().text());
        for (const Problem& problem : loaded.problems) {
            EXPECT_FALSE(problem.hint.empty()) << one.title << ": " << problem.text();
            EXPECT_THAT(problem.text(), Not(HasSubstr("LDeSi"))) << one.title;
        }
    }
}

TEST(WebFile, HasTheToolkitsDefaults) {
    const WebFile file = valid("");
    EXPECT_FALSE(file.tls);
    EXPECT_THAT(file.headers, IsEmpty());
    EXPECT_THAT(file.users, IsEmpty());
    EXPECT_EQ(file.rate_limit.interval_nanoseconds, 0);
    const WebFile with_tls = valid(kTls);
    ASSERT_TRUE(with_tls.tls);
    EXPECT_EQ(with_tls.tls->min_version, 12);
    EXPECT_EQ(with_tls.tls->max_version, 13);
    EXPECT_EQ(with_tls.tls->client_certificate, ClientCertificate::none);
    EXPECT_FALSE(with_tls.tls->allowed_sans);
    EXPECT_TRUE(with_tls.tls->prefer_server_cipher_suites);
}

TEST(WebFile, FindsFilesBesideItself) {
    const auto tls = valid(
                         "tls_server_config: {cert_file: tls/a.crt, key_file: /run/a.key, "
                         "client_auth_type: RequireAndVerifyClientCert, client_ca_file: ../ca.crt}")
                         .tls;
    ASSERT_TRUE(tls);
    EXPECT_EQ(tls->certificate_file, "/etc/keyshift/tls/a.crt");
    EXPECT_EQ(tls->key_file, "/run/a.key");
    EXPECT_EQ(tls->client_ca_file, "/etc/ca.crt");
    EXPECT_EQ(tls->client_certificate, ClientCertificate::require_and_verify);
}

TEST(WebFile, ReadsEveryFieldOfTls) {
    const auto tls = valid(std::string(kTls) +
                           "  client_auth_type: VerifyClientCertIfGiven\n"
                           "  client_allowed_sans: [one, 2]\n"
                           "  min_version: TLS11\n"
                           "  max_version: TLS12\n"
                           "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]\n"
                           "  curve_preferences: [CurveP384, X25519]\n"
                           "  prefer_server_cipher_suites: off\n")
                         .tls;
    ASSERT_TRUE(tls);
    EXPECT_EQ(tls->client_certificate, ClientCertificate::verify_if_given);
    EXPECT_THAT(*tls->allowed_sans, ElementsAre("one", "2"));
    EXPECT_EQ(tls->min_version, 11);
    EXPECT_EQ(tls->max_version, 12);
    EXPECT_THAT(tls->cipher_suites, ElementsAre("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"));
    EXPECT_THAT(tls->curves, ElementsAre("CurveP384", "X25519"));
    EXPECT_FALSE(tls->prefer_server_cipher_suites);
}

TEST(WebFile, KnowsEachWayToAskForAClientsCertificate) {
    using enum ClientCertificate;
    const std::vector<std::pair<std::string, ClientCertificate>> ways{
        {"NoClientCert", none},
        {"RequestClientCert", request},
        {"RequireAnyClientCert", require_any},
        {"RequireClientCert", require_any},
        {"VerifyClientCertIfGiven", verify_if_given},
        {"RequireAndVerifyClientCert", require_and_verify}};
    for (const auto& [name, way] : ways)
        EXPECT_EQ(valid(std::string(kTls) + "  client_auth_type: " + name + "\n").tls->client_certificate,
                  way)
            << name;
}

TEST(WebFile, AVersionOfNothingIsTheLibrarysOwn) {
    EXPECT_EQ(valid(std::string(kTls) + "  min_version:\n").tls->min_version, 0);
    EXPECT_EQ(valid(std::string(kTls) + "  max_version:\n").tls->max_version, 0);
}

TEST(WebFile, HeadersHaveOneLineAndAValue) {
    const WebFile file = valid(
        "http_server_config:\n  headers:\n    X-XSS-Protection: 1\n    Strict-Transport-Security: \"\"\n"
        "    Content-Security-Policy: \"a\\nb\\r\\n\"\n");
    EXPECT_THAT(file.headers,
                ElementsAre(Pair("X-XSS-Protection", "1"), Pair("Content-Security-Policy", "a b")));
}

TEST(WebFile, UsersHaveTheirHashes) {
    const WebFile file = valid("basic_auth_users: {alice: \"" + std::string(kHash) + "\"}");
    ASSERT_EQ(file.users.size(), 1U);
    EXPECT_EQ(file.users.at("alice").reveal(), kHash);
}

TEST(WebFile, DurationsAreThoseOfGo) {
    const auto interval = [](const std::string& text) {
        return valid("rate_limit: {interval: " + text + ", burst: 1}").rate_limit.interval_nanoseconds;
    };
    EXPECT_EQ(interval("1s"), 1'000'000'000);
    EXPECT_EQ(interval("1m30.5s"), 90'500'000'000);
    EXPECT_EQ(interval("100ms"), 100'000'000);
    EXPECT_EQ(interval("1us"), 1000);
    EXPECT_EQ(interval("-1h"), -3'600'000'000'000);
    EXPECT_EQ(interval("7"), 7);
    EXPECT_EQ(interval("1.9"), 1);
}

TEST(WebFile, NumbersAreThoseOfYaml) {
    const auto burst = [](const std::string& text) {
        return valid("rate_limit: {burst: " + text + "}").rate_limit.burst;
    };
    EXPECT_EQ(burst("0x1F"), 31);
    EXPECT_EQ(burst("017"), 15);
    EXPECT_EQ(burst("0b11"), 3);
    EXPECT_EQ(burst("1_000"), 1000);
    EXPECT_EQ(burst("-3"), -3);
    EXPECT_EQ(burst("08"), 8);
}

TEST(WebFile, SaysWhereItIsWrongAndWhatToDo) {
    EXPECT_EQ(only_problem("tls_server_config:\n  cert_filse: a\n  cert_file: a\n  key_file: b\n"),
              "/etc/keyshift/web.yaml:2:3: tls_server_config.cert_filse: is not a known key, did you mean "
              "'cert_file'?");
    EXPECT_THAT(only_problem(std::string(kTls) + "  min_version: TLS1.2\n"),
                HasSubstr("did you mean 'TLS12'?"));
    EXPECT_THAT(
        only_problem("basic_auth_users:\n  bob: secret\n"),
        HasSubstr("web.yaml:2:8: basic_auth_users.bob: is too short for a bcrypt hash, make one: htpasswd"));
}

TEST(WebFile, AllProblemsAreSaidAtOnce) {
    EXPECT_THAT(parsed("tls_server_config: {cert_file: a, min_version: x}\nbasic_auth_users: {b: c}\nd: e\n")
                    .problems,
                SizeIs(4));
}

TEST(WebFile, WarnsOfWhatIsHardlyMeant) {
    EXPECT_THAT(only_warning("basic_auth_users: {a: \"" + std::string(kHash) + "\"}"),
                HasSubstr("TLS is off"));
    EXPECT_THAT(only_warning("rate_limit: {interval: 1s}"), HasSubstr("every request is refused"));
    EXPECT_THAT(only_warning("http_server_config: {http2: true}"), HasSubstr("HTTP/1.1"));
    EXPECT_THAT(only_warning("tls_server_config: {min_version: TLS13}"), HasSubstr("TLS is off"));
    EXPECT_THAT(only_warning(std::string(kTls) + "  min_version: TLS13\n  max_version: TLS12\n"),
                HasSubstr("no client can connect"));
    EXPECT_THAT(only_warning(std::string(kTls) + "  min_version: TLS10\n"), HasSubstr("weak"));
    EXPECT_THAT(only_warning(std::string(kTls) + "  client_auth_type: RequireAnyClientCert\n"),
                HasSubstr("takes any certificate"));
    EXPECT_THAT(only_warning(std::string(kTls) + "  client_auth_type: RequireAndVerifyClientCert\n"),
                HasSubstr("system's authorities"));
    EXPECT_THAT(only_warning(std::string(kTls) + "  cert: x\n"), HasSubstr("is not used"));
    EXPECT_THAT(only_warning(std::string(kTls) + "  client_allowed_sans: [a]\n"), HasSubstr("not looked at"));
    const std::string with_tls = std::string(kTls) + "basic_auth_users: {a: ";
    EXPECT_THAT(only_warning(with_tls + "$2y$16$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi}"),
                HasSubstr("wait for seconds"));
    EXPECT_THAT(only_warning(with_tls + kHash + "x}"), HasSubstr("fits no password"));
    EXPECT_THAT(parsed(with_tls + kHash + "}").warnings, IsEmpty());
}

TEST(WebFile, AByteOrderMarkIsNoPartOfIt) {
    valid("\xEF\xBB\xBF" + std::string(kTls));
}

}  // namespace
}  // namespace keyshift::config
