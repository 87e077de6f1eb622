// SPDX-License-Identifier: Apache-2.0
#include "drivers/resolve.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>

#include <netdb.h>
#include <poll.h>

#include "drivers/interrupt.hpp"

namespace keyshift::drivers {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using boost::asio::ip::tcp;

/// Shared by the caller and the thread that may outlive its call.
struct Lookup {
    Interrupt done = {};
    std::mutex mutex = {};
    int failure = 0;
    std::vector<tcp::endpoint> found = {};
};

void look_up(const std::string& host, std::uint16_t port, Lookup& lookup) noexcept {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* first = nullptr;
    const int failure = ::getaddrinfo(host.c_str(), nullptr, &wanted, &first);
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(first, &::freeaddrinfo);
    const std::lock_guard lock(lookup.mutex);
    lookup.failure = failure;
    for (const addrinfo* info = failure == 0 ? first : nullptr; info != nullptr; info = info->ai_next) {
        tcp::endpoint endpoint;
        if (info->ai_addrlen > endpoint.capacity()) continue;
        std::copy_n(reinterpret_cast<const char*>(info->ai_addr), info->ai_addrlen,
                    reinterpret_cast<char*>(endpoint.data()));
        endpoint.resize(info->ai_addrlen);
        endpoint.port(port);
        lookup.found.push_back(endpoint);
    }
    lookup.done.raise();
}

Result<void> wait(const Lookup& lookup, base::Deadline deadline, int interrupt) {
    std::array<pollfd, 2> fds{{{lookup.done.descriptor(), POLLIN, 0}, {interrupt, POLLIN, 0}}};
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.left()).count();
        const int ready = ::poll(fds.data(), fds.size(), static_cast<int>(std::min<long long>(left, 60'000)));
        if (ready < 0 && errno == EINTR) continue;
        if (fds[1].revents != 0) return Error{Errc::canceled, "stopped", {}};
        if (ready > 0) return {};
        if (deadline.passed())
            return Error{Errc::timeout, "the host name was not resolved in time", "look at the name server"};
    }
}

}  // namespace

Result<std::vector<tcp::endpoint>> resolve(const std::string& host, std::uint16_t port,
                                           base::Deadline deadline, int interrupt) {
    boost::system::error_code no_address;
    const auto address = boost::asio::ip::make_address(host, no_address);
    if (!no_address) return std::vector<tcp::endpoint>{{address, port}};
    try {
        const auto lookup = std::make_shared<Lookup>();
        std::thread([lookup, host, port] { look_up(host, port, *lookup); }).detach();
        if (auto waited = wait(*lookup, deadline, interrupt); !waited) return waited.error();
        const std::lock_guard lock(lookup->mutex);
        if (!lookup->found.empty()) return lookup->found;
        return Error{Errc::connect,
                     std::string("the host name is not known: ") + ::gai_strerror(lookup->failure),
                     "check the host in the url and the name server"};
    } catch (const std::exception& error) {
        return Error{Errc::other, std::string("cannot resolve a host name: ") + error.what(), {}};
    }
}

}  // namespace keyshift::drivers
