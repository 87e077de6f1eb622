// SPDX-License-Identifier: Apache-2.0
// The daemon, wired together: this is the one place that knows every part. Sources look at the gateway on
// their own timers, each on its worker thread; the model and the HTTP server live on the loop thread, and a
// scrape renders the model. What it knows is saved, and then shown (monitor_saving.cpp). A reload
// (monitor_reload.cpp) exchanges the sources whose configuration has changed; everything else goes on.
#pragma once

#include <chrono>
#include <csignal>
#include <filesystem>
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

#include "config/config.hpp"
#include "daemon/api_pages.hpp"
#include "daemon/pages.hpp"
#include "daemon/source.hpp"
#include "domain/model.hpp"
#include "drivers/host/service_manager.hpp"
#include "drivers/net/interrupt.hpp"
#include "exposition/families/own_metrics.hpp"
#include "http/server.hpp"
#include "journal/evidence_book.hpp"
#include "journal/evidence_saver.hpp"
#include "store/state.hpp"

namespace keyshift::daemon {

/// How the daemon was started; a reload changes nothing of it.
struct Launch {
    std::optional<std::filesystem::path> file;  ///< read again by a reload; empty: there is none
    std::vector<base::ListenAddress> listen;    ///< instead of web.listen; empty: as configured
    bool lifecycle = false;                     ///< POST /-/reload is obeyed
    drivers::ServiceManager manager;
};

class Monitor {
 public:
    /// Opens the state and the listening sockets, or takes those that the service manager hands over. Errors:
    /// config and permission, both fatal at start.
    static base::Result<std::unique_ptr<Monitor>> start(config::Config config, Launch launch);
    Monitor(const Monitor&) = delete;
    Monitor& operator=(const Monitor&) = delete;

    /// Until SIGTERM or SIGINT. The exit code: ok, or internal when a part died.
    int run();

 private:
    using Clock = std::chrono::steady_clock;

    struct Watched {
        drivers::Interrupt interrupt;
        Source source;
        boost::asio::steady_timer timer;
        std::optional<boost::asio::posix::stream_descriptor> wake;  // readable when there is something new
        bool extra;                                                 // nobody has asked for it by name
        std::optional<base::Errc> logged_error = {};                // a change of state is logged once
        bool skewed = false;
        std::vector<std::string> missing = {};            // of a log, as last logged
        std::map<std::string, std::string> refused = {};  // targets, and why, likewise
        bool polling = false;                             // its worker is at it
        bool leaving = false;                             // a reload has exchanged it ...
        bool over = false;                                // ... and nothing of it runs any more

        Watched(const config::Gateway& gateway, const config::CollectorConfig& collector, Monitor& monitor)
            : source(gateway, collector, *monitor.state_, interrupt),
              timer(monitor.loop_),
              extra(collector.extra) {}
    };

    /// What a new configuration and the state say; made on a worker thread.
    struct Reread {
        std::optional<config::Config> config;
        api::Configuration described;
        std::vector<std::string> problems;  // not empty: the configuration is not to be used
        std::map<std::string, domain::SourceStatus> statuses;  // of sources that are not watched yet
    };

    /// What /metrics says once it is saved.
    struct Picture {
        exposition::Picture page;
        std::uint64_t of;  // published_ then
        bool all_tried;
    };

    Monitor(config::Config config, Launch launch);
    base::Result<void> open();
    base::Result<void> open_server();
    void listen_locally();
    std::vector<http::Route> routes();
    base::Result<void> restore_model();

    base::Result<void> resume(Watched& watched);
    void start_watching(Watched& watched);
    boost::asio::awaitable<void> watch(Watched& watched);
    boost::asio::awaitable<void> wait_for_others(Watched& watched);
    boost::asio::awaitable<void> pause(Watched& watched, Clock::time_point earliest,
                                       Clock::time_point latest);
    void apply(Watched& watched, Cycle cycle);
    void apply_success(Watched& watched, domain::SourceStatus& status, Cycle& cycle);
    void apply_failure(Watched& watched, domain::SourceStatus& status, const Cycle& cycle);
    void save_soon();
    void save_evidence();
    void saved(Picture waiting, const journal::Saved& result);
    void note_state(const std::string& notice, const store::State::Beginning& beginning);
    Picture picture() const;
    void show(Picture picture);
    boost::asio::awaitable<void> wait_until_shown();
    bool all_tried() const;
    base::Time database_now() const;
    static void note_missing(Watched& watched, const collectors::Observation& seen);
    void note_saved(std::string_view what, const std::optional<base::Error>& error);
    enum class News { can_wait, at_once };
    void publish(News news);
    JournalInput journal_input();
    void keep_judging();
    void tell_manager();
    void keep_alive();
    void wait_for_signal();
    void begin_stop();
    void part_ended(const std::exception_ptr& thrown, std::string_view part);
    void forget_part();

    void ask_to_reload(http::Answer answer);
    boost::asio::awaitable<void> reload_while_asked();
    boost::asio::awaitable<std::vector<std::string>> reload();
    Reread read_again() const;
    boost::asio::awaitable<std::vector<std::string>> exchange(Reread fresh);
    bool is_same(const config::Config& config, const config::CollectorConfig& collector) const;
    std::optional<std::string> make_source(const config::Gateway& gateway,
                                           const config::CollectorConfig& collector, std::list<Watched>& to);
    boost::asio::awaitable<void> let_go(const std::set<std::string>& kept);
    void configure(Reread& fresh, std::list<Watched>& started);
    boost::asio::awaitable<void> judge_again();
    void forget_sources(const std::set<std::string>& configured);

    config::Config config_;
    Launch launch_;
    boost::asio::io_context loop_{1};
    std::unique_ptr<store::State> state_;
    domain::Model model_;
    journal::EvidenceBook book_;
    std::optional<journal::EvidenceSaver> saver_;
    bool saving_ = false;
    bool at_once_ = false;       // it is to be saved now
    bool unsaved_news_ = false;  // the model has changed since evidence was last handed to the saver
    std::optional<Clock::time_point> saved_at_;
    std::uint64_t published_ = 0;  // so often
    std::uint64_t shown_ = 0;      // published_ of what /metrics shows
    Clock::time_point shown_at_;
    boost::asio::steady_timer news_shown_{loop_};  // never expires; cancelled when something is shown
    boost::asio::steady_timer save_timer_{loop_};
    exposition::OwnMetrics own_;
    Pages pages_{own_};
    ApiPages api_{model_};
    std::optional<http::Router> router_;
    std::optional<http::Server> server_;

    std::list<Watched> watched_;
    std::map<std::string, domain::SourceStatus> parked_;  // of sources that a reload has taken away
    boost::asio::thread_pool reader_{1};                  // of configuration
    bool reloading_ = false;
    struct {
        std::string changed, added, removed;
    } exchanged_;                             // sources, by the last reload
    std::vector<http::Answer> reload_asked_;  // null: by a signal
    boost::asio::steady_timer left_{loop_};   // never expires; cancelled when a source is over

    boost::asio::signal_set signals_{loop_, SIGTERM, SIGINT, SIGHUP};
    boost::asio::steady_timer grace_{loop_};
    boost::asio::steady_timer judging_{loop_};
    boost::asio::steady_timer alive_{loop_};
    std::string told_;       // to the service manager
    std::size_t parts_ = 0;  // coroutines that have not ended
    bool stopping_ = false;
    Clock::time_point stopping_at_;
    std::set<std::string> unsaved_;  // what could not be saved when it was last tried
    int exit_code_ = 0;
};

}  // namespace keyshift::daemon
