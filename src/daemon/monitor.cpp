// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor.hpp"

#include <algorithm>
#include <cstdlib>
#include <random>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <unistd.h>

#include "base/exit_code.hpp"
#include "base/log/log.hpp"
#include "base/utf8.hpp"
#include "collectors/catalog.hpp"
#include "daemon/status_line.hpp"
#include "domain/assess.hpp"
#include "domain/evidence_facts.hpp"
#include "journal/described_configuration.hpp"
#include "journal/judging.hpp"
#include "journal/saved_evidence.hpp"
#include "runtime/run_blocking.hpp"
#include "runtime/schedule.hpp"
#include "runtime/thread_signals.hpp"
#include "store/state_directory.hpp"

namespace keyshift::daemon {
namespace {

namespace asio = boost::asio;
namespace log = base::log;
using base::Result;
using domain::SourceStatus;
using namespace std::chrono_literals;

/// From the signal to the end: what is under way is finished, what cannot be is given up.
constexpr auto kGrace = 1800ms;
constexpr base::Duration kTolerableSkew = 5s;
constexpr auto kJudgeEvery = 15s;
constexpr auto kLookAgain = 20ms;

/// Who signals a process and its group, as timeout(1) does, signals twice and means once.
constexpr auto kSameSignal = 100ms;

}  // namespace

Monitor::Monitor(config::Config config, Launch launch)
    : config_(std::move(config)), launch_(std::move(launch)) {}

Result<std::unique_ptr<Monitor>> Monitor::start(config::Config config, Launch launch) {
    // They are for the loop's thread alone; workers are made with what holds here.
    runtime::hold_signals();
    std::unique_ptr<Monitor> monitor(new Monitor(std::move(config), std::move(launch)));
    if (auto opened = monitor->open(); !opened) return opened.error();
    return monitor;
}

Result<void> Monitor::open() {
    auto opened = store::State::open(config_.state.directory);
    if (!opened) return opened.error();
    state_ = *std::move(opened);
    note_state(state_->take_notice(), state_->beginning());
    for (const config::CollectorConfig& collector : config_.collectors)
        watched_.emplace_back(config_.gateway, collector, *this);
    if (auto restored = restore_model(); !restored) return restored.error();
    const auto count = [this](std::string_view handler, int code, unsigned times) {
        own_.count_requests(handler, code, times);
    };
    router_.emplace(routes(), count);
    journal::EvidenceBook::update(model_, base::now());
    show(picture());
    return open_server();
}

std::vector<http::Route> Monitor::routes() {
    const auto reload = [this](http::Answer answer) { ask_to_reload(std::move(answer)); };
    auto all = pages_.routes(launch_.lifecycle ? reload : Pages::Reload());
    for (http::Route& route : api_.routes()) all.push_back(std::move(route));
    return all;
}

Result<void> Monitor::open_server() {
    const std::vector<int>& sockets = launch_.manager.sockets();
    const auto& addresses = launch_.listen.empty() ? config_.web.listen : launch_.listen;
    auto server = sockets.empty()
                      ? http::Server::listen(loop_.get_executor(), addresses, http::Limits{}, *router_)
                      : http::Server::adopt(loop_.get_executor(), sockets, http::Limits{}, *router_);
    if (!server) return server.error();
    server_.emplace(std::move(*server));
    listen_locally();
    return {};
}

/// For the commands on this host. Whoever scrapes does not need it, so that its want ends nothing.
void Monitor::listen_locally() {
    const auto listening = server_->listen_locally(config_.state.directory, store::kSocketName);
    if (listening) return;
    log::error("commands cannot ask this daemon: there is no socket for them",
               {{"error", listening.error().what}, {"hint", listening.error().hint}});
}

/// Counters continue where they stood: the first scrape must not see a 0 that was never true.
Result<void> Monitor::restore_model() {
    const auto counters = state_->load_counters();
    if (!counters) return counters.error();
    const auto starts = state_->load_observation_starts();
    if (!starts) return starts.error();
    model_.saved_totals = journal::saved_totals(*counters);
    for (const Watched& watched : watched_) {
        SourceStatus& status = model_.sources[watched.source.name()];
        status.errors = journal::load_errors(*counters, watched.source.name());
        const auto start = starts->find(watched.source.name());
        if (start != starts->end()) status.observation_start = start->second;
    }
    if (auto loaded = book_.load(*state_, model_, base::now()); !loaded) return loaded;
    saver_.emplace(state_->beside());
    for (Watched& watched : watched_)
        if (auto resumed = resume(watched); !resumed) return resumed;
    model_.state_size_bytes = state_->size_bytes();
    model_.policy = journal::judging(config_);
    model_.config_loaded_at = base::now();
    api_.set_configuration(journal::described(config_, launch_.file, model_.config_loaded_at));
    return {};
}

/// Where an earlier process had got to, and what tells that there is something new.
Result<void> Monitor::resume(Watched& watched) {
    const std::string& name = watched.source.name();
    if (collectors::catalog_entry(name).reads_log) model_.logs[name];
    watched.source.resume(book_.cursor(name));
    const int wake = watched.source.wake_fd();
    if (wake < 0) return {};
    const int own = ::dup(wake);
    if (own < 0) {
        return base::Error{base::Errc::config, "no descriptor is left for the source " + name,
                           "raise the limit of open files (LimitNOFILE=)"};
    }
    watched.wake.emplace(loop_, own);
    return {};
}

int Monitor::run() {
    ++parts_;
    asio::co_spawn(loop_, server_->run(),
                   [this](const std::exception_ptr& thrown) { part_ended(thrown, "http"); });
    keep_judging();
    keep_alive();
    for (Watched& watched : watched_) start_watching(watched);
    wait_for_signal();
    runtime::admit_signals();
    for (const std::string& address : server_->addresses()) log::info("listening", {{"address", address}});
    tell_manager();
    launch_.manager.ready();
    loop_.run();
    // For good: who signals twice must not turn an orderly end into a violent one while it is tidied up.
    runtime::hold_signals();
    log::info("stopped");
    return exit_code_;
}

void Monitor::start_watching(Watched& watched) {
    ++parts_;
    asio::co_spawn(loop_, watch(watched), [this, &watched](const std::exception_ptr& thrown) {
        watched.over = true;
        left_.cancel();
        if (thrown || !watched.leaving) return part_ended(thrown, watched.source.name());
        forget_part();
    });
}

asio::awaitable<void> Monitor::watch(Watched& watched) {
    runtime::Schedule schedule(watched.source.interval(), std::random_device{}());
    // Work is named before it is awaited: GCC 12 destroys a temporary lambda in a co_await expression twice
    // (bug 107288).
    JournalInput input;
    const auto look = [&watched, &input] { return watched.source.run_cycle(input); };
    while (!stopping_ && !watched.leaving) {
        if (!watched.source.may_cause().empty()) {
            auto others = wait_for_others(watched);
            co_await std::move(others);
            if (stopping_ || watched.leaving) break;
        }
        const auto began = Clock::now();
        if (watched.source.keeps_journal()) input = journal_input();
        // Left out beforehand: another source may count it before this one is back.
        const std::vector<domain::Event> may_cause = watched.source.may_cause();
        book_.own(may_cause, 1);
        watched.polling = true;
        Cycle cycle = co_await runtime::run_blocking(watched.source.worker(), look);
        watched.polling = false;
        if (stopping_) break;
        const base::Duration rest = cycle.rest;
        const bool succeeded = cycle.observation.has_value();
        const auto look_every = cycle.look_every.value_or(base::Duration::max());
        book_.own(may_cause, -1);
        // What was seen before it has to go counts; that it was interrupted is no failure.
        if (watched.leaving && !succeeded) break;
        apply(watched, std::move(cycle));
        // After a failure the pause counts from its end: one that took as long as the interval must not
        // follow itself.
        const auto now = Clock::now();
        const auto next = succeeded ? began + std::min(schedule.after_success(), look_every)
                                    : now + schedule.after_failure();
        co_await pause(watched, now + rest, std::max(next, now + rest));
    }
}

/// What the journal of the key table has to know of others.
JournalInput Monitor::journal_input() {
    const base::Time now = database_now();
    return {counted_fallback(model_, now), book_.take_uses(), journal::journal_settings(config_),
            assess(model_, now).judgement.awaits_census};
}

/// What it is about to cause, whoever counts it must not find there at the very first look: nobody could tell
/// whether that look has seen it already.
asio::awaitable<void> Monitor::wait_for_others(Watched& watched) {
    const auto untried = [this, &watched](const Watched& other) {
        return &other != &watched && !other.source.keeps_journal() &&
               model_.sources[other.source.name()].polls == 0;
    };
    while (!stopping_ && !watched.leaving && std::any_of(watched_.begin(), watched_.end(), untried)) {
        watched.timer.expires_after(kLookAgain);
        co_await watched.timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

/// Until `latest`, or from `earliest` on until the source has something new.
asio::awaitable<void> Monitor::pause(Watched& watched, Clock::time_point earliest, Clock::time_point latest) {
    const auto ends = [this, &watched] { return stopping_ || watched.leaving; };
    if (watched.wake && earliest > Clock::now() && !ends()) {
        watched.timer.expires_at(earliest);
        co_await watched.timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    if (ends() || latest <= Clock::now()) co_return;
    watched.timer.expires_at(latest);
    if (watched.wake) {
        watched.wake->async_wait(asio::posix::stream_descriptor::wait_read,
                                 [&watched](const boost::system::error_code& error) {
                                     if (!error) watched.timer.cancel();
                                 });
    }
    co_await watched.timer.async_wait(asio::as_tuple(asio::use_awaitable));
    if (watched.wake) watched.wake->cancel();
}

void Monitor::apply(Watched& watched, Cycle cycle) {
    SourceStatus& status = model_.sources[watched.source.name()];
    const auto up_before = status.up;
    ++status.polls;
    own_.count_poll(watched.source.name(), cycle.took);
    // A look that failed has saved nothing, which is no sign that saving works.
    if (cycle.keys) note_saved("journal", cycle.keys->state_error);
    if (cycle.state_error) note_saved("journal", cycle.state_error);
    if (cycle.observation) {
        apply_success(watched, status, cycle);
    } else {
        apply_failure(watched, status, cycle);
    }
    note_state(cycle.state_notice, cycle.state_beginning);
    model_.state_size_bytes = cycle.state_size_bytes;
    // A log is looked at many times a second; what else there is, is seldom, and shown at once.
    publish(watched.wake && status.up == up_before ? News::can_wait : News::at_once);
    if (status.up != up_before) tell_manager();
}

void Monitor::apply_success(Watched& watched, SourceStatus& status, Cycle& cycle) {
    if (status.up != true) log::info("source up", {{"source", watched.source.name()}});
    status.up = true;
    status.not_measured.clear();
    status.failure.clear();
    status.last_success_at = cycle.observation->taken_at;
    if (!status.observation_start) status.observation_start = cycle.observation->taken_at;
    watched.logged_error.reset();
    const bool skewed = std::chrono::abs(cycle.observation->skew) > kTolerableSkew;
    if (skewed && !watched.skewed) {
        log::warn("clocks differ; times are the source's",
                  {{"source", watched.source.name()}, {"seconds_ahead_here", cycle.observation->skew / 1s}});
    }
    watched.skewed = skewed;
    if (watched.source.keeps_journal()) domain::take_skew(model_, cycle.observation->skew, base::now());
    if (cycle.keys) {
        if (journal::EvidenceBook::follow_table(cycle.keys->totals.table_changes, base::now(), model_))
            log::warn("the key table is another one than before; counters cover from now on");
        model_.keys = std::move(cycle.keys);
        const domain::Migration& migration = model_.keys->migration;
        model_.watch = domain::watch_after(model_.watch, migration.clock_at, migration.poll_every);
    }
    note_missing(watched, *cycle.observation);
    book_.take(watched.source.name(), *cycle.observation, watched.source.interval(), base::now(), model_);
}

/// Files of a log that cannot be read beside others that can. Which replicas do not answer
/// keyshift_gateway_up tells; why one that does is refused is said here.
void Monitor::note_missing(Watched& watched, const collectors::Observation& seen) {
    if (seen.counted) {
        for (const auto& [name, why] : seen.counted->refused)
            if (!watched.refused.contains(name))
                log::warn("a target is refused",
                          {{"source", watched.source.name()}, {"error", base::visible(why)}});
        watched.refused = seen.counted->refused;
    }
    if (!seen.log || !seen.counted || seen.counted->missing == watched.missing) return;
    watched.missing = seen.counted->missing;
    if (watched.missing.empty()) {
        log::info("whole log read again", {{"source", watched.source.name()}});
    } else {
        log::warn("part of a log cannot be read", {{"source", watched.source.name()},
                                                   {"error", base::visible(watched.missing.front())},
                                                   {"more", watched.missing.size() - 1}});
    }
}

void Monitor::apply_failure(Watched& watched, SourceStatus& status, const Cycle& cycle) {
    book_.take_cursor(watched.source.name(), cycle.cursor);
    if (watched.extra && collectors::is_lacking(cycle.error.code) && !status.observation_start) {
        if (status.not_measured.empty()) {
            log::info("not measured", {{"source", watched.source.name()},
                                       {"reason", cycle.error.what},
                                       {"hint", cycle.error.hint}});
        }
        status.not_measured = cycle.error.text();
        return;
    }
    status.up = false;
    status.failure = cycle.error.text();
    status.add_error(cycle.error.code);
    if (watched.logged_error == cycle.error.code) return;
    watched.logged_error = cycle.error.code;
    log::warn("source down", {{"source", watched.source.name()},
                              {"reason", base::reason(cycle.error.code)},
                              {"error", cycle.error.what},
                              {"hint", cycle.error.hint}});
}

base::Time Monitor::database_now() const {
    return domain::database_now(model_, base::now());
}

/// The verdict grows old even when nothing else happens.
void Monitor::keep_judging() {
    judging_.expires_after(kJudgeEvery);
    judging_.async_wait([this](const boost::system::error_code& error) {
        if (error || stopping_) return;
        publish(News::at_once);
        tell_manager();
        keep_judging();
    });
}

/// What `systemctl status` shows.
void Monitor::tell_manager() {
    if (!launch_.manager.listens() || stopping_) return;
    std::string text = status_line(model_, database_now());
    if (text == told_) return;
    launch_.manager.status(text);
    told_ = std::move(text);
}

/// As long as the loop turns.
void Monitor::keep_alive() {
    if (!launch_.manager.watchdog()) return;
    launch_.manager.alive();
    alive_.expires_after(std::chrono::duration_cast<Clock::duration>(*launch_.manager.watchdog() / 2));
    alive_.async_wait([this](const boost::system::error_code& error) {
        if (!error) keep_alive();
    });
}

void Monitor::wait_for_signal() {
    // One that had come when the last part ended must not keep the loop.
    if (stopping_ && parts_ == 0) return;
    signals_.async_wait([this](const boost::system::error_code& error, int number) {
        if (error) return;
        const bool same = Clock::now() < stopping_at_ + kSameSignal;
        if (stopping_ && (number == SIGHUP || same)) return wait_for_signal();
        if (stopping_) {
            log::error("stopped by a second signal");
            std::_Exit(base::kInternal);
        }
        if (number == SIGHUP) {
            ask_to_reload({});
        } else {
            log::info("stopping", {{"signal", number}});
            begin_stop();
        }
        wait_for_signal();
    });
}

void Monitor::begin_stop() {
    if (stopping_) return;
    stopping_ = true;
    stopping_at_ = Clock::now();
    launch_.manager.stopping();
    pages_.set_not_ready("shutting down");
    server_->stop();
    judging_.cancel();
    save_timer_.cancel();
    left_.cancel();
    news_shown_.cancel();
    for (Watched& watched : watched_) {
        watched.interrupt.raise();
        watched.timer.cancel();
    }
    // What has been shown is saved: after a restart nothing steps back.
    if (unsaved_news_ && !saving_) save_evidence();
    grace_.expires_after(kGrace);
    grace_.async_wait([](const boost::system::error_code& error) {
        if (error) return;
        log::error("a part did not stop in time; what was saved is whole");
        std::_Exit(base::kInternal);
    });
}

/// When the last part has ended nothing is left to wait for, and run() returns by itself.
void Monitor::part_ended(const std::exception_ptr& thrown, std::string_view part) {
    if (thrown) {
        exit_code_ = base::kInternal;
        try {
            std::rethrow_exception(thrown);
        } catch (const std::exception& e) {
            log::error("a part died", {{"part", part}, {"error", e.what()}});
        }
    }
    if (!stopping_) begin_stop();
    forget_part();
}

void Monitor::forget_part() {
    if (--parts_ != 0) return;
    signals_.cancel();
    grace_.cancel();
    alive_.cancel();
}

}  // namespace keyshift::daemon
