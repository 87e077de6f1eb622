// SPDX-License-Identifier: Apache-2.0
// action_guard.hpp: who may decide, and what pages of others have a browser send.
#include "daemon/api/action_guard.hpp"

#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace keyshift::daemon {
namespace {

using http::Method;
using http::Request;

config::Web web(std::string external_url = {}) {
    config::Web out;
    out.actions = true;
    out.paths.external_url = std::move(external_url);
    return out;
}

/// What our own page has a browser send.
Request own() {
    Request out;
    out.method = Method::post;
    out.host = "127.0.0.1:11947";
    out.user = "alice";
    out.action = "1";
    out.content_type = "application/json";
    out.origin = "http://127.0.0.1:11947";
    out.sec_fetch_site = "same-origin";
    out.body = "{}";
    return out;
}

int status(const config::Web& web, const Request& request) {
    const auto refused = refuse_action(web, request);
    return refused ? refused->status : 200;
}

struct Case {
    const char* what;
    int status;
    std::function<void(Request&)> change;
};

void expect(const config::Web& web, const std::vector<Case>& cases) {
    for (const Case& one : cases) {
        Request request = own();
        one.change(request);
        const auto refused = refuse_action(web, request);
        EXPECT_EQ(refused ? refused->status : 200, one.status) << one.what;
        if (!refused) continue;
        for (const auto& header : refused->headers)
            EXPECT_FALSE(header.first.starts_with("Access-Control")) << one.what;
    }
}

TEST(ActionGuard, OnlyWhereItIsOnAndForWhoHasLoggedIn) {
    EXPECT_EQ(status(web(), own()), 200);
    EXPECT_EQ(status(config::Web{}, own()), 403);
    expect(web(), {{"nobody", 403, [](Request& r) { r.user = ""; }},
                   {"the Unix socket", 403, [](Request& r) { r.transport = http::Transport::local; }}});
}

TEST(ActionGuard, WhatPagesOfOthersCanSendIsRefused) {
    const auto form = [](Request& r) {
        r.action = "";
        r.content_type = "application/x-www-form-urlencoded";
        r.origin = "https://evil.example";
        r.sec_fetch_site = "cross-site";
    };
    expect(web(), {{"a form", 403, form},
                   {"a form of an old browser", 403,
                    [&](Request& r) {
                        form(r);
                        r.origin = r.sec_fetch_site = "";
                    }},
                   {"fetch with no-cors", 403,
                    [&](Request& r) {
                        form(r);
                        r.content_type = "text/plain;charset=UTF-8";
                    }},
                   {"fetch whose preflight was let pass", 403,
                    [](Request& r) {
                        r.origin = "https://evil.example";
                        r.sec_fetch_site = "cross-site";
                    }},
                   {"the same of a browser without Sec-Fetch-Site", 403,
                    [](Request& r) {
                        r.origin = "https://evil.example";
                        r.sec_fetch_site = "";
                    }},
                   {"one that hides its origin", 403, [](Request& r) { r.origin = "null"; }},
                   {"a sister site", 403, [](Request& r) { r.sec_fetch_site = "same-site"; }},
                   {"another site that says no origin", 403,
                    [](Request& r) {
                        r.origin = "";
                        r.sec_fetch_site = "cross-site";
                    }},
                   {"another port of this host", 403, [](Request& r) { r.origin = "http://127.0.0.1:8080"; }},
                   {"another scheme", 403, [](Request& r) { r.origin = "https://127.0.0.1:11947"; }},
                   {"DNS rebinding", 421, [](Request& r) {
                        r.host = "evil.example:11947";
                        r.origin = "http://evil.example:11947";
                    }}});
}

TEST(ActionGuard, EachOfTheFourIsWantedByItself) {
    expect(
        web(),
        {{"no header", 403, [](Request& r) { r.action = ""; }},
         {"another value", 403, [](Request& r) { r.action = "true"; }},
         {"no type", 415, [](Request& r) { r.content_type = ""; }},
         {"text", 415, [](Request& r) { r.content_type = "text/plain"; }},
         {"nearly", 415, [](Request& r) { r.content_type = "application/jsonp"; }},
         {"with its charset", 200, [](Request& r) { r.content_type = "application/json; charset=UTF-8"; }},
         {"of another charset", 415, [](Request& r) { r.content_type = "application/json; charset=utf-7"; }},
         {"a DELETE has no type", 200,
          [](Request& r) {
              r.method = Method::del;
              r.content_type = r.body = "";
          }},
         {"but where it has a body", 415,
          [](Request& r) {
              r.method = Method::del;
              r.content_type = "";
          }},
         {"a script", 200, [](Request& r) { r.origin = r.sec_fetch_site = ""; }},
         {"an address bar", 200, [](Request& r) { r.sec_fetch_site = "none"; }},
         {"by TLS", 200,
          [](Request& r) {
              r.secure = true;
              r.origin = "https://127.0.0.1:11947";
          }},
         {"a usual port is left out", 200,
          [](Request& r) {
              r.host = "[::1]:80";
              r.origin = "http://[::1]";
          }},
         {"an address of the network", 200, [](Request& r) {
              r.host = "192.0.2.7:11947";
              r.origin = "http://192.0.2.7:11947";
          }}});
}

TEST(ActionGuard, BehindAProxyTheExternalUrlCounts) {
    expect(web("https://ops.example.com/keyshift"), {{"the proxy keeps the host", 200,
                                                      [](Request& r) {
                                                          r.host = "ops.example.com";
                                                          r.origin = "https://ops.example.com";
                                                      }},
                                                     {"the proxy puts its own", 200,
                                                      [](Request& r) {
                                                          r.host = "upstream";
                                                          r.origin = "https://ops.example.com";
                                                      }},
                                                     {"a script through the proxy", 200,
                                                      [](Request& r) {
                                                          r.host = "ops.example.com";
                                                          r.origin = r.sec_fetch_site = "";
                                                      }},
                                                     {"not by plain HTTP", 403,
                                                      [](Request& r) {
                                                          r.host = "ops.example.com";
                                                          r.origin = "http://ops.example.com";
                                                      }},
                                                     {"another host", 421,
                                                      [](Request& r) {
                                                          r.host = "ops.example.com.evil.example";
                                                          r.origin = "https://ops.example.com.evil.example";
                                                      }},
                                                     {"on this host", 200, [](Request&) {}}});
}

}  // namespace
}  // namespace keyshift::daemon
