// SPDX-License-Identifier: Apache-2.0
#include "daemon/evidence_saver.hpp"

#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <malloc.h>

#include "base/log/log.hpp"

namespace keyshift::daemon {
namespace {

namespace asio = boost::asio;
namespace log = base::log;
using namespace std::chrono_literals;

/// Logs are polled many times a second.
constexpr auto kSaveEvery = 250ms;
/// So long may another writer hold the state until what cannot be saved is shown all the same.
constexpr auto kShowAnyway = 15s;

}  // namespace

EvidenceSaver::EvidenceSaver(Parts parts, std::unique_ptr<store::State> state,
                             std::function<void(const journal::Saved&)> written)
    : parts_(parts),
      writer_(std::move(state)),
      written_(std::move(written)),
      news_shown_(parts.loop),
      timer_(parts.loop) {}

void EvidenceSaver::note_saved(std::string_view what, const std::optional<base::Error>& error) {
    if (error) {
        parts_.own.count_state_write_error();
        if (failing_.empty())
            log::error("state cannot be saved", {{"error", error->what}, {"hint", error->hint}});
        failing_.emplace(what);
    } else if (failing_.erase(std::string(what)) > 0 && failing_.empty()) {
        log::info("state is saved again");
    }
}

void EvidenceSaver::publish(News news) {
    parts_.updater.update();
    ++published_;
    at_once_ = at_once_ || news == News::at_once;
    save_soon();
}

EvidenceSaver::Snapshot EvidenceSaver::snapshot() const {
    const ModelUpdater& updater = parts_.updater;
    return {parts_.pages.snapshot(updater.model(), updater.database_now()), published_, updater.all_polled()};
}

void EvidenceSaver::show(Snapshot snapshot) {
    parts_.pages.show(std::move(snapshot.page));
    shown_ = snapshot.of;
    shown_at_ = Clock::now();
    if (snapshot.all_polled && !parts_.pages.is_ready() && !parts_.lifecycle.stopping()) {
        parts_.pages.set_ready();
        ::malloc_trim(0);  // what starting took and polling does not
    }
    news_shown_.cancel();
}

asio::awaitable<void> EvidenceSaver::wait_until_shown() {
    for (const std::uint64_t wanted = published_; shown_ < wanted && !parts_.lifecycle.stopping();) {
        news_shown_.expires_at(Clock::time_point::max());
        co_await news_shown_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

void EvidenceSaver::save_soon() {
    unsaved_ = true;
    if (saving_) return;
    if (!saved_at_ || at_once_ || Clock::now() >= *saved_at_ + kSaveEvery) return save();
    timer_.expires_at(*saved_at_ + kSaveEvery);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error && !parts_.lifecycle.stopping()) save();
    });
}

/// One writer at a time; what is new when it has ended is written next.
void EvidenceSaver::save() {
    unsaved_ = at_once_ = false;
    writer_.add(parts_.updater.take_unsaved());
    saving_ = true;
    parts_.lifecycle.spawn("state", write(snapshot()), [] { return true; });
}

asio::awaitable<void> EvidenceSaver::write(Snapshot waiting) {
    const journal::Saved result = co_await writer_.write_waiting();
    saving_ = false;
    saved_at_ = Clock::now();
    settle_written(std::move(waiting), result);
}

/// Saved, or not: then what is known is shown, and that it is not saved.
void EvidenceSaver::settle_written(Snapshot waiting, const journal::Saved& result) {
    const std::optional<base::Error>& error = result.error;
    written_(result);
    if (result.other_file) parts_.updater.forget_saved();
    unsaved_ = unsaved_ || result.other_file;
    const bool held = error && error->code == base::Errc::timeout;
    if (!held) note_saved("evidence", error);
    if (!error) {
        show(std::move(waiting));
    } else if (!held || Clock::now() >= shown_at_ + kShowAnyway) {
        show_now();
    }
    const bool stopping = parts_.lifecycle.stopping();
    if (stopping && unsaved_) return save();
    if (!stopping && (unsaved_ || held)) save_soon();
}

void EvidenceSaver::stop() {
    timer_.cancel();
    news_shown_.cancel();
    if (unsaved_ && !saving_) save();
}

}  // namespace keyshift::daemon
