// SPDX-License-Identifier: Apache-2.0
// Points in time, durations and deadlines. Wall-clock times are UTC in microseconds, PostgreSQL's resolution.
// Pure functions and values: safe from any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace keyshift::base {

using Duration = std::chrono::microseconds;
using Time = std::chrono::sys_time<Duration>;

/// What databases call infinity: no point in time, but they compare like one.
inline constexpr Time kInfiniteFuture = Time::max();
inline constexpr Time kInfinitePast = Time::min();

/// The wall clock, the only place that reads it.
Time now();

/// Seconds since the epoch, as Prometheus wants them.
double to_unix_seconds(Time t);

/// "90s", "5m", "12h", "7d", "2w", "2y" (365 d) or a chain such as "1d12h", as Prometheus writes durations;
/// also "250ms". Empty when the text is anything else or does not fit.
std::optional<Duration> parse_duration(std::string_view text);
/// The shortest chain that parse_duration reads back: 90 s is "1m30s"; zero is "0s".
std::string format_duration(Duration d);

/// RFC 3339 with "Z" or a numeric offset, fraction optional: "2026-01-10T00:00:00Z". Empty when it is not, or
/// the date does not exist.
std::optional<Time> parse_rfc3339(std::string_view text);
/// "2026-01-10T00:00:00Z"; microseconds only where they are not zero.
std::string format_rfc3339(Time t);
/// Appends the same. Times outside the years 0000 to 9999, which RFC 3339 cannot say, become the nearest it
/// can.
void append_rfc3339(std::string& out, Time t);

/// A point on the monotonic clock by which a piece of work must be over, whatever it is waiting for.
class Deadline {
 public:
    using Clock = std::chrono::steady_clock;

    static Deadline in(Duration d) { return Deadline(Clock::now() + d); }

    bool passed() const { return Clock::now() >= at_; }
    /// What is left, never negative.
    Duration left() const;
    /// The earlier of this and `d` from now.
    Deadline at_most(Duration d) const;

 private:
    explicit Deadline(Clock::time_point at) : at_(at) {}
    Clock::time_point at_;
};

}  // namespace keyshift::base
