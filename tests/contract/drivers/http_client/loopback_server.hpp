// SPDX-License-Identifier: Apache-2.0
// A server for tests on a loopback port of its own: says exactly the bytes a test wants, in plain or over
// TLS, one thread per connection. Every wait is bounded.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace keyshift::drivers::testing {

struct Files {
    std::string certificate;
    std::string key;
};

/// What the server does for TLS; a client certificate is wanted where `client_ca` is given.
class ServerTls {
 public:
    ServerTls(const Files& own, const std::string& client_ca)
        : context_(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free) {
        SSL_CTX_use_certificate_chain_file(context_.get(), own.certificate.c_str());
        SSL_CTX_use_PrivateKey_file(context_.get(), own.key.c_str(), SSL_FILETYPE_PEM);
        if (client_ca.empty()) return;
        SSL_CTX_load_verify_locations(context_.get(), client_ca.c_str(), nullptr);
        SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    void at_most_tls12() { SSL_CTX_set_max_proto_version(context_.get(), TLS1_2_VERSION); }
    SSL_CTX* context() const { return context_.get(); }

 private:
    std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
};

class Connection {
 public:
    Connection(int socket, const ServerTls* tls) : socket_(socket), tls_(nullptr, &SSL_free) {
        const timeval bound{5, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound);
        ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof bound);
        if (tls == nullptr) return;
        tls_.reset(SSL_new(tls->context()));
        SSL_set_fd(tls_.get(), socket_);
        usable_ = SSL_accept(tls_.get()) == 1;
        if (const char* const name = SSL_get_servername(tls_.get(), TLSEXT_NAMETYPE_host_name))
            server_name = name;
    }
    ~Connection() { ::close(socket_); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    bool usable() const { return usable_; }

    bool send(std::string_view text) {
        while (!text.empty()) {
            const auto sent = tls_ ? SSL_write(tls_.get(), text.data(), static_cast<int>(text.size()))
                                   : ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }

    /// The head of the request and as much of its body as has come; empty when the client has gone.
    std::string request() {
        std::string got;
        std::array<char, 4096> block{};
        while (got.find("\r\n\r\n") == std::string::npos) {
            const auto size = tls_ ? SSL_read(tls_.get(), block.data(), static_cast<int>(block.size()))
                                   : ::recv(socket_, block.data(), block.size(), 0);
            if (size <= 0) return {};
            got.append(block.data(), static_cast<std::size_t>(size));
        }
        return got;
    }

    /// Returns when the client has hung up.
    void wait_for_hangup() const {
        std::array<char, 4096> block{};
        while (::recv(socket_, block.data(), block.size(), 0) > 0) {
        }
    }

    /// The close_notify that a polite server sends.
    void say_goodbye() { SSL_shutdown(tls_.get()); }
    /// Closes with a reset instead of in good order.
    void reset() const {
        const linger at_once{1, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }

    std::string server_name;  ///< of SNI

 private:
    int socket_;
    std::unique_ptr<SSL, void (*)(SSL*)> tls_;
    bool usable_ = true;
};

class LoopbackServer {
 public:
    using Serve = std::function<void(Connection&)>;

    explicit LoopbackServer(Serve serve, const ServerTls* tls = nullptr)
        : serve_(std::move(serve)), tls_(tls), socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const raw = reinterpret_cast<sockaddr*>(&address);
        ::bind(socket_, raw, size);
        ::listen(socket_, 1024);
        ::getsockname(socket_, raw, &size);
        port_ = ntohs(address.sin_port);
        acceptor_ = std::thread([this] { accept_all(); });
    }
    ~LoopbackServer() {
        stopping_ = true;
        ::shutdown(socket_, SHUT_RDWR);
        acceptor_.join();
        for (std::thread& thread : threads_) thread.join();
        ::close(socket_);
    }
    LoopbackServer(const LoopbackServer&) = delete;
    LoopbackServer& operator=(const LoopbackServer&) = delete;

    std::string port() const { return std::to_string(port_); }
    std::string url(const std::string& path = "/") const { return "http://127.0.0.1:" + port() + path; }
    int accepted() const { return accepted_; }

 private:
    void accept_all() {
        while (!stopping_) {
            const int socket = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
            if (socket < 0) continue;
            ++accepted_;
            threads_.emplace_back([this, socket] {
                Connection connection(socket, tls_);
                if (connection.usable()) serve_(connection);
            });
        }
    }

    Serve serve_;
    const ServerTls* tls_;
    int socket_;
    std::uint16_t port_ = 0;
    std::atomic<bool> stopping_ = false;
    std::atomic<int> accepted_ = 0;
    std::vector<std::thread> threads_;
    std::thread acceptor_;
};

/// A port of this machine where nobody listens.
inline std::string free_port() {
    return LoopbackServer([](Connection&) {}).port();
}

}  // namespace keyshift::drivers::testing
