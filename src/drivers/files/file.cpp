// SPDX-License-Identifier: Apache-2.0
#include "drivers/files/file.hpp"

#include <algorithm>
#include <array>

namespace keyshift::drivers {
namespace {

constexpr std::uint64_t kSample = 4096;

bool same_bytes(const Descriptor& a, const Descriptor& b, std::uint64_t offset, std::uint64_t size) {
    std::array<char, kSample> one;
    std::array<char, kSample> other;
    const auto bytes = static_cast<std::size_t>(std::min(size, kSample));
    const auto from_a = read_at(a, one.data(), bytes, offset);
    const auto from_b = read_at(b, other.data(), bytes, offset);
    return from_a && from_b && from_a->size() == bytes && *from_a == *from_b;
}

}  // namespace

std::uint64_t common_beginning(const LogFile& a, const LogFile& b) {
    const std::uint64_t size = std::min(a.status.size, b.status.size);
    // The first block in which they differ: behind it they do not meet again.
    std::uint64_t low = 0;
    for (std::uint64_t high = size / kSample; low < high;) {
        const std::uint64_t middle = low + (high - low) / 2;
        if (same_bytes(a.descriptor, b.descriptor, middle * kSample, kSample)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    std::array<char, kSample> one;
    std::array<char, kSample> other;
    const std::uint64_t from = low * kSample;
    const auto left = static_cast<std::size_t>(std::min(size - from, kSample));
    const auto from_a = read_at(a.descriptor, one.data(), left, from);
    const auto from_b = read_at(b.descriptor, other.data(), left, from);
    if (!from_a || !from_b) return from;
    const auto end = std::mismatch(from_a->begin(), from_a->end(), from_b->begin(), from_b->end());
    return from + static_cast<std::uint64_t>(end.first - from_a->begin());
}

bool is_beginning_of(const LogFile& copy, const LogFile& original) {
    const std::uint64_t size = copy.status.size;
    if (size == 0) return false;
    const std::uint64_t end = size - std::min(size, kSample);
    return same_bytes(copy.descriptor, original.descriptor, 0, size) &&
           same_bytes(copy.descriptor, original.descriptor, end / 2, size) &&
           same_bytes(copy.descriptor, original.descriptor, end, size);
}

}  // namespace keyshift::drivers
