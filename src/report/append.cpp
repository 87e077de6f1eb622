// SPDX-License-Identifier: Apache-2.0
#include "report/append.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace keyshift::report {
namespace {

/// Writes the last `count` decimal digits of `value`, leading zeros included.
void put_digits(char* at, unsigned count, unsigned value) {
    for (; count > 0; --count, value /= 10) at[count - 1] = static_cast<char>('0' + value % 10);
}

base::Time within_rfc3339(base::Time t) {
    using std::chrono::January;
    constexpr base::Time kFirst = std::chrono::sys_days{std::chrono::year{0} / January / 1};
    constexpr base::Time kEnd = std::chrono::sys_days{std::chrono::year{10000} / January / 1};
    return std::clamp(t, kFirst, kEnd - base::Duration{1});
}

}  // namespace

void append_count(std::string& out, std::uint64_t count, std::string_view noun) {
    append_number(out, count);
    out += ' ';
    out += noun;
    if (count != 1) out += 's';
}

void append_rfc3339(std::string& out, base::Time t) {
    t = within_rfc3339(t);
    const auto day = std::chrono::floor<std::chrono::days>(t);
    const std::chrono::year_month_day date{day};
    const auto micros = static_cast<std::uint64_t>((t - day).count());
    const auto seconds = static_cast<unsigned>(micros / 1'000'000);
    std::array<char, 27> text{"0000-00-00T00:00:00.000000"};
    put_digits(text.data(), 4, static_cast<unsigned>(static_cast<int>(date.year())));
    put_digits(text.data() + 5, 2, static_cast<unsigned>(date.month()));
    put_digits(text.data() + 8, 2, static_cast<unsigned>(date.day()));
    put_digits(text.data() + 11, 2, seconds / 3600);
    put_digits(text.data() + 14, 2, seconds / 60 % 60);
    put_digits(text.data() + 17, 2, seconds % 60);
    const auto fraction = static_cast<unsigned>(micros % 1'000'000);
    put_digits(text.data() + 20, 6, fraction);
    out.append(text.data(), fraction == 0 ? 19 : 26);
    out += 'Z';
}

void append_rfc3339_seconds(std::string& out, base::Time t) {
    append_rfc3339(out, std::chrono::floor<std::chrono::seconds>(within_rfc3339(t)));
}

}  // namespace keyshift::report
