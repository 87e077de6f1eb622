// SPDX-License-Identifier: Apache-2.0
// What is seen of log files: the facts for which identity.hpp, copies.hpp and endings.hpp ask, and what they
// come to where one file is enough. Nothing is changed here but where it says so. Internal to drivers. One
// thread at a time.
#pragma once

#include <optional>
#include <string>

#include "drivers/files/file.hpp"
#include "drivers/logs/copies.hpp"
#include "drivers/logs/endings.hpp"
#include "drivers/logs/identity.hpp"

namespace keyshift::drivers {

/// Where a file is that no glob names.
struct Unnamed {
    UnnamedStep step = UnnamedStep::stays;
    std::string path = {};                  ///< moved: its name now
    std::optional<FileStatus> status = {};  ///< of its descriptor, or of what its last name stands for
};
Unnamed find_unnamed(const LogFile& file);

/// Whether an open file that was read before goes on, was cut short or has ended.
GenerationStep examine(LogFile& file, LogFile::Trust trust);

/// The first bytes, of the moment of which file.status is from now on.
std::string read_beginning(LogFile& file);

/// Whether an open file whose head is known is a copy of `generation`.
Rest compare_rest(const LogFile& file, RestFacts facts, const Generation& generation);

/// What is seen of the two at no cost; what `facts` say of `file` alone stays.
void observe_pair(const LogFile& file, const LogFile& other, PairFacts& facts);

/// But its own name and its original's end. `original` may be nullptr.
CopyFacts observe_copy(const LogFile& file, const LogFile* original, LogFile::Clock::time_point now);

/// But the patience and the successor.
WriterFacts observe_writer(const LogFile& file, LogFile::Clock::time_point now);
/// `other`, in the place of `file`.
SuccessorFacts observe_successor(const LogFile& other, const LogFile& file);

}  // namespace keyshift::drivers
