// SPDX-License-Identifier: Apache-2.0
// Answers what takes the state to answer, on a thread of its own: the loop goes on meanwhile. Used on the
// loop thread unless said otherwise.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include "base/error.hpp"
#include "http/message.hpp"
#include "store/state.hpp"

namespace keyshift::daemon {

class StateWorker {
 public:
    /// On the worker's thread. An error becomes the answer that problem_of() makes of it.
    using Work = std::function<base::Result<http::Response>(store::State&)>;

    /// `state` is for the worker alone.
    StateWorker(boost::asio::io_context& loop, std::unique_ptr<store::State> state);

    /// An answer that comes when the work is done; 503 at once where too many wait.
    http::Response ask(Work work);
    /// The same of work that may begin now.
    void begin(Work work, http::Answer answer);

    std::size_t waiting() const { return waiting_; }
    /// How often another state has been found in the place of the one that was read: what was read of an
    /// earlier one is void. From any thread.
    std::uint64_t exchanges() const { return exchanges_; }

 private:
    http::Response run(const Work& work);

    boost::asio::io_context& loop_;
    std::size_t waiting_ = 0;
    std::atomic<std::uint64_t> exchanges_ = 0;
    std::unique_ptr<store::State> state_;  // the worker thread's own
    bool has_read_ = false;                // likewise
    boost::asio::thread_pool thread_{1};   // the last: its thread ends before what it uses
};

/// Tells the log why answers say that the state cannot be read.
void log_unread(const base::Error& error);

/// Whether so many wait that no more should, and what they are told.
bool are_too_many(std::size_t waiting);
http::Response too_many_ask();

}  // namespace keyshift::daemon
