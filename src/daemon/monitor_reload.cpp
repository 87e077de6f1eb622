// SPDX-License-Identifier: Apache-2.0
// Reload: the configuration is read again, and taken if all of it is valid. Sources that are configured as
// before are not touched; the others are ended, and started as at the daemon's start, where they had got to.
// Counters, evidence and connections of clients go on.
#include <algorithm>
#include <exception>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log/log.hpp"
#include "collectors/catalog.hpp"
#include "collectors/configuration.hpp"
#include "daemon/monitor.hpp"
#include "domain/assess.hpp"
#include "journal/described_configuration.hpp"
#include "journal/judging.hpp"
#include "journal/saved_evidence.hpp"
#include "runtime/run_blocking.hpp"
#include "runtime/thread_signals.hpp"

namespace keyshift::daemon {
namespace {

namespace asio = boost::asio;
namespace log = base::log;
using Problems = std::vector<std::string>;

constexpr const char* kShuttingDown = "keyshift is shutting down";

http::Response reload_answer(const Problems& problems) {
    http::Response response;
    if (problems.empty()) {
        response.body = "configuration reloaded\n";
        return response;
    }
    response.status = problems.front() == kShuttingDown ? 503 : 500;
    response.body = "configuration not reloaded:\n";
    for (const std::string& problem : problems) response.body += "  " + problem + "\n";
    return response;
}

/// `keyshift check` shows all of them.
void log_refusal(const Problems& problems) {
    constexpr std::size_t kMost = 10;
    log::error("configuration not reloaded: the one before stays", {{"problems", problems.size()}});
    for (std::size_t i = 0; i < std::min(kMost, problems.size()); ++i)
        log::error("problem of the configuration", {{"problem", problems.at(i)}});
}

std::string joined(const std::set<std::string>& names) {
    std::string out;
    for (const std::string& name : names) out += (out.empty() ? "" : ",") + name;
    return out;
}

std::set<std::string> types_of(const config::Config& config) {
    std::set<std::string> types;
    for (const config::CollectorConfig& collector : config.collectors) types.insert(collector.type);
    return types;
}

}  // namespace

void Monitor::ask_to_reload(http::Answer answer) {
    reload_asked_.push_back(std::move(answer));
    if (reloading_) return;
    reloading_ = true;
    ++parts_;
    asio::co_spawn(loop_, reload_while_asked(), [this](const std::exception_ptr& thrown) {
        reloading_ = false;
        thrown ? part_ended(thrown, "reload") : forget_part();
    });
}

asio::awaitable<void> Monitor::reload_while_asked() {
    while (!reload_asked_.empty()) {
        // Those who ask while it is read may have changed the file since.
        const auto asked = std::exchange(reload_asked_, {});
        Problems problems{kShuttingDown};
        if (!stopping_) {
            launch_.manager.reloading();
            problems = co_await reload();
            if (!stopping_) tell_manager();
            if (!stopping_) launch_.manager.ready();
        }
        for (const http::Answer& answer : asked)
            if (answer) answer(reload_answer(problems));
    }
}

asio::awaitable<Problems> Monitor::reload() {
    const auto read = [this] { return read_again(); };
    Reread fresh = co_await runtime::run_blocking(reader_, read);
    Problems problems = std::move(fresh.problems);
    if (stopping_) problems = {kShuttingDown};
    if (problems.empty()) {
        // Named before it is awaited, see watch().
        auto exchanged = exchange(std::move(fresh));
        problems = co_await std::move(exchanged);
    }
    if (stopping_) co_return problems;
    model_.config_valid = problems.empty();
    if (problems.empty()) model_.config_loaded_at = base::now();
    publish(News::at_once);
    auto shown = wait_until_shown();
    co_await std::move(shown);
    // What the log says can be seen then.
    if (!problems.empty()) {
        log_refusal(problems);
    } else {
        log::info(
            "configuration reloaded",
            {{"changed", exchanged_.changed}, {"added", exchanged_.added}, {"removed", exchanged_.removed}});
    }
    co_return problems;
}

/// On the reader's thread: touches nothing that changes.
Monitor::Reread Monitor::read_again() const {
    Reread out;
    try {
        config::Loaded loaded = collectors::read_configuration(launch_.file);
        for (const config::Problem& problem : loaded.problems) out.problems.push_back(problem.text());
        if (!out.problems.empty()) return out;
        const auto state = store::State::attach(config_.state.directory);
        if (!state || !*state) {
            out.problems.push_back(state ? "the state file has gone" : state.error().text());
            return out;
        }
        const auto counters = (*state)->load_counters();
        const auto starts = (*state)->load_observation_starts();
        if (!counters || !starts) {
            out.problems.push_back((counters ? starts.error() : counters.error()).text());
            return out;
        }
        for (const std::string& type : types_of(loaded.config)) {
            domain::SourceStatus& status = out.statuses[type];
            status.errors = journal::load_errors(*counters, type);
            const auto start = starts->find(type);
            if (start != starts->end()) status.observation_start = start->second;
        }
        out.described = journal::described(loaded.config, launch_.file, base::now());
        out.config = std::move(loaded.config);
    } catch (const std::exception& e) {
        out.problems.push_back(std::string("unexpected: ") + e.what());
    }
    return out;
}

bool Monitor::is_same(const config::Config& config, const config::CollectorConfig& collector) const {
    const auto now = std::find_if(config_.collectors.begin(), config_.collectors.end(),
                                  [&](const auto& other) { return other.type == collector.type; });
    return now != config_.collectors.end() && config.gateway == config_.gateway &&
           now->extra == collector.extra && now->written.reveal() == collector.written.reveal();
}

std::optional<std::string> Monitor::make_source(const config::Gateway& gateway,
                                                const config::CollectorConfig& collector,
                                                std::list<Watched>& to) {
    std::optional<std::string> failed;
    runtime::hold_signals();
    try {
        to.emplace_back(gateway, collector, *this);
    } catch (const std::exception& e) {
        failed = "collectors[" + collector.type + "]: " + e.what();
    }
    runtime::admit_signals();
    return failed;
}

/// What may fail comes first; from the first source that is let go, there is no way back.
asio::awaitable<Problems> Monitor::exchange(Reread fresh) {
    const config::Config& config = *fresh.config;
    if (config.state.directory != config_.state.directory)
        co_return Problems{"state.directory cannot change while keyshift runs; restart it"};
    std::set<std::string> kept;
    std::list<Watched> started;
    for (const config::CollectorConfig& collector : config.collectors) {
        if (is_same(config, collector)) {
            kept.insert(collector.type);
            continue;
        }
        if (auto failed = make_source(config.gateway, collector, started))
            co_return Problems{*std::move(failed)};
    }
    if (launch_.listen.empty() && launch_.manager.sockets().empty() &&
        config.web.listen != config_.web.listen) {
        const auto moved = server_->move_to(config_.web.listen, config.web.listen);
        if (!moved) co_return Problems{moved.error().text()};
        for (const std::string& address : server_->addresses())
            log::info("listening", {{"address", address}});
    }
    auto gone = let_go(kept);
    co_await std::move(gone);
    if (stopping_) co_return Problems{kShuttingDown};
    configure(fresh, started);
    auto judged = judge_again();
    co_await std::move(judged);
    co_return Problems{};
}

/// Until nothing of the others runs any more.
asio::awaitable<void> Monitor::let_go(const std::set<std::string>& kept) {
    for (Watched& watched : watched_) {
        if (kept.count(watched.source.name()) > 0) continue;
        watched.leaving = true;
        watched.interrupt.raise();
        watched.timer.cancel();
    }
    const auto runs = [](const Watched& watched) { return watched.leaving && !watched.over; };
    while (!stopping_ && std::any_of(watched_.begin(), watched_.end(), runs)) {
        left_.expires_at(Clock::time_point::max());
        co_await left_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    if (!stopping_) watched_.remove_if([](const Watched& watched) { return watched.leaving; });
}

void Monitor::configure(Reread& fresh, std::list<Watched>& started) {
    const auto before = types_of(config_);
    config_ = *std::move(fresh.config);
    const auto after = types_of(config_);
    forget_sources(after);
    for (auto& [name, status] : fresh.statuses) {
        if (const auto parked = parked_.find(name); parked != parked_.end()) status = parked->second;
        model_.sources.try_emplace(name, std::move(status));
        parked_.erase(name);
    }
    model_.policy = journal::judging(config_);
    api_.set_configuration(std::move(fresh.described));
    if (model_.keys && !config_.web.per_key_series) model_.keys->key_series.clear();
    std::set<std::string> changed;
    std::set<std::string> added;
    for (Watched& watched : started) {
        (before.count(watched.source.name()) > 0 ? changed : added).insert(watched.source.name());
        // Without what wakes it, it is looked at by its interval.
        if (const auto resumed = resume(watched); !resumed)
            log::error("source cannot be followed", {{"error", resumed.error().text()}});
    }
    while (!started.empty()) {
        watched_.splice(watched_.end(), started, started.begin());
        start_watching(watched_.back());
    }
    log::configure(config_.log.level, config_.log.format);
    std::set<std::string> removed;
    std::set_difference(before.begin(), before.end(), after.begin(), after.end(),
                        std::inserter(removed, removed.end()));
    exchanged_ = {joined(changed), joined(added), joined(removed)};
}

/// Phases and tally follow the configuration before the reload is answered. A poll that is under way began by
/// the configuration before: until the next one the verdict is UNKNOWN, since the model says of which they
/// are.
asio::awaitable<void> Monitor::judge_again() {
    const auto keys = std::find_if(watched_.begin(), watched_.end(), [](const Watched& watched) {
        return watched.source.keeps_journal() && !watched.polling;
    });
    if (keys == watched_.end()) co_return;
    Watched& watched = *keys;
    const auto judge = [&watched, settings = journal::journal_settings(config_)] {
        return watched.source.judge_again(settings);
    };
    auto poll = co_await runtime::run_blocking(watched.source.worker(), judge);
    if (poll && !stopping_) model_.keys = std::move(poll);
}

/// Those that are not configured any more show nothing any more; what they have counted stays.
void Monitor::forget_sources(const std::set<std::string>& configured) {
    for (auto source = model_.sources.begin(); source != model_.sources.end();) {
        const auto next = std::next(source);
        if (configured.count(source->first) == 0) {
            book_.forget_gauges(source->first, model_);
            parked_.insert_or_assign(source->first, std::move(source->second));
            model_.sources.erase(source);
        }
        source = next;
    }
    if (configured.count(domain::kKeysSource) > 0) return;
    model_.saved_totals = model_.totals();
    model_.keys.reset();
}

}  // namespace keyshift::daemon
