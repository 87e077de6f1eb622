// SPDX-License-Identifier: Apache-2.0
#include "http/login/login.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "http/login/bcrypt.hpp"
#include "http/login/credentials.hpp"
#include "http/login/rate_limit.hpp"

namespace keyshift::http {
namespace {

using namespace std::chrono_literals;
using Word = Login::Word;

// Of "secret", at the least cost.
constexpr const char* kHash = "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";

std::string hash_of_secret() {
    return kHash;
}

TEST(Credentials, AreReadAsByGo) {
    const auto given = parse_credentials("Basic YWxpY2U6YTpi");
    ASSERT_TRUE(given);
    EXPECT_EQ(given->user, "alice");
    EXPECT_EQ(given->password.reveal(), "a:b");
    EXPECT_TRUE(parse_credentials("bAsIc YWxpY2U6YTpi"));
    EXPECT_EQ(parse_credentials("Basic Og==")->user, "");
    for (const char* const wrong :
         {"", "Basic", "Basic ", "Basic YWxpY2U=", "Basic YWxpY2U6YTp", "Basic  YWxpY2U6YTpi",
          "Bearer YWxpY2U6YTpi", "BasicYWxpY2U6YTpi", "Basic YWxp*2U6YTpi", "Basic Og===",
          "Basic Og=="
          "Og=="})
        EXPECT_FALSE(parse_credentials(wrong)) << wrong;
}

TEST(Base64, IsStrict) {
    EXPECT_EQ(decode_base64(""), "");
    EXPECT_EQ(decode_base64("AP8="), std::string("\0\xFF", 2));
    EXPECT_EQ(decode_base64("+/+/"), "\xFB\xFF\xBF");
    for (const char* const wrong : {"A", "AB", "ABC", "A===", "====", "AB=C", "AB C", "AB\nC", "-_-_"})
        EXPECT_FALSE(decode_base64(wrong)) << wrong;
}

TEST(Bcrypt, TakesTheHashesOfGo) {
    const std::string rest = hash_of_secret().substr(4);
    for (const char* const begin : {"$2$", "$2a$", "$2b$", "$2x$", "$2y$"}) {
        EXPECT_TRUE(bcrypt_fits(begin + rest, "secret")) << begin;
        EXPECT_FALSE(bcrypt_fits(begin + rest, "Secret")) << begin;
    }
    for (const std::string& wrong :
         {std::string(), std::string("$2b$04$"), hash_of_secret() + "x", "$6$" + rest, "$1y$" + rest,
          hash_of_secret().substr(0, 59), "$2b$xx" + hash_of_secret().substr(6)})
        EXPECT_FALSE(bcrypt_fits(wrong, "secret")) << wrong;
}

TEST(Bcrypt, APasswordWithANulFitsNothing) {
    EXPECT_FALSE(bcrypt_fits(hash_of_secret(), std::string("secret\0", 7)));
    EXPECT_FALSE(bcrypt_fits(hash_of_secret(), std::string("secret\0x", 8)));
}

TEST(Bcrypt, ADecoyHasItsCostAndFitsNothing) {
    EXPECT_EQ(bcrypt_cost(bcrypt_decoy(4)), 4);
    EXPECT_EQ(bcrypt_cost(bcrypt_decoy(12)), 12);
    EXPECT_EQ(bcrypt_decoy(4).size(), 60U);
    EXPECT_FALSE(bcrypt_fits(bcrypt_decoy(4), "fakepassword"));
    EXPECT_EQ(bcrypt_cost("$2y$10$"), 10);
    EXPECT_EQ(bcrypt_cost("plain"), 0);
}

TEST(LoginMemory, KeysTellTriplesApart) {
    const LoginMemory memory;
    const auto key = memory.key("user", "hash", "password");
    EXPECT_EQ(memory.key("user", "hash", "password"), key);
    EXPECT_NE(memory.key("use", "rhash", "password"), key);
    EXPECT_NE(memory.key("user", "hashp", "assword"), key);
    EXPECT_NE(memory.key("user4:hash", "", "password"), key);
    EXPECT_NE(memory.key("user", "hash", "Password"), key);
    EXPECT_NE(LoginMemory().key("user", "hash", "password"), key) << "the digest is keyed";
}

TEST(LoginMemory, WrongPasswordsDriveOutNoRightOne) {
    LoginMemory memory;
    const auto right = memory.key("alice", "hash", "right");
    memory.add(right, true);
    for (int i = 0; i < 1000; ++i) memory.add(memory.key("alice", "hash", std::to_string(i)), false);
    EXPECT_EQ(memory.find(right), true);
    EXPECT_EQ(memory.find(memory.key("alice", "hash", "999")), false);
    EXPECT_EQ(memory.find(memory.key("alice", "hash", "0")), std::nullopt) << "it is bounded";
    memory.clear();
    EXPECT_EQ(memory.find(right), std::nullopt);
}

TEST(RateLimit, IsABucket) {
    const RateLimit::Time begin{1h};
    RateLimit limit(1s, 2);
    EXPECT_TRUE(limit.allow(begin));
    EXPECT_TRUE(limit.allow(begin));
    EXPECT_FALSE(limit.allow(begin));
    EXPECT_FALSE(limit.allow(begin + 900ms));
    EXPECT_TRUE(limit.allow(begin + 1s));
    EXPECT_FALSE(limit.allow(begin + 1s));
    for (const bool allowed : {true, true, false})
        EXPECT_EQ(limit.allow(begin + 1h), allowed) << "no more than it holds";
}

TEST(RateLimit, NoIntervalLimitsNothingAndNoBurstAll) {
    const RateLimit::Time now{1h};
    RateLimit none;
    RateLimit negative(-1s, 0);
    RateLimit empty(1s, 0);
    for (int i = 0; i < 100; ++i) {
        EXPECT_TRUE(none.allow(now));
        EXPECT_TRUE(negative.allow(now));
        EXPECT_FALSE(empty.allow(now + i * 1min));
    }
}

class LoginOnALoop : public ::testing::Test {
 protected:
    LoginOnALoop() { login_.set_users(users("alice")); }

    static Login::Users users(const std::string& name) {
        Login::Users out;
        out.emplace(name, base::Secret(hash_of_secret()));
        return out;
    }

    /// "alice:secret" is YWxpY2U6c2VjcmV0.
    Login::Found ask(const std::string& authorization) {
        std::optional<Login::Found> found;
        login_.ask(authorization, "peer", [&](Login::Found word) { found = std::move(word); });
        while (!found && loop_.run_one() > 0) {
        }
        loop_.restart();
        return found.value_or(Login::Found{Word::busy, "nobody answered"});
    }

    boost::asio::io_context loop_;
    Login login_{loop_.get_executor()};
};

TEST_F(LoginOnALoop, WhoKnowsThePasswordIsWelcome) {
    EXPECT_EQ(ask("Basic YWxpY2U6c2VjcmV0").word, Word::welcome);
    EXPECT_EQ(ask("Basic YWxpY2U6c2VjcmV0").user, "alice");
    EXPECT_EQ(ask("Basic YWxpY2U6d3Jvbmc=").word, Word::refused);
    EXPECT_EQ(ask("Basic Ym9iOnNlY3JldA==").word, Word::refused);
    EXPECT_EQ(ask("").word, Word::refused);
}

TEST_F(LoginOnALoop, WhatIsRememberedIsAnsweredAtOnce) {
    ask("Basic YWxpY2U6c2VjcmV0");
    bool answered = false;
    login_.ask("Basic YWxpY2U6c2VjcmV0", "peer",
               [&](const Login::Found& found) { answered = found.word == Word::welcome; });
    EXPECT_TRUE(answered);
    login_.set_users(users("bob"));
    EXPECT_EQ(ask("Basic YWxpY2U6c2VjcmV0").word, Word::refused) << "and forgotten with the users";
}

TEST_F(LoginOnALoop, AHashThatChangedMeanwhileLetsNobodyIn) {
    std::optional<Login::Found> found;
    login_.ask("Basic YWxpY2U6c2VjcmV0", "peer", [&](Login::Found word) { found = std::move(word); });
    login_.set_users(users("bob"));
    while (!found && loop_.run_one() > 0) {
    }
    ASSERT_TRUE(found);
    EXPECT_EQ(found->word, Word::refused);
}

TEST_F(LoginOnALoop, ManyWhoWaitAreBounded) {
    int busy = 0;
    int waiting = 0;
    const auto header = [](int i) {
        constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        return std::string("Basic YWxpY2U6d3Jvb") + kLetters[static_cast<std::size_t>(i)] +
               "c=";  // all different
    };
    for (int i = 0; i < 20; ++i) {
        bool at_once = false;
        login_.ask(header(i), "one", [&](const Login::Found& found) { at_once = found.word == Word::busy; });
        ++(at_once ? busy : waiting);
    }
    EXPECT_EQ(waiting, 8);
    EXPECT_EQ(busy, 12);
    bool other = true;
    login_.ask(header(25), "another", [&](const Login::Found& found) { other = found.word != Word::busy; });
    EXPECT_TRUE(other) << "one client keeps nobody else out";
    login_.stop();
}

TEST_F(LoginOnALoop, WhoWaitsIsAnsweredByItsEnd) {
    std::optional<Login::Found> found;
    login_.ask("Basic YWxpY2U6c2VjcmV0", "peer", [&](Login::Found word) { found = std::move(word); });
    login_.stop();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->word, Word::busy);
    loop_.run();  // ends: nothing holds it
    EXPECT_EQ(ask("Basic YWxpY2U6d3Jvbmc=").word, Word::busy);
}

}  // namespace
}  // namespace keyshift::http
