// SPDX-License-Identifier: Apache-2.0
#include "formats/lines/literal_search.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <utility>

namespace keyshift::formats {
namespace {

/// Of a window of at least so many bytes, four decide: nearly all of what a log says is told apart by them.
/// Of a shorter one two do, since it moves on by one less for each.
constexpr std::size_t kLong = 12;

}  // namespace

LiteralSearch::LiteralSearch(std::vector<std::string> literals) : literals_(std::move(literals)) {
    window_ = std::numeric_limits<std::uint8_t>::max();
    for (const std::string& literal : literals_) window_ = std::min(window_, literal.size());
    const std::size_t deciding = window_ >= kLong ? sizeof(Key) : sizeof(Key) / 2;
    std::array<unsigned char, sizeof(Key)> mask{};
    std::fill_n(mask.rbegin(), deciding, static_cast<unsigned char>(0xFF));
    std::memcpy(&mask_, mask.data(), sizeof mask_);

    constexpr std::size_t kLeastSlots = 4096;
    const std::size_t slots = std::bit_ceil(std::max(kLeastSlots, 8 * literals_.size() * window_));
    shift_ = static_cast<unsigned>(std::numeric_limits<Key>::digits - std::countr_zero(slots));
    shifts_.assign(slots, static_cast<std::uint8_t>(window_ - deciding + 1));
    begins_.assign(slots + 1, 0);
    for (const std::string& literal : literals_) {
        // slot_of() reads a whole key, of which the mask takes less.
        const std::string readable = std::string(sizeof(Key), '\0') + literal;
        for (std::size_t end = deciding; end <= window_; ++end) {
            std::uint8_t& shift = shifts_[slot_of(readable.data() + sizeof(Key) + end)];
            shift = std::min(shift, static_cast<std::uint8_t>(window_ - end));
        }
        ++begins_[slot_of(literal.data() + window_) + 1];
    }
    for (std::size_t slot = 0; slot < slots; ++slot) begins_[slot + 1] += begins_[slot];
    std::vector<std::uint32_t> next = begins_;
    ending_.resize(literals_.size());
    for (std::size_t i = 0; i < literals_.size(); ++i)
        ending_[next[slot_of(literals_[i].data() + window_)]++] = static_cast<std::uint32_t>(i);
}

}  // namespace keyshift::formats
