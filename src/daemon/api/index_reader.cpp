// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/index_reader.hpp"

#include <exception>
#include <string>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <malloc.h>

#include "daemon/api/state_worker.hpp"

namespace keyshift::daemon {
namespace {

namespace asio = boost::asio;
using base::Result;
using inventory::KeyIndex;
using namespace std::chrono_literals;

/// An index that is read so fast is read anew for each poll of the key table.
constexpr auto kFast = 50ms;
/// A larger one takes at most so much of a processor: one part in.
constexpr int kDuty = 20;
constexpr auto kLetGoAfter = 10min;

}  // namespace

IndexReader::IndexReader(asio::io_context& loop, OpenState open)
    : loop_(loop), idle_(loop), open_(std::move(open)) {}

IndexReader::~IndexReader() {
    stop();
}

void IndexReader::ask(std::optional<base::Time> read_at, Taker taker) {
    let_go_later();
    const bool is_newest = kept_ && kept_->read_at == read_at;
    const bool may_answer = is_newest || (kept_ && took_ > kFast);
    if (may_answer)
        taker(*kept_);
    else
        takers_.push_back({read_at, std::move(taker)});
    if (!is_newest && !reading_ && (!may_answer || is_time_for_another())) read(read_at);
}

bool IndexReader::is_time_for_another() const {
    return Clock::now() - read_until_ >= kDuty * took_;
}

void IndexReader::read(std::optional<base::Time> read_at) {
    reading_ = true;
    is_void_ = false;
    served_ = takers_.size();
    if (!thread_) thread_.emplace(1);
    asio::post(*thread_, [this, guard = asio::make_work_guard(loop_), read_at] {
        const auto began = Clock::now();
        auto built = build();
        auto read = built ? Result<Kept>(Kept{*std::move(built), read_at}) : Result<Kept>(built.error());
        asio::post(guard.get_executor(),
                   [this, read = std::move(read), began]() mutable { done(std::move(read), began); });
    });
}

Result<std::shared_ptr<const KeyIndex>> IndexReader::build() {
    try {
        if (!state_) state_ = open_();
        if (const auto refreshed = state_->refresh(); !refreshed) return refreshed.error();
        return KeyIndex::build(*state_, &stopping_);
    } catch (const std::exception& thrown) {
        return base::Error{base::Errc::other, std::string("the keys cannot be listed: ") + thrown.what(), {}};
    }
}

void IndexReader::done(Result<Kept> read, Clock::time_point began) {
    reading_ = false;
    read_until_ = Clock::now();
    took_ = read_until_ - began;
    std::vector<Waiting> waiting;
    waiting.swap(takers_);
    if (read && !is_void_) kept_ = *read;
    if (!read && read.error().code != base::Errc::canceled) log_unread(read.error());
    for (std::size_t i = 0; i < waiting.size(); ++i) {
        // Who came while it was read may want a newer one.
        if (read && (is_void_ || i >= served_))
            ask(waiting[i].read_at, std::move(waiting[i].taker));
        else
            waiting[i].taker(read);
    }
}

void IndexReader::forget() {
    kept_.reset();
    is_void_ = true;
}

void IndexReader::let_go_later() {
    idle_.expires_after(kLetGoAfter);
    idle_.async_wait([this](const boost::system::error_code& error) {
        if (error || reading_) return;
        kept_.reset();
        thread_.reset();
        state_.reset();
        ::malloc_trim(0);
    });
}

void IndexReader::stop() {
    stopping_ = true;
    idle_.cancel();
}

}  // namespace keyshift::daemon
