// SPDX-License-Identifier: Apache-2.0
// One log file as it is being followed. Internal to drivers.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "drivers/files/access.hpp"
#include "drivers/files/record.hpp"

namespace keyshift::drivers {

struct LogFile {
    using Clock = std::chrono::steady_clock;

    enum class State {
        undecided,   ///< empty so far, or not yet examined whether its bytes stood elsewhere before
        waiting,     ///< its bytes stand in another file too: a copy in the making, perhaps
        followed,    ///< it is read from record.generation.offset on
        compressed,  ///< left alone
    };

    /// What its record says of its bytes.
    enum class Trust {
        unproven,  ///< it has not been compared since the start, or since it could not be opened
        proven,
        suspect,  ///< they are not those that were read
    };

    FileRecord record;
    FileStatus status = {};  ///< as the last pass saw it
    Descriptor descriptor = Descriptor();
    State state = State::undecided;
    Trust trust = Trust::unproven;

    bool located = false;   ///< it is known where it is, since the start
    bool named = false;     ///< a glob names it
    bool changed = false;   ///< it has to be examined
    bool closed = false;    ///< its writer has closed it since it lost its name
    bool released = false;  ///< a writer has closed it, and nothing was written since
    bool emptied = false;   ///< it held something else before
    bool queued = false;    ///< there is something to read
    bool dirty = false;     ///< its record has to be saved
    bool saved = false;     ///< a record of it has been
    int watch = -1;
    std::uint64_t held_end = 0;  ///< up to there everything was read, but what is kept for later
    Clock::time_point grew_at = {};
    Clock::time_point used_at = {};
    Clock::time_point waiting_since = {};
    std::uint64_t compared_size = 0;  ///< waiting: what it had then
    FileId original = {};             ///< waiting: of that file
    std::string left_name = {};       ///< the last name that it lost
    std::int64_t left_ns = 0;         ///< when, by the file system's clock; 0: it has all its names
    int lost_listings = 0;            ///< in a row, in which it was nowhere
    Clock::time_point lost_at = {};   ///< in the last of them
    std::uint64_t listing = 0;        ///< number of the last one in which a glob named it
    std::size_t found_as = 0;         ///< which of that pass's names it goes by
    std::string problem = {};

    bool gone() const { return located && !status.linked; }
    /// Where it was found it was no more when it was to be opened, and it has not been compared since.
    bool astray() const { return located && trust == Trust::unproven && problem.empty(); }
    bool active() const { return state == State::followed && !record.finished; }
};

/// With how many bytes both begin, as far as samples tell.
std::uint64_t common_beginning(const LogFile& a, const LogFile& b);

/// All bytes of `copy` stand at the beginning of `original`, as far as samples tell: its beginning, its
/// middle and its end.
bool is_beginning_of(const LogFile& copy, const LogFile& original);

}  // namespace keyshift::drivers
