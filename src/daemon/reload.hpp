// SPDX-License-Identifier: Apache-2.0
// Reload: the configuration is read again, and taken if all of it is valid. Sources that are configured as
// before are not touched; the others are ended, and started as at the daemon's start, where they had got to.
// Counters, evidence and connections of clients go on. Used on the loop thread; files are read on another.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>

#include "config/config.hpp"
#include "daemon/api/api_pages.hpp"
#include "daemon/evidence_saver.hpp"
#include "daemon/launch.hpp"
#include "daemon/model_updater.hpp"
#include "daemon/notify/notifier.hpp"
#include "daemon/service_status.hpp"
#include "daemon/sources/source_tasks.hpp"
#include "daemon/status_page/status_pages.hpp"
#include "http/server.hpp"
#include "runtime/lifecycle.hpp"

namespace keyshift::daemon {

class Reload {
 public:
    /// What a reload exchanges, and what is told of it. All outlive this.
    struct Parts {
        config::Config& config;
        const Launch& launch;
        runtime::Lifecycle& lifecycle;
        ModelUpdater& updater;
        EvidenceSaver& saver;
        SourceTasks& sources;
        Notifier& notifier;
        ApiPages& api;
        StatusPages& status_pages;
        http::Server& server;
        ServiceStatus& service;
    };

    explicit Reload(Parts parts) : parts_(parts) {}

    /// Begins one, or lets another follow the one that is under way. `answer` is called when it is over;
    /// null: a signal has asked.
    void ask(http::Answer answer);

 private:
    using Problems = std::vector<std::string>;

    /// A configuration that may be taken, and what the state says of its sources; made on the reader's
    /// thread.
    struct Candidate {
        std::optional<config::Config> config;
        api::Configuration described;
        Problems problems;  // not empty: it is not to be taken
        ModelUpdater::Statuses statuses;
    };
    struct Exchanged {
        std::string changed, added, removed;  // names of sources
    };

    boost::asio::awaitable<void> reload_while_asked();
    boost::asio::awaitable<Problems> reload();
    Candidate read() const;
    void read_into(Candidate& out) const;
    boost::asio::awaitable<Problems> exchange(Candidate candidate);
    bool is_same(const config::Config& config, const config::CollectorConfig& collector) const;
    Problems make_sources(const config::Config& config, SourceTasks::List& to) const;
    Problems move_server(const config::Config& config) const;
    void configure(Candidate& candidate, SourceTasks::List started);
    boost::asio::awaitable<void> judge_again();

    Parts parts_;
    boost::asio::thread_pool reader_{1};
    bool reloading_ = false;
    Exchanged exchanged_;              // by the last reload
    std::vector<http::Answer> asked_;  // null: by a signal
};

}  // namespace keyshift::daemon
