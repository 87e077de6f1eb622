// SPDX-License-Identifier: Apache-2.0
#include "collectors/keys/pooled_census.hpp"

#include <algorithm>
#include <string>

namespace keyshift::collectors {
namespace {

constexpr std::uint64_t kTelling = 10'000;

constexpr int kSlowerThanTheLast = 10;
constexpr int kMoreAfterATimeout = 4;

constexpr const char* kDirect = "name the database server itself in database_url, not the pooler before it";

std::string in_seconds(base::Duration d) {
    return base::format_duration(std::chrono::ceil<std::chrono::seconds>(d));
}

}  // namespace

base::Duration CensusPace::expected(std::uint64_t rows) const {
    return std::chrono::duration_cast<base::Duration>(
        std::chrono::duration<double>(static_cast<double>(rows) / rows_per_second_));
}

void CensusPace::learn(std::uint64_t rows, base::Duration took) {
    if (rows < kTelling) return;
    rows_per_second_ =
        static_cast<double>(rows) /
        std::chrono::duration<double>(std::max<base::Duration>(took, std::chrono::milliseconds{1})).count();
}

base::Duration CensusPatience::of_next(base::Duration least, base::Duration most) const {
    return patience_ ? std::min(most, std::max(least, *patience_)) : most;
}

void CensusPatience::succeeded(base::Duration took) {
    patience_ = kSlowerThanTheLast * took;
}

void CensusPatience::timed_out(base::Duration given) {
    if (patience_) patience_ = kMoreAfterATimeout * given;
}

base::Error too_long_for_a_pooler(base::Duration expected) {
    return {base::Errc::timeout,
            "reading the whole key table would hold a connection of the pooler for " + in_seconds(expected) +
                " or more, and keyshift holds one for " + in_seconds(kLongestHold) + " at most",
            kDirect};
}

Finding about_pooler(base::Duration expected) {
    const std::string most = in_seconds(kLongestHold);
    if (expected <= kLongestHold) {
        return {Finding::Kind::ok,
                "a pooler is in between: keyshift leaves nothing on its connections, and holds one for " +
                    most + " at most"};
    }
    return {Finding::Kind::warning,
            "a pooler is in between, and reading the whole key table would hold one of its connections for "
            "some " +
                in_seconds(expected) + ": keyshift does not do so for more than " + most,
            kDirect};
}

}  // namespace keyshift::collectors
