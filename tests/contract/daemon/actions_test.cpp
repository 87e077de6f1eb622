// SPDX-License-Identifier: Apache-2.0
// Decisions over HTTP, from the request of who has logged in to what the state has then.
#include "daemon/api/actions.hpp"

#include <optional>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/temporary_directory.hpp"
#include "http/router.hpp"
#include "store/state.hpp"

namespace keyshift::daemon {
namespace {

using http::Method;
using http::Request;
using http::Response;
using testing::HasSubstr;
using testing::Not;

class ActionsTest : public ::testing::Test {
 protected:
    ActionsTest()
        : state_(*store::State::open(directory_.path())),
          actions_(loop_, [this] { return state_->beside(); }),
          router_(routes(), [](std::string_view, int, unsigned) {}) {
        configure(true);
    }

    void configure(bool on) {
        config::Config config;
        config.state.directory = directory_.path();
        config.web.actions = on;
        actions_.configure(config);
    }

    std::vector<http::Route> routes() {
        const auto to = [this](Response (Actions::*handler)(const Request&)) {
            return [this, handler](const Request& request) { return (actions_.*handler)(request); };
        };
        return {{{Method::post}, "/api/v1/pairs", "pairs", to(&Actions::pair)},
                {{Method::post}, "/api/v1/acks", "acks", to(&Actions::acknowledge)},
                {{Method::post}, "/api/v1/marks", "marks", to(&Actions::mark)},
                {{Method::del}, "/api/v1/pairs/", "pairs", to(&Actions::unpair), http::Match::below},
                {{Method::del}, "/api/v1/acks/", "acks", to(&Actions::unacknowledge), http::Match::below},
                {{Method::del}, "/api/v1/marks/", "marks", to(&Actions::unmark), http::Match::below}};
    }

    /// As our own page has it sent, by alice.
    Response ask(Method method, std::string_view path, std::string_view body, std::string_view query = {},
                 std::string_view user = "alice") {
        Request request;
        request.method = method;
        request.path = path;
        request.query = query;
        request.body = body;
        request.host = "localhost:11947";
        request.origin = "http://localhost:11947";
        request.sec_fetch_site = "same-origin";
        request.content_type = "application/json";
        request.action = "1";
        request.user = user;
        std::optional<Response> answer = router_.handle(request);
        if (!answer->later) return *std::move(answer);
        const auto later = std::move(answer->later);
        answer.reset();
        later([&](Response done) { answer = std::move(done); });
        loop_.restart();
        while (!answer) loop_.run_one();
        return *std::move(answer);
    }
    Response post(std::string_view path, std::string_view body, std::string_view query = {}) {
        return ask(Method::post, path, body, query);
    }
    std::vector<domain::Mark> marks() { return *state_->load_marks(); }

    TemporaryDirectory directory_{"keyshift-actions"};
    boost::asio::io_context loop_{1};
    std::unique_ptr<store::State> state_;
    Actions actions_;
    http::Router router_;
};

constexpr const char* kMarks = "/api/v1/marks";
constexpr const char* kBegin = R"({"kind":"brownout-begin","note":"night"})";

TEST_F(ActionsTest, AMarkIsKeptWithWhoSetItAndThatItWasOverTheWeb) {
    const Response done = post(kMarks, kBegin);
    EXPECT_EQ(done.status, 201);
    EXPECT_THAT(done.body, HasSubstr("\"preview\":false"));
    ASSERT_EQ(marks().size(), 1U);
    EXPECT_EQ(marks().front().by, "alice (web)");
    EXPECT_EQ(marks().front().note, "night");
    EXPECT_EQ(marks().front().kind, domain::MarkKind::brownout_begin);
}

TEST_F(ActionsTest, APreviewSaysTheSameAndChangesNothing) {
    const Response seen = post(kMarks, kBegin, "preview=true");
    EXPECT_EQ(seen.status, 200);
    EXPECT_THAT(seen.body, HasSubstr("\"preview\":true"));
    EXPECT_THAT(seen.body, HasSubstr("A brownout has begun"));
    EXPECT_THAT(seen.body, HasSubstr("who fails now cannot be told"));
    EXPECT_TRUE(marks().empty());
    EXPECT_EQ(post(kMarks, kBegin, "preview=yes").status, 400);
    EXPECT_EQ(post(kMarks, kBegin, "dry=true").status, 400);
    EXPECT_TRUE(marks().empty());
}

TEST_F(ActionsTest, SaidTwiceItIsThereOnce) {
    EXPECT_EQ(post(kMarks, kBegin).status, 201);
    EXPECT_EQ(post(kMarks, kBegin).status, 409);
    EXPECT_EQ(marks().size(), 1U);
}

TEST_F(ActionsTest, TheLastMarkCanBeTakenBackByItsNumber) {
    ASSERT_EQ(post(kMarks, kBegin).status, 201);
    ASSERT_EQ(post(kMarks, R"({"kind":"brownout-end"})").status, 201);
    const std::string first = "/api/v1/marks/" + std::to_string(marks().front().id);
    const std::string last = "/api/v1/marks/" + std::to_string(marks().back().id);
    EXPECT_EQ(ask(Method::del, first, "").status, 409);
    EXPECT_EQ(ask(Method::del, last, "", "preview=true").status, 200);
    EXPECT_EQ(marks().size(), 2U);
    EXPECT_EQ(ask(Method::del, last, "").status, 200);
    EXPECT_EQ(ask(Method::del, last, "").status, 404);
    EXPECT_EQ(ask(Method::del, "/api/v1/marks/x", "").status, 404);
    EXPECT_EQ(marks().size(), 1U);
}

TEST_F(ActionsTest, WhoMayNotAndWhatIsNoneChangesNothing) {
    EXPECT_EQ(ask(Method::post, kMarks, kBegin, {}, "").status, 403);
    EXPECT_EQ(post(kMarks, R"({"kind":"brownout_begin"})").status, 400);
    EXPECT_EQ(post(kMarks, R"({"kind":"brownout-begin","at":"2026-01-01T00:00:00Z"})").status, 400);
    EXPECT_EQ(post(kMarks, "kind=cutover").status, 400);
    configure(false);
    EXPECT_EQ(post(kMarks, kBegin).status, 403);
    EXPECT_TRUE(marks().empty());
}

TEST_F(ActionsTest, UnknownKeysAreRefusedAndNothingToUndoIs404) {
    EXPECT_EQ(post("/api/v1/pairs", R"({"legacy":"a","modern":"b"})").status, 409);
    EXPECT_EQ(post("/api/v1/acks", R"({"key":"a","note":"asked"})").status, 409);
    EXPECT_EQ(ask(Method::del, "/api/v1/pairs/a", "").status, 404);
    EXPECT_EQ(ask(Method::del, "/api/v1/acks/a", "").status, 404);
    EXPECT_EQ(ask(Method::del, "/api/v1/acks/a/b", "").status, 400);
    EXPECT_EQ(ask(Method::del, "/api/v1/acks/%zz", "").status, 400);
    EXPECT_TRUE(state_->load_decisions()->pairs.empty());
}

TEST_F(ActionsTest, WhatWasSaidCanBeUndoneOnceAndAPreviewUndoesNothing) {
    {
        auto transaction = state_->begin();
        ASSERT_TRUE(transaction);
        transaction->decide(store::OperatorPair{"old", "new", base::now(), "bob"});
        transaction->decide(store::Acknowledgement{"idle key", base::now(), "bob", ""});
        ASSERT_TRUE(transaction->commit());
    }
    EXPECT_EQ(ask(Method::del, "/api/v1/pairs/old", "", "preview=true").status, 200);
    EXPECT_EQ(ask(Method::del, "/api/v1/acks/idle%20key", "", "preview=true").status, 200);
    EXPECT_EQ(state_->load_decisions()->pairs.size(), 1U);
    EXPECT_EQ(state_->load_decisions()->acknowledgements.size(), 1U);
    EXPECT_EQ(ask(Method::del, "/api/v1/pairs/old", "").status, 200);
    EXPECT_EQ(ask(Method::del, "/api/v1/acks/idle%20key", "").status, 200);
    EXPECT_TRUE(state_->load_decisions()->pairs.empty());
    EXPECT_TRUE(state_->load_decisions()->acknowledgements.empty());
    EXPECT_EQ(ask(Method::del, "/api/v1/pairs/old", "").status, 404);
}

}  // namespace
}  // namespace keyshift::daemon
