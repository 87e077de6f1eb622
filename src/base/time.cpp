// SPDX-License-Identifier: Apache-2.0
#include "base/time.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <ctime>

#include "base/ascii.hpp"
#include "base/people_time.hpp"

namespace keyshift::base {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t micros;
};
// Longest first: format_duration takes them in this order.
constexpr std::array<Unit, 7> kUnits{{{"y", 365LL * 86'400'000'000},
                                      {"w", 7LL * 86'400'000'000},
                                      {"d", 86'400'000'000},
                                      {"h", 3'600'000'000},
                                      {"m", 60'000'000},
                                      {"s", 1'000'000},
                                      {"ms", 1'000}}};

std::optional<std::int64_t> digits(std::string_view text, std::size_t at, std::size_t count) {
    if (at + count > text.size()) return std::nullopt;
    std::int64_t value = 0;
    for (const char c : text.substr(at, count)) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + (c - '0');
    }
    return value;
}

/// Reads ".123456789" at `at` and moves past it; microseconds, further digits are cut.
std::optional<std::int64_t> fraction(std::string_view text, std::size_t& at) {
    if (at >= text.size() || text[at] != '.') return 0;
    std::int64_t micros = 0;
    std::int64_t scale = 100'000;
    const std::size_t first = ++at;
    for (; at < text.size() && is_digit(text[at]); ++at, scale /= 10) micros += (text[at] - '0') * scale;
    if (at == first) return std::nullopt;
    return micros;
}

std::optional<std::int64_t> offset_minutes(std::string_view text) {
    if (text == "Z" || text == "z") return 0;
    if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
    const auto hours = digits(text, 1, 2);
    const auto minutes = digits(text, 4, 2);
    if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
    return (text[0] == '-' ? -1 : 1) * (*hours * 60 + *minutes);
}

/// Writes the last `count` decimal digits of `value`, leading zeros included.
void put_digits(char* at, unsigned count, unsigned value) {
    for (; count > 0; --count, value /= 10) at[count - 1] = static_cast<char>('0' + value % 10);
}

/// RFC 3339 has the years 0000 to 9999.
Time within_rfc3339(Time t) {
    using std::chrono::January;
    constexpr Time kFirst = std::chrono::sys_days{std::chrono::year{0} / January / 1};
    constexpr Time kEnd = std::chrono::sys_days{std::chrono::year{10000} / January / 1};
    return std::clamp(t, kFirst, kEnd - Duration{1});
}

constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// The length of the time of RFC 3339 that `text` begins with; 0: none.
std::size_t time_length(std::string_view text) {
    constexpr std::string_view kShape = "0000-00-00T00:00:00";
    if (text.size() <= kShape.size()) return 0;
    for (std::size_t i = 0; i < kShape.size(); ++i)
        if (kShape[i] == '0' ? !is_digit(text[i]) : text[i] != kShape[i]) return 0;
    std::size_t end = kShape.size();
    if (text[end] == '.')
        for (++end; end < text.size() && is_digit(text[end]);) ++end;
    if (end < text.size() && text[end] == 'Z') return end + 1;
    constexpr std::size_t kOffset = 6;  // "+01:00"
    return end + kOffset <= text.size() ? end + kOffset : 0;
}

}  // namespace

Time now() {
    return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

double to_unix_seconds(Time t) {
    return static_cast<double>(t.time_since_epoch().count()) / 1e6;
}

std::optional<Duration> parse_duration(std::string_view text) {
    if (text.empty()) return std::nullopt;
    if (text == "0") return Duration{0};
    std::int64_t total = 0;
    std::int64_t last_unit = INT64_MAX;
    while (!text.empty()) {
        std::int64_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc{} || value < 0 || end == text.data()) return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        const std::size_t name_size = std::min(text.find_first_of("0123456789"), text.size());
        const auto* const unit = std::find_if(
            kUnits.begin(), kUnits.end(), [&](const Unit& u) { return u.name == text.substr(0, name_size); });
        if (unit == kUnits.end() || unit->micros >= last_unit) return std::nullopt;
        if (value > (INT64_MAX - total) / unit->micros) return std::nullopt;
        total += value * unit->micros;
        last_unit = unit->micros;
        text.remove_prefix(name_size);
    }
    return Duration{total};
}

std::string format_duration(Duration d) {
    std::int64_t left = d.count();
    std::string out;
    for (const Unit& unit : kUnits) {
        if (unit.name == "y" || unit.name == "w") continue;
        if (left >= unit.micros) {
            out += std::to_string(left / unit.micros);
            out += unit.name;
            left %= unit.micros;
        }
    }
    return out.empty() ? "0s" : out;
}

std::optional<Time> parse_rfc3339(std::string_view text) {
    constexpr std::string_view kShape = "0000-00-00T00:00:00";
    if (text.size() < kShape.size() + 1) return std::nullopt;
    for (const std::size_t i : {4U, 7U, 13U, 16U})
        if (text[i] != kShape[i]) return std::nullopt;
    if (text[10] != 'T' && text[10] != 't' && text[10] != ' ') return std::nullopt;
    const auto year = digits(text, 0, 4);
    const auto month = digits(text, 5, 2);
    const auto day = digits(text, 8, 2);
    const auto hour = digits(text, 11, 2);
    const auto minute = digits(text, 14, 2);
    const auto second = digits(text, 17, 2);
    if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
    if (*hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(*year)},
                                           std::chrono::month{static_cast<unsigned>(*month)},
                                           std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok()) return std::nullopt;
    std::size_t at = kShape.size();
    const auto micros = fraction(text, at);
    const auto offset = offset_minutes(text.substr(at));
    if (!micros || !offset) return std::nullopt;
    return Time{std::chrono::sys_days{date}.time_since_epoch()} + std::chrono::hours{*hour} +
           std::chrono::minutes{*minute - *offset} + std::chrono::seconds{*second} + Duration{*micros};
}

void append_rfc3339(std::string& out, Time t) {
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

std::string format_rfc3339(Time t) {
    std::string out;
    append_rfc3339(out, t);
    return out;
}

std::string format_distance(Time t, Time now) {
    using namespace std::chrono_literals;
    const Duration distance = std::chrono::abs(t - now);
    const auto in = [&](auto unit, const char* name) { return std::to_string(distance / unit) + " " + name; };
    const std::string text = distance < 2min  ? in(1s, "s")
                             : distance < 2h  ? in(1min, "min")
                             : distance < 48h ? in(1h, "h")
                                              : in(24h, "d");
    return t > now ? std::string("in ").append(text) : text + " ago";
}

std::string with_times(std::string_view text, Time now) {
    std::string out;
    bool in_number = false;
    while (!text.empty()) {
        const std::size_t length = in_number ? 0 : time_length(text);
        const auto time = parse_rfc3339(text.substr(0, length));
        if (length > 0 && time) {
            out += format_for_people(*time, now);
            text.remove_prefix(length);
            continue;
        }
        in_number = is_digit(text.front());
        out += text.front();
        text.remove_prefix(1);
    }
    return out;
}

std::string format_for_people(Time t, Time now) {
    // Within the years that RFC 3339 can say.
    const std::string text = format_rfc3339(std::chrono::floor<std::chrono::seconds>(t));
    const auto part = [&text](std::size_t at, std::size_t length) { return text.substr(at, length); };
    const std::string year = part(0, 4);
    std::string out = part(text[8] == '0' ? 9 : 8, text[8] == '0' ? 1 : 2) + " " +
                      kMonths.at(static_cast<std::size_t>((text[5] - '0') * 10 + text[6] - '1'));
    if (year != format_rfc3339(now).substr(0, 4)) out += " " + year;
    return out + " " + part(11, 5) + " UTC";
}

std::string format_imf_fixdate(std::int64_t unix_seconds) {
    constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    const std::time_t seconds = unix_seconds;
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    std::array<char, 64> text{};
    // strftime would follow the locale.
    std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                  kDays.at(static_cast<std::size_t>(utc.tm_wday)), utc.tm_mday,
                  kMonths.at(static_cast<std::size_t>(utc.tm_mon)), utc.tm_year + 1900, utc.tm_hour,
                  utc.tm_min, utc.tm_sec);
    return text.data();
}

std::string format_day(Time t) {
    // "6 Dec 2026 14:32 UTC", as seen from before all years.
    const std::string text = format_for_people(t, Time::min());
    return text.substr(0, text.size() - std::string_view(" 14:32 UTC").size());
}

Duration Deadline::left() const {
    return std::max(Duration{0}, std::chrono::duration_cast<Duration>(at_ - Clock::now()));
}

Deadline Deadline::at_most(Duration d) const {
    return Deadline(std::min(at_, Clock::now() + d));
}

}  // namespace keyshift::base
