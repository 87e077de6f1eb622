// SPDX-License-Identifier: Apache-2.0
// Others may hold the same open file, so its O_NONBLOCK is not ours to set: poll(2) says whether there is
// something, and preadv2(2) with RWF_NOWAIT takes it, where the kernel knows that, without waiting should
// another process have been faster.
#include "drivers/logs/stream.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <system_error>
#include <utility>

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "drivers/net/wake_set.hpp"

namespace keyshift::drivers {
namespace {

using base::Deadline;
using base::Errc;
using base::Error;
using base::Result;

/// In the cursor while there may be more: what a process had read or left in a pipe when it was killed is
/// gone.
constexpr const char* kOpen = "open";

class LogStream final : public LogInput {
 public:
    using Whole = std::function<std::size_t(std::string_view)>;

    LogStream(int descriptor, const Interrupt& interrupt, Whole whole)
        : descriptor_(descriptor),
          interrupt_(interrupt),
          whole_(std::move(whole)),
          waitable_(wake_.add(descriptor)) {
        // A regular file cannot be waited for: until its end it counts as readable.
        if (waitable_) return;
        always_.raise();
        wake_.add(always_.descriptor());
    }

    void resume(const LogCursor& cursor) override { said_ = lossy_ = cursor.contains(kOpen); }
    Result<LogRead> read(LogSink& sink, Deadline deadline) override;
    int wake_fd() const override { return wake_.descriptor(); }
    base::Duration max_poll_interval() const override { return std::chrono::minutes{1}; }

    std::vector<LogPlace> places() override {
        return {{.name = name(), .size_bytes = read_ + waiting(), .read_bytes = read_, .problem = problem_}};
    }

 private:
    enum class Got { something, nothing, interrupted, end };

    int watched() const { return waitable_ ? descriptor_ : always_.descriptor(); }
    std::string name() const {
        return descriptor_ == STDIN_FILENO ? "standard input" : "descriptor " + std::to_string(descriptor_);
    }
    std::uint64_t waiting() const;
    Got read_some();
    ssize_t read_bytes();
    void hand_over(LogSink& sink, std::size_t fresh);
    void end(LogSink& sink);
    Error failure() const;

    int descriptor_;
    const Interrupt& interrupt_;
    Whole whole_;
    WakeSet wake_;
    Interrupt always_;  ///< stands for what cannot be waited for
    bool waitable_;
    std::string buffer_;      ///< room for a block
    std::size_t filled_ = 0;  ///< of buffer_: what has been read and not handed over
    std::uint64_t read_ = 0;
    int error_ = 0;  ///< of the last read that failed
    std::string problem_;
    bool passing_ = false;  ///< the rest of a line that is too long
    bool ended_ = false;
    bool said_ = false;  ///< kOpen is in the cursor
    bool lossy_ = false;
};

std::uint64_t LogStream::waiting() const {
    int bytes = 0;
    if (ended_ || ::ioctl(descriptor_, FIONREAD, &bytes) != 0) return 0;
    return static_cast<std::uint64_t>(std::max(bytes, 0));
}

ssize_t LogStream::read_bytes() {
    const iovec room{buffer_.data() + filled_, buffer_.size() - filled_};
    // What is not in memory of a regular file is waited for.
    const ssize_t got = ::preadv2(descriptor_, &room, 1, -1, waitable_ ? RWF_NOWAIT : 0);
    if (got >= 0 || (errno != EOPNOTSUPP && errno != EINVAL && errno != ENOSYS)) return got;
    return ::read(descriptor_, room.iov_base, room.iov_len);
}

LogStream::Got LogStream::read_some() {
    buffer_.resize(kLogBlock);
    std::array<pollfd, 2> wanted{{{descriptor_, POLLIN, 0}, {interrupt_.descriptor(), POLLIN, 0}}};
    if (::poll(wanted.data(), wanted.size(), 0) <= 0) return Got::nothing;
    if (wanted[1].revents != 0) return Got::interrupted;
    const ssize_t got = read_bytes();
    if (got < 0) {
        error_ = errno == EAGAIN || errno == EINTR ? 0 : errno;
        return Got::nothing;
    }
    filled_ += static_cast<std::size_t>(got);
    read_ += static_cast<std::uint64_t>(got);
    return got == 0 ? Got::end : Got::something;
}

/// Whole messages go to the sink, what is left moves to the front. No newline stands before `fresh`, but for
/// those of a message that waits for its end.
void LogStream::hand_over(LogSink& sink, std::size_t fresh) {
    std::size_t from = 0;
    const std::string_view all = std::string_view(buffer_).substr(0, filled_);
    if (passing_) {
        const std::size_t newline = all.find('\n');
        passing_ = newline == std::string_view::npos;
        from = passing_ ? filled_ : newline + 1;
    }
    const std::size_t newline = all.substr(fresh).rfind('\n');
    if (newline != std::string_view::npos && fresh + newline >= from) {
        const std::string_view lines = all.substr(from, fresh + newline + 1 - from);
        std::size_t whole = whole_ ? whole_(lines) : lines.size();
        // A message that fills the buffer is handed over in parts.
        if (whole == 0 && filled_ - from == kLogBlock) whole = lines.size();
        if (whole > 0) sink.lines(lines.substr(0, whole));
        from += whole;
    }
    if (filled_ - from == kLogBlock) {
        sink.oversized();
        passing_ = true;
        from = filled_;
    }
    std::memmove(buffer_.data(), buffer_.data() + from, filled_ - from);
    filled_ -= from;
}

void LogStream::end(LogSink& sink) {
    if (filled_ > 0) sink.lines(std::string_view(buffer_).substr(0, filled_));
    ended_ = true;
    filled_ = 0;
    buffer_ = {};
    wake_.remove(watched());  // Its end would be readable for ever.
}

Error LogStream::failure() const {
    const bool closed = error_ == EBADF;
    return {
        error_ == EACCES || error_ == EPERM ? Errc::permission : Errc::other,
        name() + " cannot be read: " + (closed ? "it is closed" : std::generic_category().message(error_)),
        "let it be a pipe or a file, such as PROGRAM | keyshift serve"};
}

Result<LogRead> LogStream::read(LogSink& sink, Deadline deadline) {
    LogRead out;
    const std::uint64_t before = read_;
    error_ = 0;
    bool open = !ended_;
    while (open && !out.more) {
        const std::size_t fresh = filled_;
        const Got got = read_some();
        open = got == Got::something;
        if (open) hand_over(sink, fresh);
        if (got == Got::end) end(sink);
        out.more = got == Got::interrupted || (open && deadline.passed());
    }
    out.bytes = read_ - before;
    problem_ = error_ == 0 ? "" : failure().what;
    if (error_ != 0) wake_.remove(watched());
    if (error_ != 0 && out.bytes == 0) return failure();
    out.lag_bytes = waiting();
    out.lossy = std::exchange(lossy_, false);
    if (said_ == ended_) out.cursor[kOpen] = ended_ ? std::nullopt : std::optional<std::string>("1");
    said_ = !ended_;
    return out;
}

}  // namespace

std::unique_ptr<LogInput> make_log_stream(int descriptor, const Interrupt& interrupt,
                                          std::function<std::size_t(std::string_view)> whole) {
    return std::make_unique<LogStream>(descriptor, interrupt, std::move(whole));
}

}  // namespace keyshift::drivers
