// SPDX-License-Identifier: Apache-2.0
// Failed authentications as text: by reason, then who failed how and how often. Everything that clients have
// written is taken for hostile, see escape.hpp. Pure functions: safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace keyshift::report {

struct FailuresOf {
    std::string reason;
    std::uint64_t clients = 0;  ///< whose address is known
    std::uint64_t count = 0;
};
struct FailuresBy {
    std::string reason, client, path, user_agent;  ///< empty: not known
    std::uint64_t count = 0;
    base::Time first, last;
};
struct FailuresView {
    std::string source;  ///< the log they are from
    base::Time since;
    base::Time now;
    std::vector<FailuresOf> reasons;
    std::vector<FailuresBy> rows;
    std::size_t most = 50;  ///< rows that are shown, 0: all; the others are counted
};

std::string failures_text(const FailuresView& view);

}  // namespace keyshift::report
