// SPDX-License-Identifier: Apache-2.0
// By what the beginning of a log file, and what stands before a place in it, are known again: hashes, never
// the bytes, since logs may hold secrets. Pure; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace keyshift::drivers {

/// How much of a file's beginning is compared.
inline constexpr std::size_t kHeadBytes = 1024;
/// How much of what stands before a place is compared.
inline constexpr std::size_t kTailBytes = 256;

std::uint64_t hash_of(std::string_view bytes);

/// A file's beginning, of as many bytes as it had: one hash for each of kLengths, so that it can be compared
/// with a longer or a shorter one.
class Head {
 public:
    static constexpr std::array<std::size_t, 12> kLengths{16,  32,  48,  64,  96,  128,
                                                          192, 256, 384, 512, 768, kHeadBytes};
    static constexpr std::size_t kHashes = kLengths.size();
    static constexpr std::size_t kFirstBytes = kLengths.front();

    Head() = default;
    /// Of at most kHeadBytes of `beginning`.
    static Head of(std::string_view beginning);
    /// Of hashes as hashes() gives them; only the first kHashes of more.
    static Head from(const std::uint64_t* hashes, std::size_t count);

    std::size_t count() const { return count_; }
    std::uint64_t hash(std::size_t i) const { return hashes_[i]; }
    /// How many bytes it stands for: 0, or 16 to kHeadBytes.
    std::size_t bytes() const { return count_ == 0 ? 0 : kLengths[count_ - 1]; }

    /// How many bytes both know of.
    std::size_t common(const Head& other) const;
    /// The bytes both know of are the same; also when there are none.
    bool agrees(const Head& other) const;

    bool operator==(const Head&) const = default;

 private:
    std::array<std::uint64_t, kHashes> hashes_{};
    std::size_t count_ = 0;
};

}  // namespace keyshift::drivers
