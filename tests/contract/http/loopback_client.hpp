// SPDX-License-Identifier: Apache-2.0
// A blocking client for tests that says exactly the bytes it is given. Every wait is bounded at two seconds.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace keyshift::http::testing {

struct Reply {
    std::string head;
    std::string body;

    int status() const {
        return head.size() > 12 ? static_cast<int>(std::strtol(head.c_str() + 9, nullptr, 10)) : 0;
    }
    bool has(std::string_view line) const { return head.find(line) != std::string::npos; }
};

class Client {
 public:
    /// Makes the socket; connect() comes later, so that a test may take the descriptors away in between.
    Client() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const timeval bound{2, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound);
        ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof bound);
    }
    explicit Client(std::uint16_t port) : Client() { connect(port); }
    Client(Client&& other) noexcept
        : socket_(std::exchange(other.socket_, -1)), unread_(std::move(other.unread_)) {}
    ~Client() {
        if (socket_ >= 0) ::close(socket_);
    }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    Client& operator=(Client&&) = delete;

    bool connect(std::uint16_t port) const {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    }

    bool send(std::string_view text) const {
        while (!text.empty()) {
            const ssize_t sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }

    /// Has the server on that port read all that was sent? Asks the kernel for what waits in its socket.
    bool taken_by(std::uint16_t port) const {
        sockaddr_in own{};
        socklen_t size = sizeof own;
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&own), &size);
        std::ifstream sockets("/proc/net/tcp");
        std::string line;
        while (std::getline(sockets, line)) {
            unsigned local = 0;
            unsigned remote = 0;
            unsigned waiting = 0;
            if (std::sscanf(line.c_str(), " %*d: %*x:%x %*x:%x %*x %*x:%x", &local, &remote, &waiting) == 3 &&
                local == port && remote == ntohs(own.sin_port))
                return waiting == 0;
        }
        return false;
    }

    void shrink_receive_buffer() const {
        const int bytes = 4096;
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    }

    /// The next response; what was read of the one after it is kept. Empty head when there is none.
    Reply read(bool with_body = true) {
        Reply reply;
        std::size_t end = 0;
        while ((end = unread_.find("\r\n\r\n")) == std::string::npos)
            if (!receive()) return reply;
        reply.head = unread_.substr(0, end + 4);
        unread_.erase(0, end + 4);
        const std::size_t at = reply.head.find("Content-Length: ");
        std::size_t length = 0;
        if (with_body && at != std::string::npos)
            length = std::strtoul(reply.head.c_str() + at + 16, nullptr, 10);
        while (unread_.size() < length && receive()) {
        }
        reply.body = unread_.substr(0, length);
        unread_.erase(0, length);
        return reply;
    }

    Reply get(std::string_view path) {
        send("GET " + std::string(path) + " HTTP/1.1\r\nHost: test\r\n\r\n");
        return read();
    }

    /// True when the server closes in good order, without another byte.
    bool closed() { return unread_.empty() && !receive() && last_ == 0; }

 private:
    bool receive() {
        std::array<char, 65536> block{};
        last_ = ::recv(socket_, block.data(), block.size(), 0);
        if (last_ <= 0) return false;
        unread_.append(block.data(), static_cast<std::size_t>(last_));
        return true;
    }

    int socket_;
    ssize_t last_ = -1;
    std::string unread_;
};

}  // namespace keyshift::http::testing
