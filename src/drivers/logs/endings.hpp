// SPDX-License-Identifier: Apache-2.0
// How a generation of a file ends, one filling of it: whose copy holds its rest, whether lines were lost, and
// when a file is given up that nobody writes to any more. See identity.hpp for how facts and steps go.
// Internal to drivers. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "drivers/files/record.hpp"
#include "drivers/logs/identity.hpp"

namespace keyshift::drivers {

/// A generation that has ended, or whose file cannot be found: its rest may stand in a copy.
struct Ended {
    FileId of;
    std::string path;
    Generation generation;
    bool rotated = false;
    bool finished = false;
    bool lost = false;     ///< the file was nowhere
    bool earlier = false;  ///< it ended in another pass
    bool found = false;    ///< the copy, or the file itself elsewhere
};

/// A file that may be the copy of an ended generation.
struct RestFacts {
    std::uint64_t size = 0;
    std::uint64_t offset = 0;       ///< up to there the generation was read
    HeadMatch head = {};            ///< of the file and the generation
    bool lost = false;              ///< see Ended
    bool waited = false;            ///< compared with all of that generation before, and not grown since
    std::optional<bool> tail = {};  ///< the bytes before `offset` are those that were read
};
enum class RestStep {
    compare_tail,  ///< observe `tail`
    none,          ///< it is no copy
    read_rest,     ///< read it from Rest::offset on
};
struct Rest {
    RestStep step = RestStep::none;
    std::uint64_t offset = 0;
};
Rest decide(const RestFacts& facts);

/// A copy of an ended generation.
struct Duplicate {
    std::size_t file = 0;  ///< of those that are compared
    std::uint64_t size = 0;
    std::uint64_t offset = 0;  ///< where the rest begins in it
};
/// Of all copies only the longest is read; in the others nothing is new. The longest first, each with the
/// offset at which it is read.
void share_rest(std::vector<Duplicate>& copies);

/// What is known of a copy when its reading begins.
struct CopyRole {
    bool rotated = false;       ///< nobody will write to it under a name that is ours
    bool left_name = false;     ///< it counts as having lost the name of its original
    bool in_oversized = false;  ///< it is read from within a line that is passed over
};
CopyRole role_of_copy(const Ended& ended, std::uint64_t offset, bool named_after);

/// No glob names its copy, so that a search beside the file is worth it.
bool is_rest_sought(const Ended& ended);

/// What an ended generation comes to when all copies have been examined.
enum class Conclusion {
    nothing,        ///< nothing is missing
    wait,           ///< a file that was nowhere may turn up
    forget,         ///< the file, of which nothing is missing
    lost,           ///< lines may be lost, and nothing can be done
    lost_forget,    ///< the same, and the file has gone
    lost_remember,  ///< the same, but a copy may turn up: it is read behind what was read
};
/// `lost_listings`: in so many passes in a row the file was nowhere.
Conclusion conclude(const Ended& ended, int lost_listings);

/// A file that has lost its name, and whether anybody will write to it.
struct WriterFacts {
    bool rotated = true;
    bool located = true;
    bool followed = true;
    bool finished = false;               ///< it was given up before
    bool gone = false;                   ///< it has no name any more
    bool closed = false;                 ///< its writer has closed it since it lost its name
    bool released = false;               ///< a writer has closed it, and nothing was written since
    bool unread = false;                 ///< something stands behind what was read, such as half a line
    base::Duration quiet = {};           ///< since it grew or lost its name
    base::Duration patience = {};        ///< LogFilesOptions::give_up_after
    std::optional<bool> successor = {};  ///< its writer has gone on in another file, under the name it had
};
enum class WriterStep {
    observe_successor,  ///< observe `successor`
    leave,              ///< it is read as it grows, or there is nothing to do
    forget,
    wait,    ///< ask again when it has been quiet for Writer::patience
    finish,  ///< its end counts, although it has no newline
};
struct Writer {
    WriterStep step = WriterStep::leave;
    base::Duration patience = {};
};
Writer decide(const WriterFacts& facts);

/// One that is written under the name that another has lost.
struct SuccessorFacts {
    bool named = false;
    bool has_the_name = false;  ///< that the other lost
    std::uint64_t size = 0;
    std::int64_t modified_ns = 0;
};
/// The other was modified at `modified_ns` last.
bool is_successor(const SuccessorFacts& facts, std::int64_t modified_ns);

}  // namespace keyshift::drivers
