// SPDX-License-Identifier: Apache-2.0
// Finds what a page says twice. Hashes are kept and sorted at the end: no page, however its names were
// chosen, makes that slow, as it could a hash table. No thread rule: a value. Kept inside src/formats.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace keyshift::formats {

/// A hash of `text` that differs for texts that differ, but for a chance of 1 in 2^64.
std::uint64_t hash_of(std::string_view text);
/// The hash of an ordered pair.
std::uint64_t hash_of(std::uint64_t a, std::uint64_t b);

class Once {
 public:
    struct Twice {
        std::uint32_t line = 0;
        std::uint32_t first_line = 0;
    };

    void add(std::uint64_t hash, std::uint32_t line);

    /// The earliest line that says again what an earlier call of add() has said; empty when there is none.
    std::optional<Twice> first_twice();

 private:
    struct Said {
        std::uint64_t hash;
        std::uint32_t line;
    };
    std::vector<Said> said_;
};

}  // namespace keyshift::formats
