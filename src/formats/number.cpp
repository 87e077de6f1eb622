// SPDX-License-Identifier: Apache-2.0
#include "formats/number.hpp"

#include <charconv>

namespace keyshift::formats {

std::optional<std::uint64_t> parse_unsigned(std::string_view text) {
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (read.ec != std::errc{} || read.ptr != end || text.empty()) return std::nullopt;
    return value;
}

}  // namespace keyshift::formats
