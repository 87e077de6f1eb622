// SPDX-License-Identifier: Apache-2.0
#include "drivers/net/name_lookup.hpp"

#include <algorithm>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <netdb.h>
#include <sys/socket.h>

#include "base/utf8.hpp"

namespace keyshift::drivers {
namespace {

namespace asio = boost::asio;
namespace ip = boost::asio::ip;
using base::Errc;
using base::Error;
using Addresses = base::Result<std::vector<ip::address>>;

Error unknown(const std::string& host, int code) {
    return {Errc::connect,
            "cannot find the address of " + base::escape_unsafe(host) + ": " + ::gai_strerror(code),
            code == EAI_AGAIN ? "does the name server answer?" : "check the host name"};
}

Addresses look_up(const std::string& host) {
    addrinfo hints{};
    hints.ai_flags = AI_ADDRCONFIG;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* first = nullptr;
    if (const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &first); code != 0)
        return unknown(host, code);
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(first, &::freeaddrinfo);
    std::vector<ip::address> found;
    for (const addrinfo* entry = first; entry != nullptr; entry = entry->ai_next) {
        ip::tcp::endpoint endpoint;
        if (entry->ai_addrlen > endpoint.capacity()) continue;
        std::copy_n(reinterpret_cast<const unsigned char*>(entry->ai_addr), entry->ai_addrlen,
                    reinterpret_cast<unsigned char*>(endpoint.data()));
        if (std::ranges::find(found, endpoint.address()) == found.end()) found.push_back(endpoint.address());
    }
    if (found.empty()) return unknown(host, EAI_NONAME);
    return found;
}

}  // namespace

struct NameLookup::Shared {
    explicit Shared(const asio::any_io_executor& executor)
        : done(std::in_place, executor, asio::steady_timer::time_point::max()) {}

    std::mutex mutex;
    bool wanted = true;                      // guarded by mutex: the executor still runs
    std::optional<Addresses> answer;         // written by the look-up's thread before it posts
    bool canceled = false;                   // of the executor's thread alone
    std::optional<asio::steady_timer> done;  // of the executor's thread alone; never expires
};

NameLookup::NameLookup(asio::any_io_executor executor)
    : executor_(std::move(executor)), shared_(std::make_shared<Shared>(executor_)) {}

NameLookup::~NameLookup() {
    const std::lock_guard lock(shared_->mutex);
    shared_->wanted = false;
    shared_->done.reset();
}

void NameLookup::cancel() {
    shared_->canceled = true;
    shared_->done->cancel();
}

asio::awaitable<Addresses> NameLookup::run(std::string host) {
    if (shared_->canceled) co_return Error{Errc::canceled, "stopped", {}};
    boost::system::error_code error;
    if (const auto address = ip::make_address(host, error); !error) co_return std::vector{address};
    try {
        std::thread([shared = shared_, executor = executor_, host] {
            Addresses answer = look_up(host);
            const std::lock_guard lock(shared->mutex);
            if (!shared->wanted) return;
            shared->answer = std::move(answer);
            asio::post(executor, [shared] {
                if (shared->done) shared->done->cancel();
            });
        }).detach();
    } catch (const std::system_error& e) {
        co_return Error{Errc::other, std::string("cannot start a thread: ") + e.what(), {}};
    }
    co_await shared_->done->async_wait(asio::as_tuple(asio::use_awaitable));
    const std::lock_guard lock(shared_->mutex);
    if (!shared_->answer) co_return Error{Errc::canceled, "stopped", {}};
    co_return *std::move(shared_->answer);
}

}  // namespace keyshift::drivers
