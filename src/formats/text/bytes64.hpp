// SPDX-License-Identifier: Apache-2.0
// Looking at 64 bytes of a text at a time: which of them are what, as a mask in which bit i is byte i. Where
// a line's parts end differs from line to line; a mask finds an end without a branch for each byte or word,
// and so without the branches that a processor guesses wrong. Pure; any thread.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace keyshift::formats {

// All of this is inlined where it is used: a call would put 64 bytes into memory, and be longer than what is
// called.
#define KEYSHIFT_INLINE [[gnu::always_inline]] inline
#define KEYSHIFT_INLINED __attribute__((always_inline))  // of a lambda

class Bytes64 {
    static constexpr std::size_t kPart = 16;
    using Part [[gnu::vector_size(kPart)]] = unsigned char;
    using Tested [[gnu::vector_size(kPart)]] = signed char;  // as comparisons give it: all bits or none

 public:
    static constexpr std::size_t kSize = 4 * kPart;

    /// Of each byte, whether it passes. Tests are joined before they become a mask.
    class Test {
     public:
        KEYSHIFT_INLINE friend Test operator|(const Test& a, const Test& b) {
            return {a.first_ | b.first_, a.second_ | b.second_, a.third_ | b.third_, a.fourth_ | b.fourth_};
        }
        KEYSHIFT_INLINE friend Test operator&(const Test& a, const Test& b) {
            return {a.first_ & b.first_, a.second_ & b.second_, a.third_ & b.third_, a.fourth_ & b.fourth_};
        }
        KEYSHIFT_INLINE std::uint64_t mask() const;

     private:
        friend class Bytes64;
        KEYSHIFT_INLINE Test(Tested first, Tested second, Tested third, Tested fourth)
            : first_(first), second_(second), third_(third), fourth_(fourth) {}

        // No array: compilers keep these in registers.
        Tested first_, second_, third_, fourth_;
    };

    /// Precondition: so many can be read.
    KEYSHIFT_INLINE explicit Bytes64(const char* from)
        : first_(part(from)),
          second_(part(from + kPart)),
          third_(part(from + 2 * kPart)),
          fourth_(part(from + 3 * kPart)) {}

    KEYSHIFT_INLINE Test are(char c) const {
        const Part all = splat(c);
        return {first_ == all, second_ == all, third_ == all, fourth_ == all};
    }
    KEYSHIFT_INLINE Test are_below(unsigned char limit) const {
        const Part all = splat(static_cast<char>(limit));
        return {first_ < all, second_ < all, third_ < all, fourth_ < all};
    }
    KEYSHIFT_INLINE Test are_not_ascii() const {
        const Tested none{};
        return {sign(first_) < none, sign(second_) < none, sign(third_) < none, sign(fourth_) < none};
    }
    KEYSHIFT_INLINE Test are_above(unsigned char limit) const {
        const Part all = splat(static_cast<char>(limit));
        return {first_ > all, second_ > all, third_ > all, fourth_ > all};
    }

 private:
    KEYSHIFT_INLINE static Part part(const char* from) {
        Part out;
        std::memcpy(&out, from, kPart);
        return out;
    }
    KEYSHIFT_INLINE static Tested sign(Part part) { return reinterpret_cast<Tested>(part); }
    KEYSHIFT_INLINE static Part splat(char c) { return Part{} + static_cast<unsigned char>(c); }

    Part first_, second_, third_, fourth_;
};

KEYSHIFT_INLINE std::uint64_t Bytes64::Test::mask() const {
#if defined(__SSE2__)
    const auto bits = [](Tested part) -> std::uint64_t {
        return static_cast<std::uint16_t>(_mm_movemask_epi8(reinterpret_cast<__m128i>(part)));
    };
    return bits(first_) | bits(second_) << kPart | bits(third_) << 2 * kPart | bits(fourth_) << 3 * kPart;
#elif defined(__aarch64__)
    const uint8x16_t weights = vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201U));
    const auto weighed = [&](Tested part) { return vandq_u8(reinterpret_cast<uint8x16_t>(part), weights); };
    const uint8x16_t low = vpaddq_u8(weighed(first_), weighed(second_));
    const uint8x16_t high = vpaddq_u8(weighed(third_), weighed(fourth_));
    const uint8x16_t halves = vpaddq_u8(low, high);
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(halves, halves)), 0);
#else
    std::uint64_t out = 0;
    const auto add = [&out](Tested part, std::size_t from) {
        for (std::size_t i = 0; i < kPart; ++i) out |= static_cast<std::uint64_t>(part[i] & 1) << (from + i);
    };
    add(first_, 0);
    add(second_, kPart);
    add(third_, 2 * kPart);
    add(fourth_, 3 * kPart);
    return out;
#endif
}

/// The bytes [at, end) of a text, as far as 64 go.
class Window {
 public:
    /// `readable`: from there on bytes before `at` can be read, so that a text's end needs no copy.
    /// Precondition: there is at least one.
    KEYSHIFT_INLINE Window(const char* readable, const char* at, const char* end)
        : back_(static_cast<std::size_t>(end - at) < Bytes64::kSize
                    ? static_cast<unsigned>(at + Bytes64::kSize - end)
                    : 0),
          bytes_(static_cast<std::size_t>(end - readable) < Bytes64::kSize ? copy(at, end)
                                                                           : Bytes64(at - back_)) {}

    /// Of `test(bytes)`; bits behind the end are 0.
    template <class Tested>
    KEYSHIFT_INLINE std::uint64_t mask(const Tested& test) const {
        return test(bytes_).mask() >> back_;
    }

 private:
    /// Of a text that is shorter in all: as if something stood before it.
    [[gnu::noinline]] static Bytes64 copy(const char* at, const char* end) {
        const auto size = static_cast<std::size_t>(end - at);
        char bytes[Bytes64::kSize] = {};
        std::memcpy(bytes + Bytes64::kSize - size, at, size);
        return Bytes64(bytes);
    }

    unsigned back_;  ///< so many bytes stand before `at`
    Bytes64 bytes_;
};

/// The first of the bytes [at, end) that passes `test`, or `end`.
template <class Tested>
KEYSHIFT_INLINE const char* find_first(const char* readable, const char* at, const char* end,
                                       const Tested& test) {
    for (; static_cast<std::size_t>(end - at) >= Bytes64::kSize; at += Bytes64::kSize)
        if (const std::uint64_t mask = test(Bytes64(at)).mask()) return at + std::countr_zero(mask);
    if (at == end) return end;
    const std::uint64_t mask = Window(readable, at, end).mask(test);
    return mask == 0 ? end : at + std::countr_zero(mask);
}

/// The first `c` in [at, end), or `end`.
KEYSHIFT_INLINE const char* find_byte(const char* readable, const char* at, const char* end, char c) {
    return find_first(readable, at, end, [c](const Bytes64& bytes) KEYSHIFT_INLINED { return bytes.are(c); });
}

}  // namespace keyshift::formats
