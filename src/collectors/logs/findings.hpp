// SPDX-License-Identifier: Apache-2.0
// What `keyshift doctor` says of a log that was read once. Looks at the rights of files that cannot be read;
// any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "collectors/collector.hpp"
#include "domain/counts/log_facts.hpp"
#include "drivers/files/input.hpp"

namespace keyshift::collectors {

struct LogSnapshot {
    std::string_view collector;  ///< its type
    std::vector<drivers::LogPlace> places;
    std::vector<base::Error> degradations;
    domain::LogLines lines;
    std::vector<std::string> sample;  ///< some of the lines
};

/// How many lines a sample has at most.
inline constexpr std::size_t kSampledLines = 100;

/// Not empty.
std::vector<Finding> log_findings(const LogSnapshot& snapshot);
/// Of a poll that has failed. Not empty.
std::vector<Finding> log_failures(const base::Error& error, const std::vector<drivers::LogPlace>& places);

}  // namespace keyshift::collectors
