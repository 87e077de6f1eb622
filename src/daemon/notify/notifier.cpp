// SPDX-License-Identifier: Apache-2.0
#include "daemon/notify/notifier.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "api/verdict.hpp"
#include "base/log/log.hpp"
#include "daemon/notify/phase_log.hpp"
#include "runtime/run_blocking.hpp"
#include "runtime/thread_signals.hpp"

namespace keyshift::daemon {
namespace {

namespace asio = boost::asio;
namespace log = base::log;

/// A verdict before every source was read, or of phases by another configuration, is of no moment that was.
bool may_be_told(const domain::Model& model) {
    const bool polled = std::ranges::all_of(model.sources, [](const auto& s) { return s.second.polls > 0; });
    return polled && (!model.keys || model.keys->judged_by == model.policy);
}

}  // namespace

base::Result<domain::Notifications> Notifier::restore(const config::Notify& configured) {
    auto told = Told::load(parts_.state);
    if (!told) return told.error();
    told_ = *std::move(told);
    if (!configured.url.given() && told_.event) {
        told_.begin_anew();
        // What cannot be saved now is said where the rest is.
        static_cast<void>(told_.save(parts_.state));
    }
    told_of_.restore(told_.verdict);
    return told_.counts;
}

void Notifier::configure(const config::Config& config) {
    to_ = config.notify;
    names_keys_ = config.web.inventory != config::Inventory::off;
    if (!to_.url.given() && running_) {
        switched_off_ = true;
        courier_->interrupt();
    }
    // What could not be delivered may be now.
    timer_.cancel();
    news_ = reconfigured_ = true;
    if (to_.url.given() && !running_) start();
}

void Notifier::start() {
    if (parts_.lifecycle.stopping()) return;
    if (!worker_) {
        runtime::block_signals();
        worker_.emplace(1);
        runtime::unblock_signals();
    }
    courier_ = std::make_unique<Courier>(parts_.state.beside(), told_);
    running_ = true;
    parts_.lifecycle.spawn("notify", run(), [this] {
        running_ = false;
        if (std::exchange(switched_off_, false) && to_.url.given()) start();
        return true;
    });
}

void Notifier::observe(const domain::Model& model, base::Time now) {
    if (!may_be_told(model)) return;
    VerdictChange seen = verdict_seen(api::verdict(model, now, "daemon"));
    if (const VerdictChange* const change = logged_.observe(seen, now)) {
        log_verdict_change(*change);
        logged_.pop();
    }
    if (running_) told_of_.observe(std::move(seen), now);
}

void Notifier::model_changed(const domain::Model& model, base::Time now) {
    now_ = now;
    observe(model, now);
    news_ = true;
    if (idle_) timer_.cancel();
}

asio::awaitable<void> Notifier::run() {
    while (!parts_.lifecycle.stopping() && !switched_off_) {
        news_ = reconfigured_ = false;
        Errand errand{to_, names_keys_, now_, {}, told_of_.last(), told_of_.take_dropped()};
        if (errand.dropped > 0)
            log::warn("nobody was told of changes of the verdict: too many wait",
                      {{"changes", errand.dropped}});
        if (const VerdictChange* const change = told_of_.front()) errand.change = *change;
        // Work is named before it is awaited, see SourceTask::run().
        const auto work = [courier = courier_.get(), &errand] { return courier->turn(errand); };
        const Turn turn = co_await runtime::run_blocking(*worker_, work);
        take(turn);
        if (parts_.lifecycle.stopping() || switched_off_) break;
        auto resting = rest(turn);
        co_await std::move(resting);
    }
    if (parts_.lifecycle.stopping()) co_return;
    const auto forget = [courier = courier_.get()] {
        courier->forget();
        return true;
    };
    co_await runtime::run_blocking(*worker_, forget);
    told_ = courier_->told();
    told_of_ = {};
    courier_.reset();
    failing_ = false;
}

void Notifier::take(const Turn& turn) {
    if (turn.change_is_over) told_of_.pop();
    log_failure(turn);
    if (turn.left_out > 0)
        log::warn("the webhook was told only the number of further events",
                  {{"events", turn.left_out}, {"command", "keyshift events --since 24h"}});
    if (!parts_.lifecycle.stopping()) parts_.counted(turn.counts);
}

void Notifier::log_failure(const Turn& turn) {
    if (turn.delivered && std::exchange(failing_, false)) log::info("notifications are delivered again");
    if (turn.refused || turn.given_up) {
        log::warn(turn.refused ? "a notification was refused" : "a notification was given up",
                  {{"error", turn.error->what}, {"hint", turn.error->hint}, {"told_nobody_of", turn.told}});
        return;
    }
    if (!turn.error || turn.error->code == base::Errc::canceled || std::exchange(failing_, true)) return;
    log::warn("a notification cannot be delivered; it is tried again",
              {{"error", turn.error->what}, {"hint", turn.error->hint}});
}

/// Until there is something to do.
asio::awaitable<void> Notifier::rest(const Turn& turn) {
    if (reconfigured_ || turn.next == Turn::Next::again || (turn.next == Turn::Next::idle && news_))
        co_return;
    idle_ = turn.next == Turn::Next::idle;
    if (idle_) {
        timer_.expires_at(std::chrono::steady_clock::time_point::max());
    } else {
        timer_.expires_after(turn.pause);
    }
    co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    idle_ = false;
}

void Notifier::stop() {
    timer_.cancel();
    if (courier_) courier_->interrupt();
}

}  // namespace keyshift::daemon
