// SPDX-License-Identifier: Apache-2.0
#include "daemon/reload.hpp"

#include <algorithm>
#include <exception>
#include <iterator>
#include <set>
#include <utility>

#include "base/log/log.hpp"
#include "collectors/configuration.hpp"
#include "daemon/notify/phase_log.hpp"
#include "journal/described_configuration.hpp"
#include "journal/judging.hpp"
#include "journal/saved_evidence.hpp"
#include "runtime/run_blocking.hpp"
#include "runtime/thread_signals.hpp"
#include "store/state.hpp"

namespace keyshift::daemon {
namespace {

namespace asio = boost::asio;
namespace log = base::log;

constexpr const char* kShuttingDown = "keyshift is shutting down";

http::Response reload_answer(const std::vector<std::string>& problems) {
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
void log_refusal(const std::vector<std::string>& problems) {
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

}  // namespace

void Reload::ask(http::Answer answer) {
    asked_.push_back(std::move(answer));
    if (reloading_) return;
    reloading_ = true;
    parts_.lifecycle.spawn("reload", reload_while_asked(), [this] {
        reloading_ = false;
        return true;
    });
}

asio::awaitable<void> Reload::reload_while_asked() {
    while (!asked_.empty()) {
        // Those who ask while it is read may have changed the file since.
        const auto asked = std::exchange(asked_, {});
        Problems problems{kShuttingDown};
        if (!parts_.lifecycle.stopping()) {
            parts_.service.reloading();
            problems = co_await reload();
            parts_.service.show(parts_.updater.model(), parts_.updater.database_now());
            if (!parts_.lifecycle.stopping()) parts_.service.ready();
        }
        for (const http::Answer& answer : asked)
            if (answer) answer(reload_answer(problems));
    }
}

asio::awaitable<Reload::Problems> Reload::reload() {
    // Work is named before it is awaited, see SourceTask::run().
    const auto work = [this] { return read(); };
    Candidate candidate = co_await runtime::run_blocking(reader_, work);
    Problems problems = std::move(candidate.problems);
    if (parts_.lifecycle.stopping()) problems = {kShuttingDown};
    if (problems.empty()) {
        auto exchanged = exchange(std::move(candidate));
        problems = co_await std::move(exchanged);
    }
    if (parts_.lifecycle.stopping()) co_return problems;
    parts_.updater.note_configuration(problems.empty());
    parts_.saver.publish(EvidenceSaver::News::at_once);
    auto shown = parts_.saver.wait_until_shown();
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
Reload::Candidate Reload::read() const {
    Candidate out;
    try {
        read_into(out);
    } catch (const std::exception& e) {
        out.problems.push_back(std::string("unexpected: ") + e.what());
    }
    return out;
}

void Reload::read_into(Candidate& out) const {
    config::Loaded loaded = collectors::read_configuration(parts_.launch.file);
    for (const config::Problem& problem : loaded.problems) out.problems.push_back(problem.text());
    if (!out.problems.empty()) return;
    const auto state = store::State::attach(parts_.config.state.directory);
    if (!state || !*state) {
        out.problems.push_back(state ? "the state file has gone" : state.error().text());
        return;
    }
    auto statuses = journal::restored_statuses(**state, loaded.config.types());
    if (!statuses) {
        out.problems.push_back(statuses.error().text());
        return;
    }
    out.statuses = *std::move(statuses);
    out.described = journal::described(loaded.config, parts_.launch.file, base::now());
    loaded.config.web.paths = parts_.launch.paths(loaded.config.web.paths);
    out.config = std::move(loaded.config);
}

bool Reload::is_same(const config::Config& config, const config::CollectorConfig& collector) const {
    const auto& before = parts_.config.collectors;
    const auto now = std::find_if(before.begin(), before.end(),
                                  [&](const auto& other) { return other.type == collector.type; });
    return now != before.end() && config.gateway == parts_.config.gateway &&
           now->implicit == collector.implicit && now->written.reveal() == collector.written.reveal();
}

/// Those that are not configured as before.
Reload::Problems Reload::make_sources(const config::Config& config, SourceTasks::List& to) const {
    Problems problems;
    runtime::block_signals();
    for (const config::CollectorConfig& collector : config.collectors) {
        if (is_same(config, collector)) continue;
        try {
            parts_.sources.make(config.gateway, collector, to);
        } catch (const std::exception& e) {
            problems.push_back("collectors[" + collector.type + "]: " + e.what());
            break;
        }
    }
    runtime::unblock_signals();
    return problems;
}

Reload::Problems Reload::move_server(const config::Config& config) const {
    if (!parts_.launch.listen.empty() || !parts_.service.manager().sockets().empty() ||
        config.web.listen == parts_.config.web.listen)
        return {};
    const auto moved = parts_.server.move_to(parts_.config.web.listen, config.web.listen);
    if (!moved) return {moved.error().text()};
    for (const std::string& address : parts_.server.addresses())
        log::info("listening", {{"address", address}});
    return {};
}

/// What may fail comes first; from the first source that is let go, there is no way back.
asio::awaitable<Reload::Problems> Reload::exchange(Candidate candidate) {
    const config::Config& config = *candidate.config;
    if (config.state.directory != parts_.config.state.directory)
        co_return Problems{"state.directory cannot change while keyshift runs; restart it"};
    if (parts_.launch.web_file.empty() && config.web.config_file != parts_.config.web.config_file)
        co_return Problems{"web.config_file cannot change while keyshift runs; restart it"};
    if (config.web.paths != parts_.config.web.paths)
        co_return Problems{
            "web.telemetry_path, web.route_prefix and web.external_url cannot change while keyshift runs; "
            "restart it"};
    SourceTasks::List started;
    if (Problems problems = make_sources(config, started); !problems.empty()) co_return problems;
    if (Problems problems = move_server(config); !problems.empty()) co_return problems;
    std::set<std::string> kept = config.types();
    for (const SourceTask& task : started) kept.erase(task.name());
    auto stopped = parts_.sources.stop_all_but(kept);
    co_await std::move(stopped);
    if (parts_.lifecycle.stopping()) co_return Problems{kShuttingDown};
    configure(candidate, std::move(started));
    auto judged = judge_again();
    co_await std::move(judged);
    co_return Problems{};
}

void Reload::configure(Candidate& candidate, SourceTasks::List started) {
    const std::set<std::string> before = parts_.config.types();
    parts_.config = *std::move(candidate.config);
    const std::set<std::string> after = parts_.config.types();
    parts_.updater.reconfigure(parts_.config, std::move(candidate.statuses));
    parts_.api.configure(std::move(candidate.described), parts_.config);
    parts_.status_pages.configure(parts_.config);
    std::set<std::string> changed;
    std::set<std::string> added;
    for (SourceTask& task : started) {
        (before.count(task.name()) > 0 ? changed : added).insert(task.name());
        // Without what wakes it, it is polled by its interval.
        if (const auto resumed = task.resume(parts_.updater.begin_source(task.name())); !resumed)
            log::error("source cannot be followed", {{"error", resumed.error().text()}});
    }
    parts_.sources.start(std::move(started));
    parts_.launch.configure_log(parts_.config.log);
    parts_.notifier.configure(parts_.config);
    std::set<std::string> removed;
    std::set_difference(before.begin(), before.end(), after.begin(), after.end(),
                        std::inserter(removed, removed.end()));
    exchanged_ = {joined(changed), joined(added), joined(removed)};
}

/// Phases and tally follow the configuration before the reload is answered. A poll that is under way began by
/// the configuration before: until the next one the verdict is UNKNOWN, since the model says of which they
/// are.
asio::awaitable<void> Reload::judge_again() {
    SourceTask* const task = parts_.sources.idle_journal();
    if (task == nullptr) co_return;
    const auto judge = [task, settings = journal::journal_settings(parts_.config)] {
        return task->source().judge_again(settings);
    };
    auto poll = co_await runtime::run_blocking(task->source().worker(), judge);
    if (!poll || parts_.lifecycle.stopping()) co_return;
    log_phase_changes(poll->phase_changes);
    parts_.updater.replace_poll(*std::move(poll));
}

}  // namespace keyshift::daemon
