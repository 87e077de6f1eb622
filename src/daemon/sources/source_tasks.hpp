// SPDX-License-Identifier: Apache-2.0
// The tasks of all watched sources, which a reload may exchange. Used on the loop thread.
#pragma once

#include <list>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "config/config.hpp"
#include "daemon/sources/source_task.hpp"
#include "runtime/lifecycle.hpp"
#include "store/state.hpp"

namespace keyshift::daemon {

class SourceTasks {
 public:
    using List = std::list<SourceTask>;

    /// All outlive this.
    SourceTasks(boost::asio::io_context& loop, runtime::Lifecycle& lifecycle, store::State& state,
                SourceTask::Hooks hooks)
        : loop_(loop), lifecycle_(lifecycle), state_(state), hooks_(std::move(hooks)), finished_(loop) {}

    /// A further one, not started. Throws what its collector's constructor throws.
    void make(const config::Gateway& gateway, const config::CollectorConfig& collector, List& to) const {
        to.emplace_back(loop_, gateway, collector, state_, hooks_);
    }
    /// All of `made` run from now on.
    void start(List made);
    /// Those that are not `kept` end; until nothing of them runs any more, or the daemon stops.
    boost::asio::awaitable<void> stop_all_but(const std::set<std::string>& kept);
    /// The daemon ends.
    void stop();

    /// The source that keeps the journal; null: there is none, or it is polling.
    SourceTask* idle_journal();

 private:
    boost::asio::io_context& loop_;
    runtime::Lifecycle& lifecycle_;
    store::State& state_;
    const SourceTask::Hooks hooks_;
    List tasks_;
    boost::asio::steady_timer finished_;  // never expires; cancelled when a task has finished
};

}  // namespace keyshift::daemon
