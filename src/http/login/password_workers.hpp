// SPDX-License-Identifier: Apache-2.0
// Two threads that find out whether passwords fit their hashes, so that the loop never does. They are made
// with the first password. Used on the loop thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "base/secret.hpp"

namespace keyshift::http {

class PasswordWorkers {
 public:
    using Done = std::function<void(bool fits)>;

    /// How much may wait; in all, and for one client, which so keeps nobody else out.
    struct Bounds {
        std::size_t waiting = 64;
        std::size_t of_one_peer = 8;
    };

    explicit PasswordWorkers(const boost::asio::any_io_executor& loop) : PasswordWorkers(loop, Bounds{}) {}
    PasswordWorkers(const boost::asio::any_io_executor& loop, Bounds bounds);
    /// What is under way is not waited for: a hash of a high cost takes hours, and its result is dropped.
    ~PasswordWorkers();
    PasswordWorkers(const PasswordWorkers&) = delete;
    PasswordWorkers& operator=(const PasswordWorkers&) = delete;

    /// `done` is called on the loop, unless this ends or stops before. False: too many wait, and it never is.
    bool check(const std::string& peer, base::Secret hash, base::Secret password, Done done);
    /// For good: what was not answered never is.
    void stop();

 private:
    struct Shared;
    std::shared_ptr<Shared> shared_;
};

}  // namespace keyshift::http
