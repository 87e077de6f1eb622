// SPDX-License-Identifier: Apache-2.0
// What the service manager is told of this daemon: that it is ready, that it is alive, and one line for
// people. Used on the loop thread.
#pragma once

#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/time.hpp"
#include "domain/model.hpp"
#include "drivers/host/service_manager.hpp"

namespace keyshift::daemon {

class ServiceStatus {
 public:
    ServiceStatus(boost::asio::io_context& loop, drivers::ServiceManager manager)
        : manager_(std::move(manager)), alive_(loop) {}

    const drivers::ServiceManager& manager() const { return manager_; }
    /// What `systemctl status` shows; `now` of the database's clock. Nothing is told twice, or after
    /// stopping().
    void show(const domain::Model& model, base::Time now);
    /// As long as the loop turns, until end().
    void keep_alive();
    void ready() const { manager_.ready(); }
    void reloading() const { manager_.reloading(); }
    void stopping();
    void end() { alive_.cancel(); }

 private:
    drivers::ServiceManager manager_;
    boost::asio::steady_timer alive_;
    std::string last_status_;
    bool stopping_ = false;
};

}  // namespace keyshift::daemon
