// SPDX-License-Identifier: Apache-2.0
#include "daemon/sources/source_tasks.hpp"

#include <algorithm>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace keyshift::daemon {

namespace asio = boost::asio;

void SourceTasks::start(List made) {
    while (!made.empty()) {
        tasks_.splice(tasks_.end(), made, made.begin());
        SourceTask& task = tasks_.back();
        lifecycle_.spawn(task.name(), task.run(), [this, &task] {
            task.set_finished();
            finished_.cancel();
            return task.stopped();
        });
    }
}

asio::awaitable<void> SourceTasks::stop_all_but(const std::set<std::string>& kept) {
    for (SourceTask& task : tasks_)
        if (kept.count(task.name()) == 0) task.stop(SourceTask::Stop::exchanged);
    const auto runs = [](const SourceTask& task) { return task.stopped() && !task.finished(); };
    while (!lifecycle_.stopping() && std::any_of(tasks_.begin(), tasks_.end(), runs)) {
        finished_.expires_at(std::chrono::steady_clock::time_point::max());
        co_await finished_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    if (!lifecycle_.stopping()) tasks_.remove_if([](const SourceTask& task) { return task.stopped(); });
}

void SourceTasks::stop() {
    finished_.cancel();
    for (SourceTask& task : tasks_) task.stop(SourceTask::Stop::at_once);
}

SourceTask* SourceTasks::idle_journal() {
    const auto task = std::find_if(tasks_.begin(), tasks_.end(), [](const SourceTask& one) {
        return one.source().keeps_journal() && !one.polling();
    });
    return task == tasks_.end() ? nullptr : &*task;
}

}  // namespace keyshift::daemon
