// SPDX-License-Identifier: Apache-2.0
// What all random histories share: numbers that a seed repeats, and a place for their state.
#pragma once

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <random>

#include "base/time.hpp"

namespace keyshift::journal::history {

using base::Duration;
using namespace std::chrono_literals;

class Random {
 public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}
    std::uint64_t below(std::uint64_t n) { return engine_() % n; }
    bool chance(unsigned percent) { return below(100) < percent; }
    /// At least 1 s, at most `d`.
    Duration up_to(Duration d) {
        return std::chrono::seconds{
            1 + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(std::max<Duration>(d, 1s) / 1s)))};
    }
    template <class Choices>
    const auto& one_of(const Choices& choices) {
        return *std::next(std::begin(choices), static_cast<std::ptrdiff_t>(below(std::size(choices))));
    }

 private:
    std::mt19937_64 engine_;
};

/// Where histories keep their state: in memory where there is such a place, since they write much.
inline std::filesystem::path place_of_histories() {
    const std::filesystem::path memory = "/dev/shm";
    return std::filesystem::exists(memory) ? memory : std::filesystem::temp_directory_path();
}

}  // namespace keyshift::journal::history
