// SPDX-License-Identifier: Apache-2.0
// One connection to one Redis server: questions only, every wait bounded by a deadline and an Interrupt.
// Blocking; used by one thread at a time. RESP2, so that every version and every compatible server does.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "drivers/dsn/redis_target.hpp"
#include "drivers/net/interrupt.hpp"
#include "drivers/net/tls.hpp"
#include "drivers/redis/error.hpp"
#include "drivers/redis/reply.hpp"

namespace keyshift::drivers {

class RedisSocket;

class RedisConnection {
 public:
    explicit RedisConnection(const Interrupt& interrupt);
    ~RedisConnection();
    RedisConnection(const RedisConnection&) = delete;
    RedisConnection& operator=(const RedisConnection&) = delete;

    /// Opens a connection (closing an open one), logs in and selects the database. Errors: connect, auth,
    /// permission, timeout, schema (no such database), parse, config (TLS files), canceled.
    base::Result<void> open(const RedisTarget& target, const TlsOptions& tls, base::Deadline deadline);
    /// Open, and the server has not closed it since. It may still be gone without a word.
    bool usable();
    void close();

    /// Sends one command and waits for its reply. An error reply is an Error and leaves the connection open
    /// (redis_error.hpp has the codes); any other error closes it. Only commands that neither write nor count
    /// as a use of a key are sent; any other is Errc::other.
    base::Result<RedisReply> command(const std::vector<std::string>& words, base::Deadline deadline);
    /// Where the last command should have been sent, if its answer was MOVED or ASK.
    const std::optional<RedisRedirect>& redirect() const { return redirect_; }

    /// That of the last open().
    const RedisTarget& target() const { return target_; }

 private:
    base::Result<void> log_in(base::Deadline deadline);
    base::Result<RedisReply> exchange(const std::string& bytes, base::Deadline deadline);
    base::Result<RedisReply> read_reply(base::Deadline deadline);
    base::Error fail(base::Error error);

    const Interrupt& interrupt_;
    RedisTarget target_;
    std::unique_ptr<RedisSocket> socket_;
    std::unique_ptr<RedisReader> reader_;
    std::optional<RedisRedirect> redirect_;
};

/// Whether `words` is a command that connections send: it changes nothing, not even a key's hits or idle
/// time.
bool is_harmless_redis_command(const std::vector<std::string>& words);

}  // namespace keyshift::drivers
