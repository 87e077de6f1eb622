// SPDX-License-Identifier: Apache-2.0
// A server on loopback that plays one script for each connection, on a thread of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <poll.h>
#include <sys/socket.h>

#include "drivers/dsn/redis_target.hpp"

namespace keyshift::drivers {

/// The server's side of one connection. Errors end a script quietly: it is the client that is tested.
class FakeSession {
 public:
    explicit FakeSession(boost::asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}

    /// The next command, its words joined by blanks; empty when the client has gone.
    std::string command() {
        const std::string count = line();
        std::string words;
        for (int i = count.empty() ? 0 : std::stoi(count.substr(1)); i > 0; --i) {
            line();
            words += (words.empty() ? "" : " ") + line();
        }
        return words;
    }
    void say(std::string_view bytes) {
        boost::system::error_code gone;
        boost::asio::write(socket_, boost::asio::buffer(bytes.data(), bytes.size()), gone);
        if (gone) gone_ = true;
    }
    /// Expects `wanted` and answers it; goes silent when something else comes.
    void expect(const std::string& wanted, std::string_view answer) {
        const std::string got = command();
        if (got == wanted) return say(answer);
        if (!got.empty()) say("-ERR the test did not expect '" + got + "'\r\n");
    }
    void wait_for_end() {
        while (!gone_) line();
    }
    /// Reads nothing meanwhile, so that the client cannot send for ever.
    void wait_for_end_unread() {
        pollfd end{.fd = socket_.native_handle(), .events = POLLRDHUP, .revents = 0};
        ::poll(&end, 1, -1);
    }
    bool gone() const { return gone_; }
    /// Where the client has connected to.
    std::uint16_t port() const { return socket_.local_endpoint().port(); }
    /// From another thread: the script meets the end of the connection.
    void hang_up() { ::shutdown(socket_.native_handle(), SHUT_RDWR); }

 private:
    std::string line() {
        boost::system::error_code gone;
        const std::size_t size =
            boost::asio::read_until(socket_, boost::asio::dynamic_buffer(pending_), "\r\n", gone);
        if (gone) {
            gone_ = true;
            return {};
        }
        std::string text = pending_.substr(0, size - 2);
        pending_.erase(0, size);
        return text;
    }

    boost::asio::ip::tcp::socket socket_;
    std::string pending_;
    bool gone_ = false;
};

class FakeRedis {
 public:
    using Script = std::function<void(FakeSession&)>;

    explicit FakeRedis(std::vector<Script> scripts)
        : acceptor_(context_, {boost::asio::ip::address_v4::loopback(), 0}),
          thread_([this, scripts = std::move(scripts)] { play(scripts); }) {}
    explicit FakeRedis(Script script) : FakeRedis(std::vector<Script>{std::move(script)}) {}
    FakeRedis(const FakeRedis&) = delete;
    FakeRedis& operator=(const FakeRedis&) = delete;
    /// Ends the script that is played.
    ~FakeRedis() {
        {
            const std::lock_guard lock(mutex_);
            over_ = true;
            if (session_ != nullptr) session_->hang_up();
        }
        boost::asio::io_context context;
        boost::asio::ip::tcp::socket last_call(context);
        boost::system::error_code ignored;
        last_call.connect({boost::asio::ip::address_v4::loopback(), port()}, ignored);
        thread_.join();
    }

    std::uint16_t port() const { return port_; }
    RedisTarget target(const std::string& login = "") const {
        const std::string url = "redis://" + login + "127.0.0.1:" + std::to_string(port_);
        return *RedisTarget::parse(base::Secret(url));
    }

 private:
    void play(const std::vector<Script>& scripts) {
        boost::system::error_code error;
        for (const Script& script : scripts) {
            FakeSession session(acceptor_.accept(error));
            if (!enter(&session)) return;
            script(session);
            enter(nullptr);
        }
        acceptor_.accept(error);
    }
    bool enter(FakeSession* session) {
        const std::lock_guard lock(mutex_);
        session_ = session;
        return !over_;
    }

    boost::asio::io_context context_;
    boost::asio::ip::tcp::acceptor acceptor_;
    const std::uint16_t port_ = acceptor_.local_endpoint().port();
    std::mutex mutex_;
    bool over_ = false;
    FakeSession* session_ = nullptr;
    std::thread thread_;
};

}  // namespace keyshift::drivers
