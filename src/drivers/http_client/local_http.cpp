// SPDX-License-Identifier: Apache-2.0
#include "drivers/http_client/local_http.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/descriptor.hpp"
#include "base/local_address.hpp"

namespace keyshift::drivers {
namespace {

using base::Errc;
using base::Error;
using base::Result;

constexpr std::size_t kMostHeader = std::size_t{64} * 1024;
constexpr std::size_t kMostBody = std::size_t{16} * 1024 * 1024;

/// A connection, and what its errors are about.
class Connection {
 public:
    Connection(const base::LocalAddress& address, base::Deadline deadline)
        : path_(address.path().string()),
          deadline_(deadline),
          socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {}

    Result<void> open(const base::LocalAddress& address) {
        if (!socket_) return failed(errno);
        // Of a Unix socket it is done at once, or the queue of those who wait is full.
        while (::connect(socket_.get(), address.data(), address.size()) != 0) {
            if (errno != EAGAIN && errno != EINTR) return failed(errno);
            if (deadline_.passed()) return failed(ETIMEDOUT);
            ::poll(nullptr, 0, kAgainMilliseconds);
        }
        return {};
    }

    Result<void> send(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent >= 0) {
                bytes.remove_prefix(static_cast<std::size_t>(sent));
            } else if (auto ready = wait_after(errno, POLLOUT); !ready) {
                return ready;
            }
        }
        return {};
    }

    Result<void> receive(HttpResponseReader& reader) {
        std::array<char, 16384> block{};
        while (!reader.complete()) {
            const ssize_t count = ::recv(socket_.get(), block.data(), block.size(), 0);
            if (count < 0) {
                if (auto ready = wait_after(errno, POLLIN); !ready) return ready;
                continue;
            }
            const auto taken =
                count == 0 ? reader.end() : reader.put({block.data(), static_cast<std::size_t>(count)});
            if (!taken) return Error{taken.error().code, "socket " + path_ + ": " + taken.error().what, {}};
            if (count == 0) break;
        }
        return {};
    }

 private:
    static constexpr int kAgainMilliseconds = 20;

    Result<void> wait_after(int number, short events) {
        if (number == EINTR) return {};
        if (number != EAGAIN && number != EWOULDBLOCK) return failed(number);
        pollfd waiting{socket_.get(), events, 0};
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_.left());
        if (deadline_.passed() || ::poll(&waiting, 1, static_cast<int>(left.count())) == 0)
            return failed(ETIMEDOUT);
        return {};
    }

    Error failed(int number) const {
        Errc code = Errc::other;
        if (number == ENOENT || number == ECONNREFUSED || number == ECONNRESET || number == EPIPE)
            code = Errc::connect;
        if (number == EACCES || number == EPERM) code = Errc::permission;
        if (number == ETIMEDOUT) code = Errc::timeout;
        return {code, "socket " + path_ + ": " + std::generic_category().message(number), {}};
    }

    std::string path_;
    base::Deadline deadline_;
    base::Descriptor socket_;
};

}  // namespace

Result<HttpResponse> get_locally(const std::filesystem::path& directory, const std::string& name,
                                 std::string_view target, base::Deadline deadline) {
    const auto address = base::LocalAddress::in(directory, name);
    if (!address) return address.error();
    Connection connection(*address, deadline);
    if (auto opened = connection.open(*address); !opened) return opened.error();
    const std::string request =
        "GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    if (auto sent = connection.send(request); !sent) return sent.error();
    HttpResponseReader reader("GET", kMostHeader, kMostBody);
    if (auto received = connection.receive(reader); !received) return received.error();
    return reader.take();
}

}  // namespace keyshift::drivers
