// SPDX-License-Identifier: Apache-2.0
#include "drivers/postgres/row_spool.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace keyshift::drivers {
namespace {

using base::Errc;
using base::Error;
using base::Result;

/// Written and read in pieces of about this size.
constexpr std::size_t kPiece = 256UL << 10U;

/// As SQLite chooses: /tmp is memory on many machines.
std::string directory() {
    const char* const chosen = std::getenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe): nobody sets it
    for (const char* const candidate : {chosen, "/var/tmp"})
        if (candidate != nullptr && *candidate != '\0' && ::access(candidate, W_OK | X_OK) == 0)
            return candidate;
    return "/tmp";
}

Error failed(const char* what) {
    const std::error_code code(errno, std::generic_category());
    return {Errc::other, "temporary file in " + directory() + ": " + what + ": " + code.message(),
            "make room there, or name another directory in the environment variable TMPDIR"};
}

/// Without a name, so that nothing is left behind whatever happens.
int open_unnamed() {
    const std::string in = directory();
    const int file = ::open(in.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file >= 0) return file;
    std::string name = in + "/keyshift-spool-XXXXXX";
    const int named = ::mkostemp(name.data(), O_CLOEXEC);
    if (named >= 0) ::unlink(name.c_str());
    return named;
}

/// Hands over the whole rows at the beginning of `bytes`; how many bytes they are.
Result<std::size_t> hand_over(std::string_view bytes,
                              const std::function<Result<void>(PostgresRow&)>& handle) {
    std::size_t at = 0;
    while (bytes.size() - at >= sizeof(std::uint32_t)) {
        std::uint32_t size = 0;
        std::memcpy(&size, bytes.data() + at, sizeof size);
        if (bytes.size() - at - sizeof size < size) break;
        PostgresRow row(bytes.substr(at + sizeof size, size));
        if (auto handled = handle(row); !handled) return handled.error();
        at += sizeof size + size;
    }
    return at;
}

}  // namespace

RowSpool::~RowSpool() {
    clear();
}

void RowSpool::clear() {
    if (file_ >= 0) ::close(file_);
    file_ = -1;
    written_ = rows_ = kept_ = 0;
    std::vector<std::string>().swap(pieces_);
}

Result<void> RowSpool::add(const PostgresRow& row) {
    if (kept_ >= (written_ == 0 ? memory_ : kPiece))
        if (auto flushed = flush(); !flushed) return flushed;
    if (pieces_.empty() || pieces_.back().size() >= kPiece) pieces_.emplace_back();
    const auto size = static_cast<std::uint32_t>(row.rest().size());
    pieces_.back().append(reinterpret_cast<const char*>(&size), sizeof size).append(row.rest());
    kept_ += sizeof size + size;
    ++rows_;
    return {};
}

Result<void> RowSpool::flush() {
    if (file_ < 0) file_ = open_unnamed();
    if (file_ < 0) return failed("cannot be created");
    for (const std::string& piece : pieces_) {
        for (std::size_t done = 0; done < piece.size();) {
            const auto written = ::pwrite(file_, piece.data() + done, piece.size() - done,
                                          static_cast<off_t>(written_ + done));
            if (written < 0 && errno == EINTR) continue;
            if (written <= 0) return failed("cannot be written");
            done += static_cast<std::size_t>(written);
        }
        written_ += piece.size();
    }
    pieces_.resize(1);  // whose memory serves what comes
    pieces_.front().clear();
    kept_ = 0;
    return {};
}

/// Appends up to a piece of the file from `at` on.
Result<void> RowSpool::read(std::uint64_t at, std::string& to) const {
    const std::size_t before = to.size();
    to.resize(before + static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, written_ - at)));
    for (std::size_t done = before; done < to.size();) {
        const auto got =
            ::pread(file_, to.data() + done, to.size() - done, static_cast<off_t>(at + done - before));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return failed("cannot be read");
        done += static_cast<std::size_t>(got);
    }
    return {};
}

Result<void> RowSpool::each(const std::function<Result<void>(PostgresRow&)>& handle) const {
    std::string piece;
    for (std::uint64_t at = 0; at < written_;) {
        const std::size_t before = piece.size();
        if (auto more = read(at, piece); !more) return more;
        at += piece.size() - before;
        const auto taken = hand_over(piece, handle);
        if (!taken) return taken.error();
        piece.erase(0, *taken);
    }
    for (const std::string& kept : pieces_)
        if (const auto taken = hand_over(kept, handle); !taken) return taken.error();
    return {};
}

}  // namespace keyshift::drivers
