// SPDX-License-Identifier: Apache-2.0
// Brings the keys of one owner together, whatever order they come in, in bounded memory: keys are parted by a
// hash of their owner, parts that grow go to an unnamed temporary file, and are read back one by one. Memory:
// 2 MiB while adding, then one part (1/256 of all) or the largest owner, whichever is more. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace keyshift::store {

struct SpooledKey {
    std::uint64_t owner = 0;      ///< hash of what brings keys together
    std::uint64_t name = 0;       ///< hash of the normalised name; 0: none
    std::uint64_t folded = 0;     ///< hash of the folded name; 0: none
    std::uint64_t key = 0;        ///< hash of the id
    std::uint32_t created = 0;    ///< seconds since the epoch
    std::uint32_t last_used = 0;  ///< seconds since the epoch; 0: never
    bool legacy = false;
    bool owned = false;   ///< else it is nobody's
    std::string_view id;  ///< may be empty; at most 65,535 bytes are kept
};

class OwnerSpool {
 public:
    /// The file is made in `directory` when it is needed.
    explicit OwnerSpool(std::filesystem::path directory) : directory_(std::move(directory)) {}
    ~OwnerSpool();
    OwnerSpool(const OwnerSpool&) = delete;
    OwnerSpool& operator=(const OwnerSpool&) = delete;

    /// Errors: other (the file cannot be made or written).
    base::Result<void> add(const SpooledKey& key);
    /// Calls `visit` once for each owner with all of its keys; then the spool is empty. What it is given
    /// lives during the call. Errors: other (the file cannot be read).
    base::Result<void> each_owner(const std::function<void(std::span<const SpooledKey>)>& visit);
    void clear();

 private:
    struct Block {
        std::uint64_t offset;
        std::uint32_t size;
    };
    struct Part {
        std::string buffer;
        std::vector<Block> written;
    };
    base::Result<void> flush(Part& part);
    base::Result<std::string> take(Part& part);

    std::filesystem::path directory_;
    std::array<Part, 256> parts_;
    int file_ = -1;
    std::uint64_t end_ = 0;
};

}  // namespace keyshift::store
