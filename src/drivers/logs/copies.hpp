// SPDX-License-Identifier: Apache-2.0
// Whether a file that nobody knows is a copy of one that is being read, how long it waits for what becomes of
// that one, and where reading begins in it. See identity.hpp for how facts and steps go. Internal to drivers.
// Pure; any thread.
//
// Why this is hard: `copytruncate` makes a copy and then empties the original. Between the two, both hold the
// same bytes, and nothing tells a copy from another log that begins alike, or from a backup. Reading the copy
// at once would count its lines twice. Never reading it would lose those that came before the original was
// emptied. So what may be a copy waits until its original is emptied (endings.hpp), differs from it, or will
// not be emptied any more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.hpp"
#include "drivers/logs/identity.hpp"

namespace keyshift::drivers {

/// An undecided file, and another one that it may be a copy of.
struct PairFacts {
    enum class Opening {
        opened,
        refused,
        astray,  ///< it is not the file that was read under its name, or has not been compared since
    };
    // The undecided file.
    bool reused = false;           ///< it held something else before, so that it is younger than it seems
    std::int64_t birth_ns = 0;     ///< 0: the file system does not say
    bool waits_for_other = false;  ///< it was found to be a copy of the other before
    bool plain_name = false;       ///< its name stands in the configuration: it is written under it
    bool in_others_place = false;  ///< it has the name that the other one lost
    // The other file.
    bool followed = true;
    bool located = true;  ///< it is known where it is
    bool rotated = false;
    bool astray = false;  ///< it could not be opened where it was, and was not compared since
    bool linked = true;
    std::int64_t left_ns = 0;      ///< when it lost a name; 0: never, as far as is known
    std::int64_t changed_ns = 0;   ///< when its bytes, names or rights changed last
    bool tiny_neighbours = false;  ///< both are shorter than any head, and in the same directory
    // What costs something to observe.
    std::optional<bool> named_after = {};  ///< as a rotated file of the other is named
    std::optional<HeadMatch> heads = {};
    std::optional<Opening> opening = {};
    std::optional<bool> is_beginning = {};     ///< all its bytes stand at the other's beginning
    std::optional<std::uint64_t> common = {};  ///< with so many bytes both begin
    std::optional<bool> other_goes_on = {};    ///< the other is, by now, what was read (GenerationFacts)
};
enum class PairStep {
    compare_names,       ///< observe `named_after`
    compare_heads,       ///< observe `heads`
    open_other,          ///< observe `opening`
    compare_beginnings,  ///< observe `is_beginning`
    measure_common,      ///< observe `common`
    prove_other,         ///< observe `other_goes_on`
    unrelated,           ///< it is no copy of this one
    copy,                ///< all its bytes stand in the other
    grown_on,            ///< it began as a copy of a file that is no longer written under its name
    other_moved,         ///< undecided: list the names again
    other_suspect,       ///< undecided: the other may have been emptied just now
};
PairStep decide(const PairFacts& facts);

/// A file that is a copy of another, its original.
struct CopyFacts {
    struct Original {
        bool rotated = false;
        bool astray = false;
        bool linked = true;
        std::uint64_t size = 0;
        std::int64_t left_ns = 0;       ///< when it lost a name; 0: it has all its names
        bool named_after = false;       ///< the copy is named after the name that it has now
        bool left_named_after = false;  ///< and after the one that it lost
        bool in_its_place = false;      ///< the copy has the name that it lost
    };
    std::uint64_t size = 0;
    std::int64_t modified_ns = 0;
    bool plain_name = false;                ///< its name stands in the configuration
    base::Duration quiet = {};              ///< since it grew last
    base::Duration waited = {};             ///< since it was whole, or began to wait
    bool original_ended = false;            ///< its original's generation has ended in this pass
    std::optional<Original> original = {};  ///< empty: it has been forgotten
};
enum class CopyStep {
    wait,              ///< for what becomes of the original
    examine_again,     ///< the original's rest may stand in it
    read_all,          ///< it is another log that begins alike
    read_whole_lines,  ///< it was counted up to its last whole line
    read_rest,         ///< all of it was counted: only what comes later is new
};
/// A file that has just been found to be a copy.
CopyStep decide(const CopyFacts& facts);
/// A file that waits.
CopyStep decide_waiting(const CopyFacts& facts);
/// What is still being copied has not begun to wait.
bool is_in_making(const CopyFacts& facts);

/// How many of its bytes a file that has grown on shares for certain with the one that it was copied from.
inline constexpr std::uint64_t kCertainlyCopied = kHeadBytes;

}  // namespace keyshift::drivers
