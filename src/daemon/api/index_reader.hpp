// SPDX-License-Identifier: Apache-2.0
// Keeps the index of all keys while somebody asks for keys, and lets it go after a while. It is read on a
// thread of its own, by a connection of its own: with a million keys that takes seconds, and nobody else has
// to wait for it. Used on the loop thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include "base/error.hpp"
#include "base/time.hpp"
#include "inventory/key_index.hpp"
#include "store/state.hpp"

namespace keyshift::daemon {

class IndexReader {
 public:
    struct Kept {
        std::shared_ptr<const inventory::KeyIndex> index = {};
        std::optional<base::Time> read_at = {};  ///< the poll of the key table that it is of
    };
    /// On the loop thread. Errors: those of reading the state.
    using Taker = std::function<void(const base::Result<Kept>&)>;
    using OpenState = std::function<std::unique_ptr<store::State>()>;

    /// `open` makes the connection, when there is something to read.
    IndexReader(boost::asio::io_context& loop, OpenState open);
    ~IndexReader();

    /// Hands over the index of the poll of `read_at`: at once where there is one, else when it has been read.
    /// One that takes long to read is not read for each poll: an earlier one is handed over, with its
    /// `read_at`, and a newer one is read meanwhile.
    void ask(std::optional<base::Time> read_at, Taker taker);
    /// What was read is of another state.
    void forget();
    void stop();

 private:
    using Clock = std::chrono::steady_clock;
    struct Waiting {
        std::optional<base::Time> read_at;
        Taker taker;
    };

    bool is_time_for_another() const;
    void read(std::optional<base::Time> read_at);
    /// On the thread.
    base::Result<std::shared_ptr<const inventory::KeyIndex>> build();
    void done(base::Result<Kept> read, Clock::time_point began);
    void let_go_later();

    boost::asio::io_context& loop_;
    boost::asio::steady_timer idle_;
    OpenState open_;
    std::optional<Kept> kept_;
    std::vector<Waiting> takers_;
    bool reading_ = false;
    bool is_void_ = false;    // what is being read
    std::size_t served_ = 0;  // so many of the first takers were there when the reading began
    Clock::time_point read_until_;
    Clock::duration took_{};

    std::unique_ptr<store::State> state_;  // the thread's own, while it reads
    std::atomic<bool> stopping_ = false;
    std::optional<boost::asio::thread_pool> thread_;  // the last: it ends before what it uses
};

}  // namespace keyshift::daemon
