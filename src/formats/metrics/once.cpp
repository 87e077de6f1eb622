// SPDX-License-Identifier: Apache-2.0
#include "formats/metrics/once.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace keyshift::formats {

std::uint64_t hash_of(std::string_view text) {
    return std::hash<std::string_view>{}(text);
}

std::uint64_t hash_of(std::uint64_t a, std::uint64_t b) {
    // The finaliser of splitmix64: every bit of the sum moves every bit of the result.
    std::uint64_t x = a * 0x9E3779B97F4A7C15U + b;
    x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9U;
    x = (x ^ (x >> 27U)) * 0x94D049BB133111EBU;
    return x ^ (x >> 31U);
}

void Once::add(std::uint64_t hash, std::uint32_t line) {
    said_.push_back({hash, line});
}

std::optional<Once::Twice> Once::first_twice() {
    const auto key = [](const Said& said) { return std::pair(said.hash, said.line); };
    std::sort(said_.begin(), said_.end(), [&](const Said& a, const Said& b) { return key(a) < key(b); });
    std::optional<Twice> found;
    for (std::size_t i = 1; i < said_.size(); ++i) {
        const Said& first = said_[i - 1];
        const Said& again = said_[i];
        if (first.hash != again.hash) continue;
        if (!found || again.line < found->line) found = Twice{again.line, first.line};
    }
    return found;
}

}  // namespace keyshift::formats
