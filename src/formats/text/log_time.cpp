// SPDX-License-Identifier: Apache-2.0
#include "formats/text/log_time.hpp"

#include <array>
#include <cmath>
#include <string>

#include "formats/text/number.hpp"

namespace keyshift::formats {
namespace {

constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
/// 1 January 10000: beyond it there is no text of a time.
constexpr double kEndOfTime = 253'402'300'800;

/// -1 when these are not all digits.
int digits(std::string_view text, std::size_t at, std::size_t count) {
    int value = 0;
    for (const char c : text.substr(at, count)) {
        if (c < '0' || c > '9') return -1;
        value = value * 10 + (c - '0');
    }
    return value;
}

unsigned month(std::string_view name) {
    for (unsigned i = 0; i < kMonths.size(); ++i)
        if (kMonths.at(i) == name) return i + 1;
    return 0;
}

/// "25/Nov/2026:13:10:37" at the beginning of `text`, which is long enough.
std::optional<base::Time> date_and_time(std::string_view text) {
    constexpr std::string_view kShape = "00/Mmm/0000:00:00:00";
    for (const std::size_t i : {2U, 6U, 11U, 14U, 17U})
        if (text[i] != kShape[i]) return std::nullopt;
    const int day = digits(text, 0, 2);
    const int year = digits(text, 7, 4);
    const int hour = digits(text, 12, 2);
    const int minute = digits(text, 15, 2);
    const int second = digits(text, 18, 2);
    if (day < 0 || year < 0 || hour < 0 || minute < 0 || second < 0) return std::nullopt;
    // 60: a leap second.
    if (hour > 23 || minute > 59 || second > 60) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{year},
                                           std::chrono::month{month(text.substr(3, 3))},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (!date.ok()) return std::nullopt;
    return base::Time{std::chrono::sys_days{date}.time_since_epoch()} + std::chrono::hours{hour} +
           std::chrono::minutes{minute} + std::chrono::seconds{second};
}

}  // namespace

std::optional<base::Time> parse_common_time(std::string_view text) {
    if (text.size() != kCommonTimeSize || text[20] != ' ') return std::nullopt;
    const auto local = date_and_time(text);
    const int hours = digits(text, 22, 2);
    const int minutes = digits(text, 24, 2);
    if (!local || hours < 0 || minutes < 0 || minutes > 59) return std::nullopt;
    if (text[21] != '+' && text[21] != '-') return std::nullopt;
    const std::chrono::minutes offset{hours * 60 + minutes};
    return text[21] == '-' ? *local + offset : *local - offset;
}

std::optional<base::Time> parse_haproxy_time(std::string_view text) {
    if (text.size() != kHaproxyTimeSize || text[20] != '.') return std::nullopt;
    const auto local = date_and_time(text);
    const int milliseconds = digits(text, 21, 3);
    if (!local || milliseconds < 0) return std::nullopt;
    return *local + std::chrono::milliseconds{milliseconds};
}

std::optional<base::Time> parse_iso_time(std::string_view text) {
    if (const auto time = base::parse_rfc3339(text)) return time;
    if (text.size() < 5) return std::nullopt;
    const std::size_t sign = text.size() - 5;
    if (text[sign] != '+' && text[sign] != '-') return std::nullopt;
    std::string with_colon(text.substr(0, sign + 3));
    with_colon += ':';
    with_colon += text.substr(sign + 3);
    return base::parse_rfc3339(with_colon);
}

std::optional<base::Time> parse_epoch_seconds(std::string_view text) {
    const auto seconds = parse_float(text);
    return seconds ? from_epoch_seconds(*seconds) : std::nullopt;
}

std::optional<base::Time> from_epoch_seconds(double seconds) {
    if (!(seconds > 0 && seconds < kEndOfTime)) return std::nullopt;
    return base::Time{base::Duration{std::llround(seconds * 1e6)}};
}

}  // namespace keyshift::formats
