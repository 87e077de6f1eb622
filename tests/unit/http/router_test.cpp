// SPDX-License-Identifier: Apache-2.0
// router.hpp: which handler answers, what is said when none does, and what is counted.
#include "http/router.hpp"

#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace keyshift::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

Response ok(const Request& request) {
    Response response;
    response.body = std::string(request.path) + "|" + std::string(request.query);
    return response;
}

Response throws(const Request&) {
    throw std::runtime_error("password=hunter2");
}

// Handlers may throw anything; so may a library below them.
Response throws_oddly(const Request&) {
    throw 7;  // NOLINT(hicpp-exception-baseclass)
}

Response teapot(const Request&) {
    Response response;
    response.status = 418;
    return response;
}

void not_counted(std::string_view, int, unsigned) {}

Router make_router(CountRequests count = not_counted) {
    return Router({{{Method::get}, "/metrics", "metrics", ok},
                   {{Method::post, Method::put}, "/-/reload", "reload", ok},
                   {{Method::get}, "/", "page", ok},
                   {{Method::get}, "/keys", "page", ok},
                   {{Method::get}, "/throws", "broken", throws},
                   {{Method::get}, "/oddly", "broken", throws_oddly},
                   {{Method::get}, "/tea", "tea", teapot}},
                  std::move(count));
}

/// "handler code", as counted.
using Counts = std::map<std::string, unsigned>;

CountRequests into(Counts& counts) {
    return [&counts](std::string_view handler, int code, unsigned times) {
        counts[std::string(handler) + " " + std::to_string(code)] += times;
    };
}

Request request(Method method, std::string_view path, std::string_view query = {}) {
    Request r;
    r.method = method;
    r.path = path;
    r.query = query;
    return r;
}

TEST(Router, FindsTheHandlerByPathWhateverTheQuery) {
    Router router = make_router();
    EXPECT_EQ(router.handle(request(Method::get, "/metrics")).body, "/metrics|");
    EXPECT_EQ(router.handle(request(Method::get, "/metrics", "debug=1")).body, "/metrics|debug=1");
    EXPECT_EQ(router.handle(request(Method::head, "/metrics")).status, 200);
    EXPECT_EQ(router.handle(request(Method::put, "/-/reload")).status, 200);
}

TEST(Router, AnUnknownPathIs404AndSaysWhatThereIs) {
    Router router = make_router();
    const Response response = router.handle(request(Method::get, "/<script>"));
    EXPECT_EQ(response.status, 404);
    EXPECT_THAT(response.body, HasSubstr("/metrics\n"));
    EXPECT_THAT(response.body, Not(HasSubstr("script")));
    EXPECT_EQ(router.handle(request(Method::get, "/metrics/")).status, 404);
    EXPECT_EQ(router.handle(request(Method::get, "/METRICS")).status, 404);
}

Router prefixed() {
    return Router({{{Method::get}, "/metrics", "metrics", ok},
                   {{Method::get}, "/", "page", ok},
                   {{Method::get}, "/api/v1/keys/", "key", ok, Match::below}},
                  not_counted, "/a/b");
}

TEST(Router, AllIsBelowThePrefixAndHandlersSeeAPathWithoutIt) {
    Router router = prefixed();
    EXPECT_EQ(router.handle(request(Method::get, "/a/b/metrics", "q")).body, "/metrics|q");
    EXPECT_EQ(router.handle(request(Method::get, "/a/b/")).body, "/|");
    EXPECT_EQ(router.handle(request(Method::get, "/a/b/api/v1/keys/x")).body, "/api/v1/keys/x|");
    EXPECT_EQ(router.handle(request(Method::get, "/a/b/api/none")).content_type, "application/problem+json");
    for (const char* path :
         {"/metrics", "/a/bmetrics", "/a/bb/metrics", "/a", "/a/b/a/b/metrics", "/A/B/metrics"})
        EXPECT_EQ(router.handle(request(Method::get, path)).status, 404) << path;
}

TEST(Router, TheRootAndThePrefixAloneLeadToWhatIsThere) {
    Router router = prefixed();
    for (const char* path : {"/", "/a/b"}) {
        const Response response = router.handle(request(Method::get, path));
        EXPECT_EQ(response.status, 302) << path;
        EXPECT_THAT(response.headers, ElementsAre(Pair("Location", "/a/b/"))) << path;
        EXPECT_EQ(router.handle(request(Method::post, path)).status, 404) << path;
    }
}

TEST(Router, OnTheUnixSocketThePrefixMayBeLeftOut) {
    Router router = prefixed();
    for (const char* path : {"/metrics", "/a/b/metrics"}) {
        Request asked = request(Method::get, path);
        asked.transport = Transport::local;
        EXPECT_EQ(router.handle(asked).body, "/metrics|") << path;
    }
}

TEST(Router, TheWrongMethodIs405WithAllow) {
    Router router = make_router();
    const Response get = router.handle(request(Method::post, "/metrics"));
    EXPECT_EQ(get.status, 405);
    EXPECT_THAT(get.headers, ElementsAre(Pair("Allow", "GET, HEAD")));
    const Response post = router.handle(request(Method::head, "/-/reload"));
    EXPECT_EQ(post.status, 405);
    EXPECT_THAT(post.headers, ElementsAre(Pair("Allow", "POST, PUT")));
    EXPECT_EQ(router.handle(request(Method::other, "/metrics")).status, 405);
}

TEST(Router, AnExceptionIs500WithoutItsText) {
    Counts counts;
    Router router = make_router(into(counts));
    testing::internal::CaptureStderr();
    const Response response = router.handle(request(Method::get, "/throws"));
    EXPECT_EQ(router.handle(request(Method::get, "/oddly")).status, 500);
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("handler=broken"));
    EXPECT_EQ(response.status, 500);
    EXPECT_THAT(response.body, Not(HasSubstr("hunter2")));
    EXPECT_EQ(counts["broken 500"], 2U);
}

TEST(Router, KnownSeriesAreThereFromTheStart) {
    std::vector<std::string> known;
    make_router([&known](std::string_view handler, int code, unsigned times) {
        known.push_back(std::string(handler) + " " + std::to_string(code));
        EXPECT_EQ(times, 0U);
    });
    EXPECT_THAT(known, ElementsAre("metrics 200", "reload 200", "page 200", "page 200", "broken 200",
                                   "broken 200", "tea 200", "other 404"));
}

TEST(Router, CountsByHandlerAndCode) {
    Counts counts;
    Router router = make_router(into(counts));
    router.handle(request(Method::get, "/"));
    router.handle(request(Method::get, "/keys"));
    router.handle(request(Method::post, "/keys"));
    router.handle(request(Method::get, "/tea"));
    router.handle(request(Method::get, "/a"));
    router.handle(request(Method::get, "/b"));
    EXPECT_EQ(router.refuse(431).status, 431);
    EXPECT_EQ(counts, (Counts{{"metrics 200", 0},
                              {"reload 200", 0},
                              {"page 200", 2},
                              {"page 405", 1},
                              {"broken 200", 0},
                              {"tea 200", 0},
                              {"tea 418", 1},
                              {"other 404", 2},
                              {"other 431", 1}}));
}

TEST(Router, ARouteMayServeWhatIsBelowIt) {
    Router router({{{Method::get}, "/keys", "keys", ok}, {{Method::get}, "/keys/", "key", ok, Match::below}},
                  not_counted);
    EXPECT_EQ(router.handle(request(Method::get, "/keys")).status, 200);
    EXPECT_EQ(router.handle(request(Method::get, "/keys/1/2")).status, 200);
    EXPECT_EQ(router.handle(request(Method::get, "/keys/")).status, 404) << "nothing is below";
    EXPECT_EQ(router.handle(request(Method::get, "/keysx")).status, 404);
    EXPECT_THAT(router.handle(request(Method::get, "/nothing")).body, HasSubstr("  /keys/...\n"));
}

TEST(Router, BelowApiProgramsAreRefusedByProblemDocuments) {
    Router router({{{Method::get}, "/api/v1/status", "api", throws}}, not_counted);
    const Response missing = router.handle(request(Method::get, "/api/v1/nothing"));
    EXPECT_EQ(missing.content_type, "application/problem+json");
    EXPECT_EQ(missing.body, R"({"type":"about:blank","title":"Not Found","status":404,)"
                            R"("detail":"Nothing here. What there is:\n  /api/v1/status"})"
                            "\n");
    const Response method = router.handle(request(Method::post, "/api/v1/status"));
    EXPECT_EQ(method.status, 405);
    EXPECT_THAT(method.headers, testing::Contains(Pair("Allow", "GET, HEAD")));
    EXPECT_THAT(method.body,
                HasSubstr(R"("title":"Method Not Allowed","status":405,"detail":"Only GET, HEAD here.")"));
    const Response failed = router.handle(request(Method::get, "/api/v1/status"));
    EXPECT_EQ(failed.status, 500);
    EXPECT_EQ(failed.content_type, "application/problem+json");
    EXPECT_THAT(failed.body, Not(HasSubstr("hunter2")));
    EXPECT_EQ(router.handle(request(Method::get, "/elsewhere")).content_type, "text/plain; charset=utf-8");
}

}  // namespace
}  // namespace keyshift::http
