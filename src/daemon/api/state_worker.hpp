// SPDX-License-Identifier: Apache-2.0
// Answers what takes the state or all keys to answer, on a thread of its own: the loop goes on meanwhile.
// Keeps the index of keys while somebody asks for keys, and lets it go after a while. Used on the loop
// thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include "base/error.hpp"
#include "base/time.hpp"
#include "http/message.hpp"
#include "inventory/documents.hpp"
#include "inventory/key_index.hpp"
#include "store/state.hpp"

namespace keyshift::daemon {

class InventoryWorker {
 public:
    /// On the worker's thread. `by.read_at` is the poll that the index is of.
    using Work = std::function<base::Result<http::Response>(store::State&, const inventory::JudgedBy& by)>;
    using KeyWork = std::function<base::Result<http::Response>(store::State&, const inventory::KeyIndex&,
                                                               const inventory::JudgedBy& by)>;

    /// `state` is for the worker alone.
    InventoryWorker(boost::asio::io_context& loop, std::unique_ptr<store::State> state);

    /// An answer that comes when the work is done; 503 at once where too many wait.
    http::Response ask(inventory::JudgedBy by, Work work);
    http::Response ask_keys(inventory::JudgedBy by, KeyWork work);
    void stop();

 private:
    using Clock = std::chrono::steady_clock;

    http::Response run(const inventory::JudgedBy& by, const Work& work);
    base::Result<http::Response> run_with_index(store::State& state, inventory::JudgedBy by,
                                                const KeyWork& work);
    base::Result<void> build_index(store::State& state, std::optional<base::Time> read_at);
    bool may_answer_from(const std::optional<base::Time>& read_at) const;
    void forget_later();

    boost::asio::io_context& loop_;
    boost::asio::steady_timer idle_;
    std::size_t waiting_ = 0;

    // The worker thread's own.
    std::unique_ptr<store::State> state_;
    std::shared_ptr<const inventory::KeyIndex> index_;
    std::optional<base::Time> index_of_;  // the poll
    Clock::time_point built_at_;
    Clock::duration build_took_{};

    boost::asio::thread_pool thread_{1};  // the last: its thread ends before what it uses
};

}  // namespace keyshift::daemon
