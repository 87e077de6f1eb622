// SPDX-License-Identifier: Apache-2.0
// Against a server on loopback.
#include "drivers/http_client/client.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <latch>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "contract/drivers/http_client/loopback_server.hpp"
#include "contract/eventually.hpp"

namespace keyshift::drivers {
namespace {

using base::Deadline;
using base::Errc;
using base::Result;
using base::Secret;
using testing::Connection;
using testing::LoopbackServer;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kLong = 5s;
// A label may have 63 characters: no name server is asked.
const std::string kNoName = std::string(64, 'x') + ".invalid";
const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok";

HttpRequest to(const std::string& url) {
    return {.url = HttpUrl::parse(url).value()};
}

Result<HttpResponse> send(const HttpRequest& request, const HttpLimits& limits = {},
                          std::chrono::milliseconds time = kLong) {
    const Interrupt interrupt;
    return HttpClient(interrupt).send(request, limits, Deadline::in(time));
}

/// A server that says `text` to every request and hangs up.
LoopbackServer::Serve says(const std::string& text) {
    return [text](Connection& connection) {
        if (!connection.request().empty()) connection.send(text);
    };
}

void expect_error(const Result<HttpResponse>& result, Errc code, const std::string& part) {
    ASSERT_FALSE(result) << result->status << " " << result->body;
    EXPECT_EQ(result.error().code, code) << result.error().text();
    EXPECT_NE(result.error().what.find(part), std::string::npos) << result.error().what;
}

TEST(HttpClient, SendsARequestAndReadsTheAnswer) {
    std::string got;
    {
        const LoopbackServer server([&](Connection& connection) {
            got = connection.request();
            connection.send(kOk);
        });
        HttpRequest request = to(server.url("/metrics?x=y"));
        request.headers = {bearer(Secret("hunter2"))};
        const auto answer = send(request);
        ASSERT_TRUE(answer) << answer.error().text();
        EXPECT_EQ(answer->status, 200);
        EXPECT_EQ(answer->content_type, "text/plain");
        EXPECT_EQ(answer->body, "ok");
        EXPECT_NE(got.find("Host: 127.0.0.1:" + server.port() + "\r\n"), std::string::npos) << got;
    }
    EXPECT_EQ(got.find("GET /metrics?x=y HTTP/1.1\r\n"), 0U) << got;
    EXPECT_NE(got.find("Authorization: Bearer hunter2\r\n"), std::string::npos) << got;
}

TEST(HttpClient, TriesEveryAddressOfAName) {
    const LoopbackServer server(says(kOk));  // not on ::1, which may come first
    EXPECT_EQ(send(to("http://localhost:" + server.port())).value().body, "ok");
}

TEST(HttpClient, ConnectsToTheAddressThatIsGiven) {
    std::string got;
    {
        const LoopbackServer server([&](Connection& connection) {
            got = connection.request();
            connection.send(kOk);
        });
        HttpRequest request = to("http://gateway.invalid:" + server.port());
        request.address = "127.0.0.1";
        EXPECT_EQ(send(request).value().body, "ok");
        request.address = "127.0.0.77";
        expect_error(send(request), Errc::connect, "gateway.invalid:" + server.port() + "/ at 127.0.0.77");
    }
    EXPECT_NE(got.find("Host: gateway.invalid:"), std::string::npos) << got;
}

TEST(HttpClient, ReturnsARedirect) {
    const LoopbackServer server(
        says("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"));
    EXPECT_EQ(send(to(server.url())).value().status, 302);
    EXPECT_EQ(server.accepted(), 1);
}

TEST(HttpClient, SaysWhyThereIsNoAnswer) {
    expect_error(send(to("http://127.0.0.1:" + testing::free_port())), Errc::connect, "Connection refused");
    expect_error(send(to("http://" + kNoName)), Errc::connect, "cannot find the address of " + kNoName);
    const LoopbackServer silent([](Connection& connection) { connection.request(); });
    expect_error(send(to(silent.url())), Errc::connect, "closed the connection without an answer");
    const LoopbackServer torn(says("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"));
    expect_error(send(to(torn.url())), Errc::connect, "in the middle of its answer");
    const LoopbackServer resetting([](Connection& connection) {
        connection.request();
        connection.reset();
    });
    expect_error(send(to(resetting.url())), Errc::connect, "Connection reset");
    const LoopbackServer garbage(says("SSH-2.0-OpenSSH_9.2p1\r\n\r\n"));
    expect_error(send(to(garbage.url())), Errc::parse, "is not HTTP/1");
    HttpRequest request = to("http://127.0.0.1");
    request.headers = {bearer(Secret("hunter2\n"))};
    expect_error(send(request), Errc::config, "Authorization");
    request = to("https://127.0.0.1");
    request.tls.ca_file = "/nowhere/ca.pem";
    expect_error(send(request), Errc::config, "/nowhere/ca.pem");
}

TEST(HttpClient, EndsAtTheDeadlineWhateverTheServerDoes) {
    struct Case {
        const char* what;
        LoopbackServer::Serve serve;
    };
    const Case cases[] = {
        {"did not answer in time", [](Connection& connection) { connection.wait_for_hangup(); }},
        {"did not finish its answer in time",
         [](Connection& connection) {
             connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
             while (connection.send("x")) std::this_thread::sleep_for(10ms);
         }},
        {"did not finish its answer in time",
         [](Connection& connection) {
             while (connection.send("H")) {
                 std::this_thread::sleep_for(10ms);
                 if (!connection.send("TTP/1.1 200 OK\r\nX: y")) break;
                 while (connection.send("z")) std::this_thread::sleep_for(10ms);
             }
         }},
    };
    for (const auto& [what, serve] : cases) {
        const LoopbackServer server(serve);
        for (const bool overall : {true, false}) {
            const auto start = Clock::now();
            const auto answer =
                send(to(server.url()), {.each = overall ? 60s : 150ms}, overall ? 150ms : 60'000ms);
            expect_error(answer, Errc::timeout, what);
            EXPECT_GE(Clock::now() - start, 149ms);
            EXPECT_LT(Clock::now() - start, 1s);
        }
    }
}

TEST(HttpClient, DoesNotWaitLongerForAServerThatDoesNotRead) {
    std::latch over(1);
    const LoopbackServer server([&](Connection& connection) {
        over.wait();
        connection.reset();
    });
    HttpRequest request = to(server.url());
    request.method = "POST";
    request.body.assign(std::size_t{32} << 20U, 'x');
    expect_error(send(request, {}, 300ms), Errc::timeout, "did not take the whole request in time");
    over.count_down();
}

TEST(HttpClient, ReadsAnAnswerThatComesBeforeTheRequestIsSent) {
    const LoopbackServer server(says("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n"));
    HttpRequest request = to(server.url());
    request.method = "POST";
    request.body.assign(std::size_t{32} << 20U, 'x');
    EXPECT_EQ(send(request).value().status, 413);
}

TEST(HttpClient, ReadsNoMoreThanTheLimit) {
    constexpr std::size_t kBody = 100'000;
    std::atomic<std::size_t> sent = 0;
    const auto floods = [&](const std::string& head, const std::string& piece) {
        return [&sent, head, piece](Connection& connection) {
            connection.request();
            connection.send(head);
            for (sent = 0; sent < 100'000'000 && connection.send(piece);) sent += piece.size();
        };
    };
    const std::string block(4096, 'x');
    const std::string ok = "HTTP/1.1 200 OK\r\n";
    for (const auto& [head, piece] :
         {std::pair{ok + "Content-Length: 100000000\r\n\r\n", block},
          std::pair{ok + "Transfer-Encoding: chunked\r\n\r\n", "1000\r\n" + block + "\r\n"},
          std::pair{ok + "\r\n", block}}) {
        const LoopbackServer server(floods(head, piece));
        expect_error(send(to(server.url()), {.body_bytes = kBody}), Errc::parse,
                     "answer is larger than 100000");
    }
    EXPECT_LT(sent, 20'000'000U) << "no more than what sockets buffer";
    const LoopbackServer server(floods(ok + "A: ", block));
    expect_error(send(to(server.url())), Errc::parse, "header is larger than");
}

TEST(HttpClient, AnInterruptEndsEverythingAtOnce) {
    const LoopbackServer server([](Connection& connection) { connection.wait_for_hangup(); });
    const std::vector<HttpRequest> requests(50, to(server.url()));
    Interrupt interrupt;
    std::thread raiser([&] {
        EXPECT_TRUE(eventually([&] { return server.accepted() == 8; })) << "all that may be open at once";
        interrupt.raise();
    });
    const auto start = Clock::now();
    std::size_t canceled = 0;
    const HttpClient client(interrupt);
    client.send_all(requests, {.at_once = 8}, Deadline::in(kLong), [&](std::size_t, const auto& result) {
        canceled += !result && result.error().code == Errc::canceled ? 1 : 0;
    });
    EXPECT_LT(Clock::now() - start, 1s);
    EXPECT_EQ(canceled, requests.size());
    EXPECT_LE(server.accepted(), 8);
    raiser.join();
    EXPECT_EQ(client.send(requests.front(), {}, Deadline::in(kLong)).error().code, Errc::canceled);
    EXPECT_EQ(client.resolve(kNoName, Deadline::in(kLong)).error().code, Errc::canceled);
}

TEST(HttpClient, HasNoMoreOpenThanAtOnce) {
    std::atomic<int> open = 0;
    std::atomic<int> most = 0;
    const LoopbackServer server([&](Connection& connection) {
        const int now = ++open;
        for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
        }
        const std::string path = connection.request().substr(5, 3);
        std::this_thread::sleep_for(5ms);
        --open;
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n" + path);
    });
    std::vector<HttpRequest> requests;
    for (int i = 100; i < 300; ++i) requests.push_back(to(server.url("/" + std::to_string(i))));
    std::vector<int> calls(requests.size());
    const Interrupt interrupt;
    const auto caller = std::this_thread::get_id();
    HttpClient(interrupt).send_all(requests, {.at_once = 16}, Deadline::in(kLong),
                                   [&](std::size_t index, const auto& result) {
                                       ++calls.at(index);
                                       EXPECT_EQ(std::this_thread::get_id(), caller);
                                       ASSERT_TRUE(result) << result.error().text();
                                       EXPECT_EQ(result->body, std::to_string(index + 100));
                                   });
    EXPECT_EQ(calls, std::vector<int>(requests.size(), 1));
    EXPECT_LE(most, 16);
    EXPECT_GE(most, 8) << "they are to run side by side";
}

TEST(HttpClient, AThousandRequestsGiveAThousandResults) {
    const LoopbackServer server(says(kOk));
    std::vector<HttpRequest> requests(1000, to(server.url()));
    for (std::size_t i = 0; i < requests.size(); i += 10) requests[i].address = "127.0.0.77";  // refuses
    std::size_t good = 0;
    std::size_t bad = 0;
    const Interrupt interrupt;
    HttpClient(interrupt).send_all(requests, {}, Deadline::in(20s),
                                   [&](std::size_t, const auto& result) { ++(result ? good : bad); });
    EXPECT_EQ(good, 900U);
    EXPECT_EQ(bad, 100U);
}

TEST(HttpClient, WhoGetsNoTurnInTimeIsToldSo) {
    const LoopbackServer server([](Connection& connection) { connection.wait_for_hangup(); });
    std::size_t late = 0;
    const Interrupt interrupt;
    HttpClient(interrupt).send_all({3, to(server.url())}, {.at_once = 0}, Deadline::in(100ms),
                                   [&](std::size_t, const auto& result) {
                                       late += !result && result.error().code == Errc::timeout ? 1 : 0;
                                   });
    EXPECT_EQ(late, 3U);
    EXPECT_LE(server.accepted(), 1) << "0 at once is 1";
    HttpClient(interrupt).send_all({}, {}, Deadline::in(kLong), [](std::size_t, const auto&) { FAIL(); });
}

TEST(HttpClient, WhatTheHandlerThrowsPassesThrough) {
    const LoopbackServer server(says(kOk));
    const Interrupt interrupt;
    const HttpClient::Handler thrower = [](std::size_t, const auto&) { throw std::runtime_error("mine"); };
    EXPECT_THROW(
        HttpClient(interrupt).send_all({20, to(server.url())}, {.at_once = 5}, Deadline::in(kLong), thrower),
        std::runtime_error);
}

TEST(HttpClient, Resolves) {
    const Interrupt interrupt;
    const HttpClient client(interrupt);
    const auto local = client.resolve("localhost", Deadline::in(kLong)).value();
    EXPECT_NE(std::ranges::find(local, "127.0.0.1"), local.end());
    EXPECT_TRUE(std::ranges::is_sorted(local));
    EXPECT_EQ(std::ranges::adjacent_find(local), local.end());
    EXPECT_EQ(client.resolve("::1", Deadline::in(kLong)).value(), std::vector<std::string>{"::1"});
    const auto unknown = client.resolve(kNoName, Deadline::in(kLong));
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, Errc::connect) << unknown.error().text();
}

}  // namespace
}  // namespace keyshift::drivers
