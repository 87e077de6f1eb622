// SPDX-License-Identifier: Apache-2.0
#include "formats/lines/beginnings.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>

namespace keyshift::formats {

LineBeginnings::LineBeginnings(const std::vector<std::string>& literals) {
    std::vector<std::size_t> order(literals.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return literals[a] < literals[b]; });
    key_size_ = kKey;
    for (const std::size_t index : order) {
        if (nodes_.empty() || nodes_.back().literal != literals[index])
            nodes_.push_back({literals[index], {}, literals.size()});
        nodes_.back().indices.push_back(index);
        key_size_ = std::min(key_size_, literals[index].size());
    }
    std::array<unsigned char, kKey> mask{};
    std::fill_n(mask.begin(), key_size_, static_cast<unsigned char>(0xFF));
    std::memcpy(&mask_, mask.data(), kKey);
    link();
    fill_slots();
}

/// Whatever a literal begins with is sorted before it, and only what begins likewise stands between them.
void LineBeginnings::link() {
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        while (!open.empty() && !nodes_[i].literal.starts_with(nodes_[open.back()].literal)) open.pop_back();
        nodes_[i].above = open.empty() ? nodes_.size() : open.back();
        open.push_back(i);
    }
}

void LineBeginnings::fill_slots() {
    const std::size_t size = std::bit_ceil(4 * nodes_.size() + 4);
    slots_.resize(size);
    shift_ = static_cast<unsigned>(64 - std::countr_zero(size));
    for (std::size_t begin = 0, end = 0; begin < nodes_.size(); begin = end) {
        const std::uint64_t key = key_of(nodes_[begin].literal);
        while (end < nodes_.size() && key_of(nodes_[end].literal) == key) ++end;
        std::size_t at = slot_of(key);
        while (slots_[at].end != slots_[at].begin) at = (at + 1) % size;
        slots_[at] = {key, begin, end};
    }
}

/// All literals that `text` begins with are, by link(), above the last one that is not greater than it.
const LineBeginnings::Node* LineBeginnings::longest(std::string_view text, const Slot& among) const {
    const auto first = nodes_.begin() + static_cast<std::ptrdiff_t>(among.begin);
    const auto last = nodes_.begin() + static_cast<std::ptrdiff_t>(among.end);
    const auto after = std::upper_bound(
        first, last, text, [](std::string_view value, const Node& node) { return value < node.literal; });
    if (after == first) return nullptr;
    const Node* node = &*std::prev(after);
    while (node != nullptr && !text.starts_with(node->literal)) node = above(*node);
    return node;
}

}  // namespace keyshift::formats
