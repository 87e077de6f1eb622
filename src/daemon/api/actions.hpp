// SPDX-License-Identifier: Apache-2.0
// What operators decide over HTTP: pairs, acknowledgements, marks, and their removal, as the commands do. The
// work is done on a thread of its own, since it asks the gateway's key table and waits for the state. Used on
// the loop thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>

#include "base/error.hpp"
#include "config/config.hpp"
#include "daemon/api/state_worker.hpp"
#include "http/message.hpp"
#include "store/state.hpp"

namespace keyshift::daemon {

class Actions {
 public:
    /// Opens a further connection to the state; called once, by the first decision.
    using OpenState = std::function<std::unique_ptr<store::State>()>;

    Actions(boost::asio::io_context& loop, OpenState open) : loop_(loop), open_(std::move(open)) {}

    /// By which configuration is decided from now on.
    void configure(const config::Config& config) { config_ = std::make_shared<const config::Config>(config); }

    /// POST and DELETE of the three resources; 403 and the like where it may not be (action_guard.hpp).
    http::Response pair(const http::Request& request);
    http::Response unpair(const http::Request& request);
    http::Response acknowledge(const http::Request& request);
    http::Response unacknowledge(const http::Request& request);
    http::Response mark(const http::Request& request);
    http::Response unmark(const http::Request& request);

 private:
    using Do = std::function<base::Result<http::Response>(store::State&)>;
    http::Response decide(Do work);

    boost::asio::io_context& loop_;
    OpenState open_;
    std::shared_ptr<const config::Config> config_;
    std::optional<StateWorker> worker_;
};

}  // namespace keyshift::daemon
