// SPDX-License-Identifier: Apache-2.0
// Which log file is which: the decisions, without files and clocks. LogFileSet says what it has observed,
// calls decide(), and acts. Internal to drivers. Pure; any thread.
//
// - A file is its FileId: device, inode and time of birth. A known id under another name is the same file,
//   renamed (UnnamedFacts). An unknown id is a new file, or a copy of a known one (copies.hpp).
// - A name proves nothing about the bytes. A known file goes on only if its beginning, and what stands before
//   the offset, are what was read (GenerationFacts). Otherwise its generation has ended: it was emptied or
//   filled anew. Then its rest may stand in a copy (endings.hpp), and the file itself begins as an unknown
//   one.
// - In doubt, lines are read twice rather than not at all, and the set is told that it cannot know.
//
// Observations cost reads. Facts that are not known yet are empty, and decide() answers with a step that says
// what to observe next; the caller adds the fact and asks again. It asks for no fact that does not matter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.hpp"
#include "drivers/files/signature.hpp"

namespace keyshift::drivers {

/// How the beginnings of two files, or of a file and its record, stand to each other.
struct HeadMatch {
    std::size_t common = 0;  ///< so many bytes are known of both; 0: nothing can be said
    bool agrees = true;      ///< these are the same

    static HeadMatch of(const Head& a, const Head& b) { return {a.common(b), a.agrees(b)}; }
};

/// A known file that no glob names any more.
struct UnnamedFacts {
    enum class Found {
        elsewhere,
        not_there,   ///< the directory that it was in has no other name for it
        unreadable,  ///< that directory is gone or cannot be read
    };
    bool open = false;                 ///< a descriptor of it is held
    bool linked = true;                ///< open: it has a name somewhere
    std::optional<bool> at_path = {};  ///< not open: its last name still leads to it
    std::optional<Found> search = {};
};
enum class UnnamedStep {
    observe_path,  ///< observe `at_path`
    search,        ///< observe `search`
    deleted,       ///< it is read to its end through its descriptor
    stays,         ///< under its name, or under one that cannot be seen from here
    moved,         ///< it was renamed
    away,          ///< its file system may not be mounted: nothing is known
    nowhere,       ///< it may be on its way to another name
};
UnnamedStep decide(const UnnamedFacts& facts);

/// A pass that found a file nowhere. Several passes in a row may fall into one rotation, which renames the
/// file: only listings that are apart count.
bool is_another_lost_listing(int lost_listings, base::Duration since_last);

/// A file that has been read before, whatever it is named.
struct GenerationFacts {
    std::uint64_t size = 0;
    std::uint64_t offset = 0;         ///< read up to there
    std::uint64_t held_end = 0;       ///< seen up to there, since the start
    std::size_t head_bytes = 0;       ///< so much of its beginning does its record know
    bool trusted = false;             ///< it was compared since the start, and nothing has contradicted that
    std::optional<bool> glance = {};  ///< the bytes before the offset are those that were read
    std::optional<HeadMatch> head = {};  ///< its beginning and that of its record
    std::optional<bool> tail = {};       ///< as `glance`, but observed after `head`
};
enum class GenerationStep {
    glance_at_tail,  ///< observe `glance`
    read_head,       ///< observe `head`
    read_tail,       ///< observe `tail`
    goes_on,         ///< it has only grown
    cut_short,       ///< its end was cut off; what is left was read before
    ended,           ///< it was emptied, or filled with something else
};
GenerationStep decide(const GenerationFacts& facts);

/// More of its beginning may be there than its record knows.
bool is_young(std::uint64_t size, std::size_t head_bytes);

/// A file of which nothing has been read.
struct UnreadFacts {
    bool linked = true;
    bool named = true;  ///< a glob names it
    bool empty = false;
    bool waiting = false;     ///< it may be a copy in the making
    bool compressed = false;  ///< it held a compressed log when it was last examined
};
enum class UnreadStep { forget, examine };
UnreadStep decide(const UnreadFacts& facts);

/// A file that is no copy of another: where it begins.
struct BeginFacts {
    std::uint64_t size = 0;
    bool first_poll = false;  ///< no pass has ended before, in this process or another
    bool from_end = false;    ///< LogFilesOptions::from_end
    /// How long it was at the first pass, if it was there and could not be read.
    std::optional<std::uint64_t> size_at_first_poll = {};
};
/// Lines up to there are old. Empty: all lines are new, and only a hole at the beginning is passed over.
std::optional<std::uint64_t> old_bytes(const BeginFacts& facts);

}  // namespace keyshift::drivers
