// SPDX-License-Identifier: Apache-2.0
// What is remembered of a log file over a restart: which file it is and how far it has been read. Pure; any
// thread.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "drivers/files/signature.hpp"

namespace keyshift::drivers {

/// A file, whatever it is named. An inode may be given to another file, in general one born later.
struct FileId {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t birth_ns = 0;  ///< 0 where the file system does not say

    auto operator<=>(const FileId&) const = default;
};

/// One filling of a file, from empty on: truncation to nothing ends it. Its bytes are only ever appended to.
struct Generation {
    std::uint64_t offset = 0;  ///< of the first line that was not handed over
    Head head = {};
    std::uint64_t tail = hash_of({});  ///< of the up to kTailBytes before `offset`
    bool in_oversized = false;         ///< `offset` is within a line that is passed over

    bool operator==(const Generation&) const = default;
};

struct FileRecord {
    FileId id;
    std::string path = {};  ///< its last known name
    Generation generation = {};
    /// What the file held before it was truncated, when nobody knows where its rest has gone: a copy of it
    /// that turns up is read from there on.
    std::optional<Generation> earlier = {};
    bool rotated = false;   ///< it has lost the name it was written under, or is a copy: it will end
    bool finished = false;  ///< it has ended, and everything in it was handed over

    bool operator==(const FileRecord&) const = default;
};

/// The name and the text under which a record is saved, both printable ASCII.
std::string record_name(const FileId& id);
std::optional<FileId> decode_record_name(std::string_view name);
std::string encode_record(const FileRecord& record);
/// Empty when it is not what encode_record() wrote.
std::optional<FileRecord> decode_record(std::string_view name, std::string_view text);

}  // namespace keyshift::drivers
