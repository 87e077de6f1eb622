// SPDX-License-Identifier: Apache-2.0
// The daemon, wired together: this is the one place that knows every part. Sources look at the gateway on
// their own timers, each on its worker thread; the model and the HTTP server live on the loop thread, and a
// scrape renders the model.
#pragma once

#include <chrono>
#include <csignal>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "app/evidence_book.hpp"
#include "app/evidence_saver.hpp"
#include "app/pages.hpp"
#include "app/source.hpp"
#include "config/config.hpp"
#include "domain/model.hpp"
#include "drivers/interrupt.hpp"
#include "http/server.hpp"
#include "store/state.hpp"

namespace keyshift::app {

class Monitor {
 public:
    /// Opens the state and the listening sockets. Errors: config and permission, both fatal at start.
    static base::Result<std::unique_ptr<Monitor>> start(config::Config config);
    Monitor(const Monitor&) = delete;
    Monitor& operator=(const Monitor&) = delete;

    /// Until SIGTERM or SIGINT. The exit code: ok, or internal when a part died.
    int run();

 private:
    using Clock = std::chrono::steady_clock;

    struct Watched {
        Source source;
        boost::asio::steady_timer timer;
        std::optional<boost::asio::posix::stream_descriptor> wake;  // readable when there is something new
        bool extra;                                                 // nobody has asked for it by name
        std::optional<base::Errc> logged_error = {};                // a change of state is logged once
        bool skewed = false;
        std::vector<std::string> missing = {};  // of a log, as last logged

        Watched(const config::Config& config, const config::CollectorConfig& collector, Monitor& monitor)
            : source(config, collector, *monitor.state_, monitor.interrupt_),
              timer(monitor.loop_),
              extra(collector.extra) {}
    };

    explicit Monitor(config::Config config);
    base::Result<void> open();
    base::Result<void> restore_model();

    base::Result<void> resume(Watched& watched);
    boost::asio::awaitable<void> watch(Watched& watched);
    boost::asio::awaitable<void> pause(Watched& watched, Clock::time_point earliest,
                                       Clock::time_point latest);
    void apply(Watched& watched, Cycle cycle);
    void apply_success(Watched& watched, domain::SourceStatus& status, Cycle& cycle);
    void apply_failure(Watched& watched, domain::SourceStatus& status, const Cycle& cycle);
    void save_soon();
    void save_evidence();
    static void note_missing(Watched& watched, const collectors::Observation& seen);
    void note_saved(std::string_view what, const std::optional<base::Error>& error);
    void publish();
    void keep_judging();
    void wait_for_signal();
    void begin_stop();
    void part_ended(const std::exception_ptr& thrown, std::string_view part);
    void forget_part();

    config::Config config_;
    boost::asio::io_context loop_{1};
    drivers::Interrupt interrupt_;
    std::unique_ptr<store::State> state_;
    domain::Model model_;
    EvidenceBook book_;
    std::optional<EvidenceSaver> saver_;
    bool saving_ = false;
    bool unsaved_news_ = false;  // the model has changed since evidence was last handed to the saver
    std::optional<Clock::time_point> saved_at_;
    boost::asio::steady_timer save_timer_{loop_};
    Pages pages_;
    std::optional<http::Router> router_;
    std::optional<http::Server> server_;

    std::list<Watched> watched_;
    boost::asio::signal_set signals_{loop_, SIGTERM, SIGINT, SIGHUP};
    boost::asio::steady_timer grace_{loop_};
    boost::asio::steady_timer judging_{loop_};
    std::size_t parts_ = 0;  // coroutines that have not ended
    bool stopping_ = false;
    std::set<std::string> unsaved_;  // what could not be saved when it was last tried
    int exit_code_ = 0;
};

}  // namespace keyshift::app
