// SPDX-License-Identifier: Apache-2.0
#include "drivers/redis/redis.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <string_view>

#include "drivers/redis/socket.hpp"

namespace keyshift::drivers {
namespace {

using base::Deadline;
using base::Errc;
using base::Error;
using base::Result;
using Kind = RedisReply::Kind;

struct Harmless {
    std::string_view command;
    std::string_view subcommand;
};
constexpr std::array kHarmless{
    Harmless{"PING", ""},         Harmless{"SELECT", ""},
    Harmless{"INFO", ""},         Harmless{"SCAN", ""},
    Harmless{"DBSIZE", ""},       Harmless{"ROLE", ""},
    Harmless{"READONLY", ""},     Harmless{"SENTINEL", "GET-MASTER-ADDR-BY-NAME"},
    Harmless{"CLUSTER", "SLOTS"}, Harmless{"CLUSTER", "NODES"},
};

}  // namespace

bool is_harmless_redis_command(const std::vector<std::string>& words) {
    return std::any_of(kHarmless.begin(), kHarmless.end(), [&](const Harmless& harmless) {
        if (words.empty() || words[0] != harmless.command) return false;
        return harmless.subcommand.empty() || (words.size() > 1 && words[1] == harmless.subcommand);
    });
}

RedisConnection::RedisConnection(const Interrupt& interrupt) : interrupt_(interrupt) {}
RedisConnection::~RedisConnection() = default;

void RedisConnection::close() {
    socket_.reset();
    reader_.reset();
}

bool RedisConnection::usable() {
    return socket_ && socket_->quiet();
}

Error RedisConnection::fail(Error error) {
    close();
    return error;
}

Result<void> RedisConnection::open(const RedisTarget& target, const TlsOptions& tls, Deadline deadline) {
    close();
    redirect_.reset();
    target_ = target;
    try {
        socket_ = std::make_unique<RedisSocket>(interrupt_, target);
        reader_ = std::make_unique<RedisReader>();
        auto opened = socket_->open(tls, deadline);
        if (opened) opened = log_in(deadline);
        return opened ? opened : fail(opened.error());
    } catch (const std::exception& error) {  // Asio's are no std::system_error
        return fail({Errc::other, std::string("cannot make a connection: ") + error.what(),
                     "look at the limit of open files (LimitNOFILE)"});
    }
}

Result<void> RedisConnection::log_in(Deadline deadline) {
    if (target_.login) {
        std::vector<std::string_view> words{"AUTH"};
        if (!target_.login->user.empty()) words.emplace_back(target_.login->user);
        words.emplace_back(target_.login->password.reveal());
        const base::Secret bytes(encode_redis_command(words));
        const auto reply = exchange(bytes.reveal(), deadline);
        if (!reply) return reply.error();
        if (reply->kind == Kind::error) return redis_auth_error(reply->text, target_);
    }
    if (target_.database == 0) return {};
    const auto selected = command({"SELECT", std::to_string(target_.database)}, deadline);
    return selected ? Result<void>() : selected.error();
}

Result<RedisReply> RedisConnection::command(const std::vector<std::string>& words, Deadline deadline) {
    redirect_.reset();
    if (!is_harmless_redis_command(words)) return Error{Errc::other, "not a command that keyshift sends", {}};
    auto reply = exchange(encode_redis_command({words.begin(), words.end()}), deadline);
    if (!reply || reply->kind != Kind::error) return reply;
    redirect_ = parse_redis_redirect(reply->text);
    return redis_error(reply->text, target_);
}

Result<RedisReply> RedisConnection::exchange(const std::string& bytes, Deadline deadline) {
    if (!socket_) return Error{Errc::connect, "Redis at " + target_.printable + ": not connected", {}};
    if (const auto written = socket_->write(bytes, deadline); !written) return fail(written.error());
    return read_reply(deadline);
}

Result<RedisReply> RedisConnection::read_reply(Deadline deadline) {
    for (;;) {
        const auto bytes = socket_->read(deadline);
        if (!bytes) return fail(bytes.error());
        auto reply = reader_->feed(*bytes);
        if (!reply) {
            Error error = reply.error();
            error.what.insert(0, "Redis at " + target_.printable + ": ");
            return fail(error);
        }
        if (*reply) return std::move(**reply);
    }
}

}  // namespace keyshift::drivers
