// SPDX-License-Identifier: Apache-2.0
// What the model says is saved first and then shown: after a kill -9 no counter steps back. Saves four times
// a second at most, but what is seldom at once. While saving fails, and while another writer holds the state
// for long, what is known is shown unsaved. Used on the loop thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/error.hpp"
#include "daemon/model_updater.hpp"
#include "daemon/pages.hpp"
#include "exposition/families/own_metrics.hpp"
#include "journal/evidence_writer.hpp"
#include "runtime/lifecycle.hpp"

namespace keyshift::daemon {

class EvidenceSaver {
 public:
    /// What is saved and shown, and by whom. All outlive the saver.
    struct Parts {
        boost::asio::io_context& loop;
        runtime::Lifecycle& lifecycle;
        ModelUpdater& updater;
        Pages& pages;
        exposition::OwnMetrics& own;
    };
    /// `state`: a connection of its own. `written` is told what came of each writing, before anything is
    /// shown.
    EvidenceSaver(Parts parts, std::unique_ptr<store::State> state,
                  std::function<void(const journal::Saved&)> written);

    enum class News { can_wait, at_once };
    /// The model has changed.
    void publish(News news);
    /// Shows the model as it is.
    void show_now() { show(snapshot()); }
    /// What was published until now; or the daemon stops.
    boost::asio::awaitable<void> wait_until_shown();
    /// `what` was saved, or not: counts and says it.
    void note_saved(std::string_view what, const std::optional<base::Error>& error);
    /// What has been shown is saved, and no more is shown.
    void stop();

 private:
    using Clock = std::chrono::steady_clock;

    /// What /metrics says once it is saved.
    struct Snapshot {
        exposition::Snapshot page;
        std::uint64_t of;  // published_ then
        bool all_polled;
    };

    Snapshot snapshot() const;
    void show(Snapshot snapshot);
    void save_soon();
    void save();
    boost::asio::awaitable<void> write(Snapshot waiting);
    void settle_written(Snapshot waiting, const journal::Saved& result);

    Parts parts_;
    journal::EvidenceWriter writer_;
    const std::function<void(const journal::Saved&)> written_;
    bool saving_ = false;
    bool at_once_ = false;  // it is to be saved now
    bool unsaved_ = false;  // the model has changed since evidence was last handed to the writer
    std::optional<Clock::time_point> saved_at_;
    std::uint64_t published_ = 0;  // so often
    std::uint64_t shown_ = 0;      // published_ of what /metrics shows
    Clock::time_point shown_at_;
    boost::asio::steady_timer news_shown_;  // never expires; cancelled when something is shown
    boost::asio::steady_timer timer_;
    std::set<std::string> failing_;  // what could not be saved when it was last tried
};

}  // namespace keyshift::daemon
