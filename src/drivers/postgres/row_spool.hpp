// SPDX-License-Identifier: Apache-2.0
// Rows that wait until the transaction they come from has ended: in memory, and beyond that in a temporary
// file without a name. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "drivers/postgres/postgres.hpp"

namespace keyshift::drivers {

class RowSpool {
 public:
    /// Keeps `memory` bytes before it needs the file.
    explicit RowSpool(std::size_t memory = 8UL << 20U) : memory_(memory) {}
    ~RowSpool();
    RowSpool(const RowSpool&) = delete;
    RowSpool& operator=(const RowSpool&) = delete;

    /// Errors: other (the file cannot be made or written).
    base::Result<void> add(const PostgresRow& row);
    std::uint64_t size() const { return rows_; }
    /// Memory is used up: what is added now needs the file.
    bool full() const { return written_ > 0 || kept_ >= memory_; }
    /// Hands over all rows in their order, each time it is called. The first error of `handle` ends it and is
    /// returned. Errors of its own: other (the file cannot be read).
    base::Result<void> each(const std::function<base::Result<void>(PostgresRow&)>& handle) const;
    /// Forgets all rows and gives back their memory.
    void clear();

 private:
    base::Result<void> flush();
    base::Result<void> read(std::uint64_t at, std::string& to) const;

    std::size_t memory_;
    std::vector<std::string> pieces_;  // of whole rows, behind what is in the file
    std::size_t kept_ = 0;             // bytes in them
    std::uint64_t written_ = 0;        // bytes in the file
    std::uint64_t rows_ = 0;
    int file_ = -1;
};

}  // namespace keyshift::drivers
