// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor.hpp"

#include <utility>

#include "base/log/log.hpp"
#include "daemon/notify/phase_log.hpp"
#include "journal/described_configuration.hpp"
#include "runtime/thread_signals.hpp"
#include "store/state_directory.hpp"

namespace keyshift::daemon {
namespace {

namespace log = base::log;
using base::Result;
using News = EvidenceSaver::News;
using namespace std::chrono_literals;

constexpr auto kJudgeEvery = 15s;

}  // namespace

Monitor::Monitor(config::Config config, Launch launch, drivers::ServiceManager manager)
    : config_(std::move(config)), launch_(std::move(launch)), service_(loop_, std::move(manager)) {}

Result<std::unique_ptr<Monitor>> Monitor::start(config::Config config, Launch launch,
                                                drivers::ServiceManager manager) {
    // They are for the loop's thread alone; workers are made with what holds here.
    runtime::block_signals();
    std::unique_ptr<Monitor> monitor(new Monitor(std::move(config), std::move(launch), std::move(manager)));
    if (auto opened = monitor->open(); !opened) return opened.error();
    return monitor;
}

Result<void> Monitor::open() {
    auto opened = store::State::open(config_.state.directory);
    if (!opened) return opened.error();
    state_ = *std::move(opened);
    note_state(state_->take_notice(), state_->beginning());
    if (auto restored = updater_.restore(*state_, config_); !restored) return restored;
    saver_.emplace(EvidenceSaver::Parts{loop_, lifecycle_, updater_, pages_, own_}, state_->beside(),
                   [this](const journal::Saved& saved) {
                       updater_.set_state_size(state_->size_bytes());
                       if (saved.marks) updater_.set_marks(*saved.marks);
                       note_state(saved.notice, saved.beginning);
                   });
    if (auto made = make_notifier(); !made) return made;
    if (auto made = make_sources(); !made) return made;
    worker_.emplace(loop_, updater_.model(), [this] { return state_->beside(); });
    actions_.emplace(loop_, [this] { return state_->beside(); });
    api_.emplace(updater_.model(), *worker_, *actions_, config_.web.paths.base());
    api_->configure(journal::described(config_, launch_.file, updater_.model().config_loaded_at), config_);
    status_pages_.emplace(updater_.model(), *worker_);
    status_pages_->configure(config_);
    router_.emplace(
        routes(),
        [this](std::string_view handler, int code, unsigned times) {
            own_.count_requests(handler, code, times);
        },
        config_.web.paths.prefix());
    updater_.update();
    saver_->show_now();
    return open_server();
}

Result<void> Monitor::make_notifier() {
    notifier_.emplace(
        Notifier::Parts{loop_, lifecycle_, *state_, [this](const domain::Notifications& counts) {
                            if (updater_.set_notifications(counts)) saver_->publish(News::can_wait);
                        }});
    const auto restored = notifier_->restore(config_.notify);
    if (!restored) return restored.error();
    updater_.set_notifications(*restored);
    return {};
}

Result<void> Monitor::make_sources() {
    sources_.emplace(loop_, lifecycle_, *state_, source_hooks());
    for (const config::CollectorConfig& collector : config_.collectors)
        sources_->make(config_.gateway, collector, made_);
    for (SourceTask& task : made_) {
        if (auto resumed = task.resume(updater_.begin_source(task.name())); !resumed) return resumed;
    }
    return {};
}

SourceTask::Hooks Monitor::source_hooks() {
    return {
        .journal_input = [this] { return updater_.journal_input(config_); },
        .others_unpolled = [this](const std::string& besides) { return updater_.others_unpolled(besides); },
        .begin_own_requests = [this](const auto& events) { updater_.begin_own_requests(events); },
        .end_own_requests = [this](const auto& events) { updater_.end_own_requests(events); },
        .apply = [this](SourceTask& task, Cycle cycle) { apply(task, std::move(cycle)); }};
}

std::vector<http::Route> Monitor::routes() {
    const auto reload = [this](http::Answer answer) { reload_->ask(std::move(answer)); };
    auto all = pages_.routes(launch_.lifecycle ? reload : Pages::Reload(), config_.web.paths.telemetry_path,
                             updater_.model());
    for (http::Route& route : status_pages_->routes(Pages::index(config_.web.paths)))
        all.push_back(std::move(route));
    for (http::Route& route : api_->routes()) all.push_back(std::move(route));
    return all;
}

Result<void> Monitor::open_server() {
    const std::vector<int>& sockets = service_.manager().sockets();
    if (launch_.systemd_socket && sockets.empty()) {
        return base::Error{base::Errc::config, "--web.systemd-socket: systemd has handed over no socket",
                           "start it by its socket unit (systemctl start keyshift.socket), or leave the flag "
                           "out"};
    }
    const auto& addresses = launch_.listen.empty() ? config_.web.listen : launch_.listen;
    auto server = sockets.empty()
                      ? http::Server::listen(loop_.get_executor(), addresses, http::Limits{}, *router_)
                      : http::Server::adopt(loop_.get_executor(), sockets, http::Limits{}, *router_);
    if (!server) return server.error();
    server_.emplace(std::move(*server));
    if (auto made = make_access(); !made) return made;
    listen_locally();
    reload_.emplace(Reload::Parts{config_, launch_, lifecycle_, updater_, *saver_, *sources_, *notifier_,
                                  *api_, *status_pages_, *server_, service_});
    return {};
}

Result<void> Monitor::make_access() {
    const auto& file = launch_.web_file.empty() ? config_.web.config_file : launch_.web_file;
    if (file.empty()) return {};
    std::vector<config::Problem> problems;
    access_ = WebAccess::open(
        loop_.get_executor(), file, [this](bool good) { own_.note_web_config(good); }, problems);
    if (!access_) return base::Error{base::Errc::config, problems.front().text(), {}};
    server_->guard(*access_);
    log::info("web configuration read",
              {{"file", file.string()}, {"tls", access_->encrypts()}, {"http2", false}});
    return {};
}

/// For the commands on this host. Whoever scrapes does not need it, so that its want ends nothing.
void Monitor::listen_locally() {
    const auto listening = server_->listen_locally(config_.state.directory, store::kSocketName);
    if (listening) return;
    log::error("commands cannot ask this daemon: there is no socket for them",
               {{"error", listening.error().what}, {"hint", listening.error().hint}});
}

int Monitor::run() {
    lifecycle_.spawn("http", server_->run(), [] { return false; });
    keep_judging();
    service_.keep_alive();
    sources_->start(std::exchange(made_, {}));
    lifecycle_.begin({.reload = [this] { reload_->ask({}); },
                      .stop = [this] { stop(); },
                      .over = [this] { service_.end(); }});
    runtime::unblock_signals();
    notifier_->configure(config_);
    for (const std::string& address : server_->addresses()) log::info("listening", {{"address", address}});
    tell_manager();
    service_.ready();
    loop_.run();
    // For good: who signals twice must not turn an orderly end into a violent one while it is tidied up.
    runtime::block_signals();
    log::info("stopped");
    return lifecycle_.exit_code();
}

void Monitor::apply(SourceTask& task, Cycle cycle) {
    own_.count_poll(task.name(), cycle.took);
    // A poll that failed has saved nothing, which is no sign that saving works.
    if (cycle.keys) saver_->note_saved("journal", cycle.keys->state_error);
    if (cycle.state_error) saver_->note_saved("journal", cycle.state_error);
    const bool judged = cycle.keys.has_value();
    if (judged) log_phase_changes(cycle.keys->phase_changes);
    const std::string notice = cycle.state_notice;
    const store::State::Beginning beginning = cycle.state_beginning;
    const bool changed = updater_.apply(
        {task.name(), task.source().interval(), task.source().keeps_journal()}, std::move(cycle));
    note_state(notice, beginning);
    // A log is polled many times a second; what else there is, is seldom, and shown at once.
    saver_->publish(task.wakes() && !changed ? News::can_wait : News::at_once);
    if (changed) tell_manager();
    if (changed || judged) notifier_->model_changed(updater_.model(), updater_.database_now());
}

/// What has happened to the state file, while or before keyshift ran. With its directory the socket may have
/// gone.
void Monitor::note_state(const std::string& notice, const store::State::Beginning& beginning) {
    if (updater_.note_state(notice, beginning) && server_) listen_locally();
}

void Monitor::tell_manager() {
    service_.show(updater_.model(), updater_.database_now());
}

/// The verdict grows old even when nothing else happens.
void Monitor::keep_judging() {
    judging_.expires_after(kJudgeEvery);
    judging_.async_wait([this](const boost::system::error_code& error) {
        if (error || lifecycle_.stopping()) return;
        saver_->publish(News::at_once);
        tell_manager();
        notifier_->model_changed(updater_.model(), updater_.database_now());
        keep_judging();
    });
}

void Monitor::stop() {
    service_.stopping();
    pages_.set_not_ready("shutting down");
    server_->stop();
    if (access_) access_->stop();
    judging_.cancel();
    sources_->stop();
    saver_->stop();
    notifier_->stop();
    worker_->stop();
    status_pages_->stop();
}

}  // namespace keyshift::daemon
