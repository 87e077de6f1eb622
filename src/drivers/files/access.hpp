// SPDX-License-Identifier: Apache-2.0
// What the following of log files asks the system for. Internal to drivers. Nothing here blocks on a pipe or
// a device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/descriptor.hpp"
#include "drivers/files/record.hpp"

namespace keyshift::drivers {

using base::Descriptor;

struct FileStatus {
    FileId id;
    std::uint64_t size = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;  ///< its bytes, its names or its rights
    std::uint32_t mode = 0;
    bool linked = true;  ///< it has a name

    bool regular() const;
    /// It was written to so short before that the same time may be given to what is written next.
    bool fresh = false;

    /// Nothing has been written since `before`, as far as a file system tells.
    bool unchanged_since(const FileStatus& before) const {
        return size == before.size && modified_ns == before.modified_ns && linked == before.linked &&
               !before.fresh;
    }
};

/// Of what the name stands for, symbolic links followed. Empty: errno says why.
std::optional<FileStatus> status_of(const std::string& path);
std::optional<FileStatus> status_of(const Descriptor& descriptor);

/// For reading, whatever it is. Empty: errno says why.
Descriptor open_file(const std::string& path);
/// "directory" and the like.
std::string kind_of(const FileStatus& status);

/// Up to `size` bytes from `offset` on, less only at the end of the file. Empty when it cannot be read.
std::optional<std::string_view> read_at(const Descriptor& file, char* buffer, std::size_t size,
                                        std::uint64_t offset);
/// The first kHeadBytes, or what there is; nothing also when it cannot be read.
std::string read_beginning(const Descriptor& file);
/// The hash of the up to kTailBytes before `offset`; empty when the file is shorter.
std::optional<std::uint64_t> tail_before(const Descriptor& file, std::uint64_t offset);
/// The end of the last whole line in [from, to); `from` when there is none within `most` bytes before `to`.
std::uint64_t whole_lines_end(const Descriptor& file, std::uint64_t from, std::uint64_t to, std::size_t most);

/// How much at the beginning is a hole, or zeros: kHeadBytes at least, else 0. A writer that does not append
/// goes on where it was in a file that has been emptied.
std::uint64_t leading_zeros(const Descriptor& file);

/// gzip, bzip2, xz, zstd. A log that has been compressed holds nothing that did not stand in it before.
bool is_compressed(std::string_view beginning);

}  // namespace keyshift::drivers
