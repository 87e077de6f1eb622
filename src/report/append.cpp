// SPDX-License-Identifier: Apache-2.0
#include "report/append.hpp"

#include <chrono>

namespace keyshift::report {
void append_count(std::string& out, std::uint64_t count, std::string_view noun) {
    append_number(out, count);
    out += ' ';
    out += noun;
    if (count != 1) out += 's';
}

void append_rfc3339_seconds(std::string& out, base::Time t) {
    const std::size_t begin = out.size();
    base::append_rfc3339(out, t);
    constexpr std::size_t kSecondsEnd = std::string_view("0000-00-00T00:00:00").size();
    out.resize(begin + kSecondsEnd);
    out += 'Z';
}

}  // namespace keyshift::report
