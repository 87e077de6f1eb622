// SPDX-License-Identifier: Apache-2.0
// What the daemon knows is saved, and then shown.
#include <algorithm>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log/log.hpp"
#include "daemon/monitor.hpp"

namespace keyshift::daemon {
namespace {

namespace asio = boost::asio;
namespace log = base::log;
using namespace std::chrono_literals;

/// Logs are looked at many times a second.
constexpr auto kSaveEvery = 250ms;
/// So long may another writer hold the state until what cannot be saved is shown all the same.
constexpr auto kShowAnyway = 15s;

}  // namespace

/// What has happened to the state file, while or before keyshift ran. It may lack what was saved before, and
/// with its directory the socket may have gone.
void Monitor::note_state(const std::string& notice, const store::State::Beginning& beginning) {
    if (beginning.at) model_.state_begun_at = beginning.at;
    model_.state_begun_because = beginning.at ? beginning.because : model_.state_begun_because;
    if (notice.empty()) return;
    log::error("the state file is not as it was", {{"what", notice}});
    book_.forget_saved();
    if (server_) listen_locally();
}

void Monitor::note_saved(std::string_view what, const std::optional<base::Error>& error) {
    if (error) {
        own_.count_state_write_error();
        if (unsaved_.empty())
            log::error("state cannot be saved", {{"error", error->what}, {"hint", error->hint}});
        unsaved_.emplace(what);
    } else if (unsaved_.erase(std::string(what)) > 0 && unsaved_.empty()) {
        log::info("state is saved again");
    }
}

/// The model has changed. What it says is saved first and then shown: after a kill -9 no counter steps back.
void Monitor::publish(News news) {
    journal::EvidenceBook::update(model_, base::now());
    ++published_;
    at_once_ = at_once_ || news == News::at_once;
    save_soon();
}

Monitor::Picture Monitor::picture() const {
    return {pages_.picture(model_, database_now()), published_, all_tried()};
}

void Monitor::show(Picture picture) {
    pages_.show(std::move(picture.page));
    shown_ = picture.of;
    shown_at_ = Clock::now();
    if (picture.all_tried && !stopping_) pages_.set_ready();
    news_shown_.cancel();
}

/// What was published until now.
asio::awaitable<void> Monitor::wait_until_shown() {
    for (const std::uint64_t wanted = published_; shown_ < wanted && !stopping_;) {
        news_shown_.expires_at(Clock::time_point::max());
        co_await news_shown_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

bool Monitor::all_tried() const {
    return std::all_of(model_.sources.begin(), model_.sources.end(),
                       [](const auto& source) { return source.second.polls > 0; });
}

void Monitor::save_soon() {
    unsaved_news_ = true;
    if (saving_) return;
    if (!saved_at_ || at_once_ || Clock::now() >= *saved_at_ + kSaveEvery) return save_evidence();
    save_timer_.expires_at(*saved_at_ + kSaveEvery);
    save_timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error && !stopping_) save_evidence();
    });
}

/// One writer at a time; what is new when it has ended is written next.
void Monitor::save_evidence() {
    unsaved_news_ = at_once_ = false;
    saver_->add(book_.take_unsaved(model_));
    saving_ = true;
    ++parts_;
    asio::co_spawn(
        loop_, saver_->save(),
        [this, waiting = picture()](const std::exception_ptr& thrown, const journal::Saved& result) mutable {
            saving_ = false;
            saved_at_ = Clock::now();
            if (thrown) return part_ended(thrown, "state");
            saved(std::move(waiting), result);
            forget_part();
        });
}

/// Or not: then what is known is shown, and that it is not saved.
void Monitor::saved(Picture waiting, const journal::Saved& result) {
    const std::optional<base::Error>& error = result.error;
    model_.state_size_bytes = state_->size_bytes();
    note_state(result.notice, result.beginning);
    if (result.other_file) book_.forget_saved();
    unsaved_news_ = unsaved_news_ || result.other_file;
    const bool held = error && error->code == base::Errc::timeout;
    if (!held) note_saved("evidence", error);
    if (!error) {
        show(std::move(waiting));
    } else if (!held || Clock::now() >= shown_at_ + kShowAnyway) {
        show(picture());
    }
    if (stopping_ && unsaved_news_) return save_evidence();
    if (!stopping_ && (unsaved_news_ || held)) save_soon();
}

}  // namespace keyshift::daemon
