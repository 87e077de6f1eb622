// SPDX-License-Identifier: Apache-2.0
// Numbers and times at the end of a string, without a detour over a temporary: a report has millions of them.
// Pure functions: safe from any thread.
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace keyshift::report {

template <std::integral Number>
void append_number(std::string& out, Number number) {
    std::array<char, 24> digits{};
    const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    out.append(digits.data(), static_cast<std::size_t>(result.ptr - digits.data()));
}

/// "1 key", "0 keys": `noun` is the singular of a word that takes an s.
void append_count(std::string& out, std::uint64_t count, std::string_view noun);

/// RFC 3339 to the second, cut: for people.
void append_rfc3339_seconds(std::string& out, base::Time t);

}  // namespace keyshift::report
