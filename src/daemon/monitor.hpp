// SPDX-License-Identifier: Apache-2.0
// The daemon, wired together: this is the one place that knows every part. Sources poll the gateway, each on
// its worker thread (SourceTask); what came of it changes the model (ModelUpdater), is saved, and then shown
// (EvidenceSaver); a scrape renders what is shown. A reload exchanges sources (Reload). All but the workers
// live on the loop thread.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "config/config.hpp"
#include "daemon/api/actions.hpp"
#include "daemon/api/api_pages.hpp"
#include "daemon/api/inventory_worker.hpp"
#include "daemon/evidence_saver.hpp"
#include "daemon/launch.hpp"
#include "daemon/model_updater.hpp"
#include "daemon/notify/notifier.hpp"
#include "daemon/pages.hpp"
#include "daemon/reload.hpp"
#include "daemon/service_status.hpp"
#include "daemon/sources/source_tasks.hpp"
#include "daemon/status_page/status_pages.hpp"
#include "daemon/web/web_access.hpp"
#include "exposition/families/own_metrics.hpp"
#include "http/server.hpp"
#include "runtime/lifecycle.hpp"
#include "store/state.hpp"

namespace keyshift::daemon {

class Monitor {
 public:
    /// Opens the state and the listening sockets, or takes those that the service manager hands over. Errors:
    /// config and permission, both fatal at start.
    static base::Result<std::unique_ptr<Monitor>> start(config::Config config, Launch launch,
                                                        drivers::ServiceManager manager);
    Monitor(const Monitor&) = delete;
    Monitor& operator=(const Monitor&) = delete;

    /// Until SIGTERM or SIGINT. The exit code: ok, or internal when a part died.
    int run();

 private:
    Monitor(config::Config config, Launch launch, drivers::ServiceManager manager);
    base::Result<void> open();
    base::Result<void> make_sources();
    base::Result<void> make_notifier();
    base::Result<void> open_server();
    base::Result<void> make_access();
    void listen_locally();
    std::vector<http::Route> routes();
    SourceTask::Hooks source_hooks();
    void apply(SourceTask& task, Cycle cycle);
    void note_state(const std::string& notice, const store::State::Beginning& beginning);
    void tell_manager();
    void keep_judging();
    void stop();

    config::Config config_;
    Launch launch_;
    boost::asio::io_context loop_{1};
    runtime::Lifecycle lifecycle_{loop_};
    std::unique_ptr<store::State> state_;
    ModelUpdater updater_;
    exposition::OwnMetrics own_;
    Pages pages_{own_};
    std::optional<InventoryWorker> worker_;
    std::optional<Actions> actions_;
    std::optional<ApiPages> api_;
    std::optional<StatusPages> status_pages_;
    ServiceStatus service_;
    std::optional<EvidenceSaver> saver_;
    std::optional<Notifier> notifier_;
    std::optional<SourceTasks> sources_;
    SourceTasks::List made_;  // sources, until run() starts them
    std::optional<http::Router> router_;
    std::unique_ptr<WebAccess> access_;  // null: there is no web configuration
    std::optional<http::Server> server_;
    std::optional<Reload> reload_;
    boost::asio::steady_timer judging_{loop_};
};

}  // namespace keyshift::daemon
