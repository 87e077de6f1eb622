// SPDX-License-Identifier: Apache-2.0
// Tells the operator's webhook of events and of changes of the verdict, on a thread of its own: the loop and
// the sources never wait for it. Says in the log when that goes wrong, and when it works again. Used on the
// loop thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include "base/error.hpp"
#include "base/time.hpp"
#include "config/config.hpp"
#include "daemon/notify/courier.hpp"
#include "daemon/notify/told.hpp"
#include "daemon/notify/verdict_queue.hpp"
#include "domain/model.hpp"
#include "runtime/lifecycle.hpp"
#include "store/state.hpp"

namespace keyshift::daemon {

class Notifier {
 public:
    /// All outlive the notifier.
    struct Parts {
        boost::asio::io_context& loop;
        runtime::Lifecycle& lifecycle;
        store::State& state;  ///< used at the start alone; further connections are made beside it
        /// What was sent, and what was not, has changed.
        std::function<void(const domain::Notifications&)> counted;
    };

    explicit Notifier(Parts parts) : parts_(std::move(parts)), timer_(parts_.loop) {}

    /// At the start: what has been told. Blocking.
    base::Result<domain::Notifications> restore(const config::Notify& configured);
    /// From now on by this configuration; without a URL nobody is told.
    void configure(const config::Config& config);
    /// The key table was polled, or time has passed: says a changed verdict in the log, and tells what there
    /// is to tell.
    void model_changed(const domain::Model& model, base::Time now);
    void stop();

 private:
    void observe(const domain::Model& model, base::Time now);
    void start();
    boost::asio::awaitable<void> run();
    void take(const Turn& turn);
    void log_failure(const Turn& turn);
    boost::asio::awaitable<void> rest(const Turn& turn);

    Parts parts_;
    boost::asio::steady_timer timer_;
    config::Notify to_;
    bool names_keys_ = true;
    Told told_;             // while there is no courier
    VerdictQueue told_of_;  // the receiver
    VerdictQueue logged_;
    base::Time now_;
    std::unique_ptr<Courier> courier_;  // used by the worker while run() waits for it
    bool running_ = false;
    bool switched_off_ = false;  // what runs is to end
    bool news_ = false;          // since the last turn began
    bool reconfigured_ = false;  // likewise
    bool idle_ = false;          // run() waits for news
    bool failing_ = false;       // as the log has it
    std::optional<boost::asio::thread_pool> worker_;
};

}  // namespace keyshift::daemon
