// SPDX-License-Identifier: Apache-2.0
// server.hpp over loopback sockets: the server's loop on a thread of its own, a blocking client here.
#include <atomic>
#include <chrono>
#include <exception>
#include <future>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "contract/eventually.hpp"
#include "contract/http/loopback_client.hpp"
#include "http/server.hpp"

namespace keyshift::http {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using testing::Client;
using testing::Reply;

const base::ListenAddress kAnyPort{"127.0.0.1", 0};

class ServerLoop : public ::testing::Test {
 protected:
    ServerLoop()
        : router_({{{Method::get}, "/", "page", [](const Request& r) { return echo(r); }},
                   {{Method::post}, "/post", "post", [](const Request&) { return Response{}; }},
                   {{Method::get}, "/large", "large", [this](const Request&) { return large(); }},
                   {{Method::post}, "/later", "later", [this](const Request&) { return later(); }},
                   {{Method::get}, "/stop", "stop", [this](const Request&) { return stop_from_handler(); }},
                   {{Method::get},
                    "/throw",
                    "throw",
                    [](const Request&) -> Response { throw std::exception(); }}},
                  [this](std::string_view handler, int code, unsigned times) {
                      counts_[std::string(handler) + " " + std::to_string(code)] += times;
                  }) {}

    ~ServerLoop() override {
        if (thread_.joinable()) stop();
    }

    void start(const base::ListenAddress& address = kAnyPort) {
        auto listening = Server::listen(loop_.get_executor(), {address}, limits_, router_);
        ASSERT_TRUE(listening) << listening.error().text();
        server_.emplace(std::move(*listening));
        port_ = server_->port();
        asio::co_spawn(loop_, server_->run(),
                       asio::bind_cancellation_slot(cancel_.slot(), [this](const std::exception_ptr& thrown) {
                           thrown_ = thrown != nullptr;
                           ended_ = true;
                       }));
        thread_ = std::thread([this] { loop_.run(); });
    }

    /// How long the loop then took to run out of work by itself.
    std::chrono::milliseconds stop() {
        asio::post(loop_, [this] { server_->stop(); });
        return join();
    }

    std::chrono::milliseconds join() {
        const auto begin = Clock::now();
        thread_.join();
        EXPECT_TRUE(ended_);
        EXPECT_FALSE(thrown_);
        EXPECT_EQ(server_->connections(), 0U);
        return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
    }

    static Response echo(const Request& request) {
        Response response;
        response.cached_body = std::make_shared<const std::string>("cached ");
        response.body = std::string(request.query) + " from " + std::string(request.peer) +
                        (request.from_loopback ? " (loopback)" : "");
        return response;
    }

    Response large() {
        ++handled_;
        Response response;
        response.body.assign(std::size_t{8} << 20U, 'x');
        return response;
    }

    /// Answered by a timer.
    Response later() {
        ++handled_;
        Response response;
        response.later = [this](Answer answer) {
            later_.expires_after(100ms);
            later_.async_wait([this, answer = std::move(answer)](const boost::system::error_code&) {
                Response done;
                done.status = 201;
                done.body = "done";
                answer(std::move(done));
                ++answered_;
            });
        };
        return response;
    }

    /// Until the loop has done all that it was asked to do before this.
    void wait_for_loop() {
        std::promise<void> done;
        asio::post(loop_, [&] { done.set_value(); });
        done.get_future().wait();
    }
    /// Until a handler was called so many times that does not answer at once.
    void wait_until_handled(int times) {
        EXPECT_TRUE(eventually([&] { return handled_ >= times; })) << "no request for it has come";
    }
    /// Until the server has read what the client has sent, and the loop has seen that it did.
    void wait_until_taken(const Client& client) {
        EXPECT_TRUE(eventually([&] { return client.taken_by(port_); })) << "the server does not read";
        wait_for_loop();
        wait_for_loop();
    }

    /// On the loop's thread.
    base::Result<void> move_to(const std::vector<base::ListenAddress>& from,
                               const std::vector<base::ListenAddress>& to) {
        std::promise<base::Result<void>> moved;
        asio::post(loop_, [&] { moved.set_value(server_->move_to(from, to)); });
        return moved.get_future().get();
    }

    Response stop_from_handler() {
        server_->stop();
        return {};
    }

    Limits limits_;
    std::atomic<int> handled_ = 0;
    std::atomic<int> answered_ = 0;
    std::map<std::string, unsigned> counts_;
    Router router_;
    asio::io_context loop_{1};
    asio::steady_timer later_{loop_};
    std::optional<Server> server_;
    asio::cancellation_signal cancel_;
    std::thread thread_;
    std::uint16_t port_ = 0;
    bool thrown_ = false;
    bool ended_ = false;
};

TEST_F(ServerLoop, KeepsTheConnectionAlive) {
    start();
    Client client(port_);
    EXPECT_EQ(client.get("/?1").body, "cached 1 from 127.0.0.1 (loopback)");
    EXPECT_EQ(client.get("/?2").body, "cached 2 from 127.0.0.1 (loopback)");
    EXPECT_EQ(client.get("/nothing").status(), 404);
    EXPECT_EQ(client.get("/throw").status(), 500);
    EXPECT_EQ(client.get("/post").status(), 405);
    EXPECT_EQ(client.get("/?3").status(), 200);
    EXPECT_EQ(client.get("/large").body.size(), std::size_t{8} << 20U);
}

TEST_F(ServerLoop, AnAnswerMayComeLaterAndTheLoopGoesOnMeanwhile) {
    start();
    Client waiting(port_);
    waiting.send("POST /later HTTP/1.1\r\nHost: a\r\n\r\nGET /?2 HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(Client(port_).get("/?1").status(), 200);
    const Reply reply = waiting.read();
    EXPECT_EQ(reply.status(), 201);
    EXPECT_EQ(reply.body, "done");
    EXPECT_TRUE(waiting.read().body.starts_with("cached 2"));
    stop();
    EXPECT_EQ(counts_["later 201"], 1U);
}

TEST_F(ServerLoop, WhoeverDoesNotWaitForAnAnswerTakesNothingAway) {
    start();
    Client(port_).send("POST /later HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_until_handled(1);
    EXPECT_TRUE(eventually([&] { return answered_ == 1; }));
    EXPECT_EQ(Client(port_).get("/?1").status(), 200);
    Client(port_).send("POST /later HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_until_handled(2);
    EXPECT_LT(stop(), 1500ms);
}

TEST_F(ServerLoop, AnAnswerUnderWayIsGivenBeforeTheEnd) {
    start();
    Client client(port_);
    client.send("POST /later HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_until_handled(1);
    stop();
    EXPECT_EQ(client.read().status(), 201);
}

TEST_F(ServerLoop, MovesToOtherAddressesAndBack) {
    start();
    const base::ListenAddress everywhere{"", port_};
    const base::ListenAddress here{"127.0.0.1", port_};
    // What port 0 became is not known to it: here it counts as another address.
    ASSERT_TRUE(move_to({kAnyPort}, {here}));
    Client stays(port_);
    ASSERT_EQ(stays.get("/?1").status(), 200);
    ASSERT_TRUE(move_to({here}, {everywhere}));
    EXPECT_EQ(Client(port_).get("/?2").status(), 200);
    EXPECT_EQ(stays.get("/?3").status(), 200);
    const auto failed = move_to({everywhere}, {{"192.0.2.1", 0}});
    ASSERT_TRUE(failed.has_error());
    EXPECT_NE(failed.error().text().find("cannot listen on 192.0.2.1:0"), std::string::npos);
    EXPECT_EQ(Client(port_).get("/?4").status(), 200);
    EXPECT_EQ(stays.get("/?5").status(), 200);
}

TEST_F(ServerLoop, AnswersPipelinedRequestsInOrder) {
    start();
    Client client(port_);
    // The third comes in pieces, its first byte together with the second.
    client.send("GET /?1 HTTP/1.1\r\nHost: a\r\n\r\nGET /?2 HTTP/1.1\r\nHost: a\r\n\r\nG");
    EXPECT_TRUE(client.read().body.starts_with("cached 1"));
    EXPECT_TRUE(client.read().body.starts_with("cached 2"));
    client.send("ET /?3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    const Reply last = client.read();
    EXPECT_TRUE(last.body.starts_with("cached 3"));
    EXPECT_TRUE(last.has("\r\nConnection: close\r\n"));
    EXPECT_TRUE(client.closed());
}

TEST_F(ServerLoop, HeadHasTheLengthAndNoBody) {
    start();
    Client client(port_);
    client.send("HEAD /?1 HTTP/1.1\r\nHost: a\r\n\r\n");
    const Reply reply = client.read(false);
    EXPECT_EQ(reply.status(), 200);
    EXPECT_TRUE(reply.has("\r\nContent-Length: 34\r\n")) << reply.head;
    EXPECT_EQ(client.get("/?2").status(), 200) << "something was left over";
}

TEST_F(ServerLoop, Http10ClosesUnlessAskedNotTo) {
    start();
    Client asks(port_);
    asks.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_TRUE(asks.read().has("\r\nConnection: keep-alive\r\n"));
    asks.send("GET / HTTP/1.0\r\n\r\n");
    EXPECT_EQ(asks.read().status(), 200);
    EXPECT_TRUE(asks.closed());
}

TEST_F(ServerLoop, RefusesWhatIsTooLargeOrNotHttp) {
    start();
    const std::string long_header =
        "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n";
    const std::string many_headers = [] {
        std::string text = "GET / HTTP/1.1\r\nHost: a\r\n";
        for (int i = 0; i < 2000; ++i) text += "X: y\r\n";
        return text + "\r\n";
    }();
    const std::string chunked = "POST /post HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    const auto cases = std::to_array<std::pair<std::string, int>>({
        {long_header, 431},
        {many_headers, 431},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + std::string(50'000, 'x'), 413},
        {chunked + "1;" + std::string(20'000, 'x'), 413},
        {chunked + "0\r\nTrailer: " + std::string(20'000, 'x'), 413},
        {"POST /post HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n" +
             std::string(9'000, 'x'),
         413},
        {"nonsense\r\n\r\n", 400},
        {"GET /\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
        {"POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         400},
        {"POST /post HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501},
        {"POST /post HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
        {"POST /post HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 501},
        {"POST /post HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"
         "0\r\n\r\n",
         400},
        {"POST /post HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {[] {
             std::string lines;
             for (int i = 0; i < 10'000; ++i) lines += "\r\n";
             return lines;
         }(),
         431},
        {"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505},
        {"\x16\x03\x01\x02\x01\x01\xFC\x03\x03", 400},
    });
    for (const auto& [text, status] : cases) {
        Client client(port_);
        client.send(text);
        const Reply reply = client.read();
        EXPECT_EQ(reply.status(), status) << text.substr(0, 60);
        EXPECT_TRUE(reply.has("\r\nConnection: close\r\n"));
        EXPECT_TRUE(client.closed()) << text.substr(0, 60);
    }
}

TEST_F(ServerLoop, WhoIsRefusedMayFinishSendingAndIsNotReset) {
    start();
    Client client(port_);
    client.send("POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n");
    for (int part = 0; part < 5; ++part) {
        std::this_thread::sleep_for(5ms);
        EXPECT_TRUE(client.send(std::string(10'000, 'x')));
    }
    EXPECT_EQ(client.read().status(), 413);
    EXPECT_TRUE(client.closed());
}

TEST_F(ServerLoop, SkipsEmptyLinesBeforeARequest) {
    start();
    for (const char* const before : {"\r\n", "\r\n\r\n\r\n"}) {
        Client client(port_);
        client.send(std::string(before) + "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_EQ(client.read().status(), 200);
    }
    Client slow(port_);
    for (const char* const piece : {"\r", "\n", "\r\n\r", "\nGET / HT", "TP/1.1\r\nHost: a\r\n\r\n"}) {
        slow.send(piece);
        std::this_thread::sleep_for(5ms);
    }
    EXPECT_EQ(slow.read().status(), 200);
    slow.send(
        "POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello\r\nGET / HTTP/1.1\r\nHost: "
        "a\r\n\r\n");
    EXPECT_EQ(slow.read().status(), 200);
    EXPECT_EQ(slow.read().status(), 200) << "and what is behind the body and the empty line";
    slow.send("\rGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(slow.read().status(), 400);
}

TEST_F(ServerLoop, TakesASmallBodyAndForgetsIt) {
    start();
    Client client(port_);
    client.send("POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_EQ(client.read().status(), 200);
    client.send("POST /post HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    EXPECT_EQ(client.read().status(), 100);
    client.send("hello");
    EXPECT_EQ(client.read().status(), 200);
}

TEST_F(ServerLoop, ASlowRequestIsCutOffHoweverItDrips) {
    limits_.request_time = 100ms;
    start();
    Client client(port_);
    const auto begin = Clock::now();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nX: ");
    while (Clock::now() - begin < 1s && client.send("x")) std::this_thread::sleep_for(10ms);
    EXPECT_LT(Clock::now() - begin, 600ms);
}

TEST_F(ServerLoop, AnIdleConnectionIsClosed) {
    limits_.idle_time = 50ms;
    start();
    Client silent(port_);
    Client spoke(port_);
    EXPECT_EQ(spoke.get("/").status(), 200);
    const auto begin = Clock::now();
    EXPECT_TRUE(silent.closed());
    EXPECT_TRUE(spoke.closed());
    EXPECT_LT(Clock::now() - begin, 500ms);
}

TEST_F(ServerLoop, AClientThatTakesNothingIsCutOff) {
    limits_.write_time = 50ms;
    limits_.drain_time = 10s;
    start();
    Client client;
    client.shrink_receive_buffer();
    client.connect(port_);
    client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_until_handled(1);
    EXPECT_LT(stop(), 500ms);
}

TEST_F(ServerLoop, StopClosesIdleConnectionsAtOnceAndReturns) {
    start();
    Client silent(port_);
    Client spoke(port_);
    EXPECT_EQ(spoke.get("/").status(), 200);
    EXPECT_LT(stop(), 200ms);
    EXPECT_TRUE(silent.closed());
    EXPECT_TRUE(spoke.closed());
    EXPECT_FALSE(Client().connect(port_)) << "nobody listens any more";
}

TEST_F(ServerLoop, StopLetsARequestUnderWayFinish) {
    limits_.drain_time = 10s;
    start();
    Client client(port_);
    EXPECT_EQ(client.get("/").status(), 200);
    client.send("GET /?last HTTP/1.1\r\nHo");
    wait_until_taken(client);
    asio::post(loop_, [this] { server_->stop(); });
    wait_for_loop();
    client.send("st: a\r\n\r\n");
    const Reply reply = client.read();
    EXPECT_TRUE(reply.body.starts_with("cached last"));
    EXPECT_TRUE(reply.has("\r\nConnection: close\r\n"));
    EXPECT_TRUE(client.closed());
    EXPECT_LT(join(), 200ms);
}

TEST_F(ServerLoop, StopLetsALargeAnswerBeTakenToItsEnd) {
    limits_.drain_time = 10s;
    start();
    Client client;
    client.shrink_receive_buffer();
    client.connect(port_);
    client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_until_handled(1);
    asio::post(loop_, [this] { server_->stop(); });
    wait_for_loop();
    EXPECT_EQ(client.read().body.size(), std::size_t{8} << 20U);
    EXPECT_LT(join(), 200ms);
}

TEST_F(ServerLoop, StopWaitsNoLongerThanTheDrainTime) {
    limits_.drain_time = 50ms;
    start();
    Client client(port_);
    client.send("GET / HTTP/1.1\r\n");
    wait_until_taken(client);
    const auto took = stop();
    EXPECT_GE(took, 45ms);
    EXPECT_LT(took, 500ms);
}

TEST_F(ServerLoop, AHandlerMayStopTheServerAndStillAnswers) {
    start();
    Client idle(port_);
    Client client(port_);
    const Reply reply = client.get("/stop");
    EXPECT_EQ(reply.status(), 200);
    EXPECT_TRUE(reply.has("\r\nConnection: close\r\n"));
    EXPECT_LT(join(), 200ms);
    EXPECT_TRUE(idle.closed());
}

TEST_F(ServerLoop, CancellingRunStopsIt) {
    start();
    Client client(port_);
    EXPECT_EQ(client.get("/").status(), 200);
    asio::post(loop_, [this] { cancel_.emit(asio::cancellation_type::terminal); });
    EXPECT_LT(join(), 200ms);
    EXPECT_TRUE(client.closed());
}

TEST_F(ServerLoop, TheLongestIdleConnectionMakesRoom) {
    limits_.connections = 2;
    start();
    Client first(port_);
    EXPECT_EQ(first.get("/").status(), 200);
    Client second(port_);
    EXPECT_EQ(second.get("/").status(), 200);
    Client third(port_);
    EXPECT_EQ(third.get("/").status(), 200);
    EXPECT_TRUE(first.closed());
    EXPECT_EQ(second.get("/").status(), 200);
}

TEST_F(ServerLoop, WhoSendsHisRequestSlowlyMakesRoomAsSoonAsNobodyIsIdle) {
    limits_.connections = 2;
    start();
    Client slow(port_);
    slow.send("GET / HT");
    wait_until_taken(slow);
    Client idle(port_);
    EXPECT_EQ(idle.get("/").status(), 200);
    Client third(port_);
    EXPECT_EQ(third.get("/").status(), 200);
    EXPECT_TRUE(idle.closed());
    third.send("GET / HT");
    wait_until_taken(third);
    EXPECT_EQ(Client(port_).get("/").status(), 200);
    EXPECT_TRUE(slow.closed());
}

TEST_F(ServerLoop, WhoDoesNotTakeHisAnswerMakesRoom) {
    limits_.connections = 1;
    start();
    Client taking_nothing(port_);
    taking_nothing.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_until_taken(taking_nothing);
    EXPECT_EQ(Client(port_).get("/").status(), 200);
}

TEST_F(ServerLoop, WhileAllAreBeingAnsweredTheNextOneWaits) {
    limits_.connections = 1;
    start();
    Client busy(port_);
    busy.send("POST /later HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    wait_until_handled(1);
    Client next(port_);
    EXPECT_EQ(next.get("/").status(), 200);
    EXPECT_EQ(answered_, 1);
    EXPECT_EQ(busy.read().status(), 201);
}

TEST_F(ServerLoop, WhoSaysHowLongHeWaitsIsAnsweredByThen) {
    start();
    Client client(port_);
    client.send("POST /later HTTP/1.1\r\nHost: a\r\nX-Prometheus-Scrape-Timeout-Seconds: 0.001\r\n\r\n");
    EXPECT_EQ(client.read().status(), 503);
    EXPECT_EQ(client.get("/?1").status(), 200);
    EXPECT_TRUE(eventually([&] { return answered_ == 1; }));
    EXPECT_EQ(client.get("/?2").status(), 200);
}

TEST_F(ServerLoop, OutOfDescriptorsItWaitsWithoutSpinning) {
    start();
    EXPECT_EQ(Client(port_).get("/").status(), 200);  // by now the loop's thread has all that it needs
    Client client;
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    const rlimit none{3, before.rlim_max};
    const auto cpu = [] {
        rusage usage{};
        ::getrusage(RUSAGE_SELF, &usage);
        return std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
               std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    };
    const auto cpu_before = cpu();
    ::testing::internal::CaptureStderr();
    ::setrlimit(RLIMIT_NOFILE, &none);
    EXPECT_TRUE(client.connect(port_));
    std::this_thread::sleep_for(150ms);
    ::setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_LT(cpu() - cpu_before, 75ms);
    EXPECT_EQ(client.get("/").status(), 200);
    const std::string log = ::testing::internal::GetCapturedStderr();
    EXPECT_EQ(log.find("cannot accept"), log.rfind("cannot accept")) << "once per change of state";
    EXPECT_NE(log.find("accepting connections again"), std::string::npos);
}

TEST_F(ServerLoop, EveryInterfaceMeansIPv4Too) {
    start({"", 0});
    Client client(port_);
    EXPECT_EQ(client.get("/?x").body, "cached x from 127.0.0.1 (loopback)");
}

TEST_F(ServerLoop, ANameHasOnePortForAllItsAddresses) {
    start({"localhost", 0});
    EXPECT_EQ(Client(port_).get("/").status(), 200);
    for (const std::string& address : server_->addresses())
        EXPECT_TRUE(address.ends_with(":" + std::to_string(port_))) << address;
}

TEST_F(ServerLoop, APortInUseSaysWhatToDo) {
    start();
    const auto second = Server::listen(loop_.get_executor(), {{"127.0.0.1", port_}}, limits_, router_);
    ASSERT_TRUE(second.has_error());
    EXPECT_EQ(second.error().code, base::Errc::connect);
    EXPECT_EQ(second.error().text(),
              "cannot listen on 127.0.0.1:" + std::to_string(port_) +
                  ": Address already in use; another program has this port: stop it, or choose "
                  "another in web.listen");
}

TEST_F(ServerLoop, AnAddressOfAnotherMachineCannotBeListenedOn) {
    const auto foreign = Server::listen(loop_.get_executor(), {{"192.0.2.1", 0}}, limits_, router_);
    ASSERT_TRUE(foreign.has_error());
    EXPECT_EQ(foreign.error().code, base::Errc::config);
    EXPECT_NE(foreign.error().hint.find("web.listen"), std::string::npos);
    const auto one_bad = Server::listen(loop_.get_executor(), {kAnyPort, {"192.0.2.1", 0}}, limits_, router_);
    EXPECT_TRUE(one_bad.has_error());
}

TEST_F(ServerLoop, StoppedBeforeItRanItReturnsAtOnce) {
    auto listening = Server::listen(loop_.get_executor(), {kAnyPort}, limits_, router_);
    ASSERT_TRUE(listening);
    listening->stop();
    bool ended = false;
    asio::co_spawn(loop_, listening->run(), [&](const std::exception_ptr&) { ended = true; });
    loop_.run();
    EXPECT_TRUE(ended);
}

}  // namespace
}  // namespace keyshift::http
