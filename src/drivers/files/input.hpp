// SPDX-License-Identifier: Apache-2.0
// Where log lines come from: files, the journal, standard input. An input hands over each line once, and says
// what must be saved together with what was made of the lines, so that after a restart or kill -9 it goes on
// with the first line that was not. Used on one worker thread; read() blocks, bounded by its deadline and by
// the interrupt the input was made with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"

namespace keyshift::drivers {

/// A block handed to a sink is never longer, and a line that is longer than this is oversized.
inline constexpr std::size_t kLogBlock = std::size_t{256} * 1024;

class LogSink {
 public:
    virtual ~LogSink() = default;
    /// Whole lines, in the order in which they stand in their file, each with its '\n' but perhaps the last
    /// one of a file that was ended without; a '\r' before it is the line's own. Valid during the call.
    virtual void lines(std::string_view block) = 0;
    /// A line longer than kLogBlock was passed over, once for each.
    virtual void oversized() = 0;
};

/// What an input has to know after a restart: texts by name, opaque to others. In changes an empty value
/// means that the name is forgotten.
using LogCursor = std::map<std::string, std::string>;
using LogCursorChanges = std::map<std::string, std::optional<std::string>>;

/// What one read() came to.
struct LogRead {
    std::uint64_t bytes = 0;      ///< handed over or passed over
    std::uint64_t lag_bytes = 0;  ///< known to be there and not read yet, half a line at the end not included
    bool more = false;            ///< it stopped at the deadline: read() again at once
    bool lossy = false;           ///< lines that nobody has read may have gone for good since the last read()
    /// What cannot be read now, each as "PATH: why"; what it holds is read when it can be.
    std::vector<std::string> missing = {};
    LogCursorChanges cursor = {};  ///< to be saved with what was made of the lines
};

/// One file, or whatever else an input reads, for people.
struct LogPlace {
    std::string name;
    std::uint64_t size_bytes = 0;
    std::uint64_t read_bytes = 0;  ///< how far it has been read
    std::string problem = {};      ///< why it cannot be read; empty: it can
};

class LogInput {
 public:
    virtual ~LogInput() = default;
    /// What is there is read from its beginning, whatever the options say of that: for a pass that is no part
    /// of following. Before the first read().
    virtual void from_beginning() {}
    /// Where an earlier process had got to; before the first read(), or never.
    virtual void resume(const LogCursor& cursor) = 0;
    /// Everything that is there and was not handed over before, or as much as the deadline allows. Fails only
    /// when nothing at all can be read (no file, no right, no journal); what `sink` has got in a call that
    /// fails is nothing.
    virtual base::Result<LogRead> read(LogSink& sink, base::Deadline deadline) = 0;
    /// After a read() that failed: what must be saved all the same, for a read() in another process.
    virtual LogCursorChanges saved_though_failed() { return {}; }
    /// Readable, for poll(), as soon as read() may find something new; stays so until the next read(). -1:
    /// nothing tells, and read() has to be called by the clock. The same over the life of the input.
    virtual int wake_fd() const { return -1; }
    /// How often to call read() although nothing has woken: a reconciling poll, or the only way to see
    /// anything where nothing wakes. May change with each read().
    virtual base::Duration max_poll_interval() const = 0;
    /// What it reads, as of the last read(); before that, what it would read.
    virtual std::vector<LogPlace> places() = 0;
    /// What makes less of the input than could be, although it can be read, and what repairs it; as of the
    /// last read().
    virtual std::vector<base::Error> degradations() const { return {}; }
};

}  // namespace keyshift::drivers
