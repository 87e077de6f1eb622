// SPDX-License-Identifier: Apache-2.0
// Looking at eight bytes at a time, and so at the time as tracing writes it by default. Pure; any thread.
// Kept inside src/formats.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace keyshift::formats {

inline constexpr std::size_t kTimeSize = 27;

/// What colours begin with.
inline constexpr char kEscape = '\x1b';

using Word = std::uint64_t;
inline constexpr std::size_t kWord = sizeof(Word);

inline Word load(const char* from) {
    Word out = 0;
    std::memcpy(&out, from, kWord);
    return out;
}

/// Eight bytes as load() gives them.
constexpr Word word_of(std::string_view text) {
    Word out = 0;
    for (std::size_t i = 0; i < kWord; ++i) {
        const Word byte = i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
        out |= byte << 8 * (std::endian::native == std::endian::little ? i : kWord - 1 - i);
    }
    return out;
}

/// Whether what begins at `at`, of which so many bytes can be read, begins with `text`, of eight bytes at
/// least. Compared all at once: that it does is what is expected.
template <std::size_t kSize>
bool begins_with(const char* at, const char (&text)[kSize]) {
    constexpr std::size_t kLength = kSize - 1;
    static_assert(kLength >= kWord);
    Word differs = load(at + kLength - kWord) ^ load(text + kLength - kWord);
    for (std::size_t i = 0; i + kWord < kLength; i += kWord) differs |= load(at + i) ^ load(text + i);
    return differs == 0;
}

inline constexpr Word kOnes = 0x0101010101010101U;
inline constexpr Word kHighBits = kOnes << 7U;

/// A mask with the high bit of the first byte, as they stand in memory, that is 0; behind it anything.
constexpr Word zero_bytes(Word word) {
    return (word - kOnes) & ~word & kHighBits;
}
/// Likewise of the first byte less than `limit`, which is at most 128.
constexpr Word bytes_below(Word word, Word limit) {
    return (word - kOnes * limit) & ~word & kHighBits;
}
/// Likewise of the first byte greater than `limit`, which is less than 128.
constexpr Word bytes_above(Word word, Word limit) {
    return ((word + kOnes * (127 - limit)) | word) & kHighBits;
}

/// The first byte from `at` on that `stops` marks in a mask as above, or `end`.
template <class Stops>
const char* first_stop(const char* at, const char* end, const Stops& stops) {
    for (; static_cast<std::size_t>(end - at) >= kWord; at += kWord) {
        const Word mask = stops(load(at));
        if (mask == 0) continue;
        if constexpr (std::endian::native == std::endian::little) return at + std::countr_zero(mask) / 8;
        break;
    }
    // Every byte a word of its own, filled with what does not stop.
    for (; at != end; ++at)
        if ((stops(kOnes * static_cast<unsigned char>(*at)) & kHighBits) != 0) return at;
    return end;
}

/// Eight bytes in which each 0 of the pattern is any digit. What differs from the pattern, plus 6 where it is
/// a digit and plus 15 where it is not, stays below 16 in every byte exactly if they fit.
class Shape {
 public:
    constexpr explicit Shape(std::string_view pattern) : expected_(word_of(pattern)) {
        std::array<char, kWord> slack{};
        for (std::size_t i = 0; i < kWord; ++i) slack.at(i) = pattern[i] == '0' ? 0x06 : 0x0F;
        slack_ = word_of({slack.data(), slack.size()});
    }
    bool fits(const char* text) const {
        const Word differs = load(text) ^ expected_;
        return (((differs + slack_) | differs) & kHigh) == 0;
    }

 private:
    static constexpr Word kHigh = 0xF0F0F0F0F0F0F0F0U;
    Word expected_;
    Word slack_ = 0;
};

/// 2026-11-22T11:56:47.949528Z, the last part of it looked at twice.
inline bool is_tracing_time(const char* text) {
    static constexpr Shape kFirst("0000-00-"), kSecond("00T00:00"), kThird(":00.0000"), kLast(".000000Z");
    return kFirst.fits(text) && kSecond.fits(text + 8) && kThird.fits(text + 16) && kLast.fits(text + 19);
}

}  // namespace keyshift::formats
