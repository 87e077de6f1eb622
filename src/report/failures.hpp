// SPDX-License-Identifier: Apache-2.0
// Failed authentications as text, JSON and CSV: by reason, then who failed how and how often. Everything that
// clients have written is taken for hostile, see escape.hpp. Pure functions: safe from any thread.
#pragma once

#include <cstddef>
#include <string>

#include "base/time.hpp"
#include "domain/counts/log_facts.hpp"

namespace keyshift::report {

struct FailuresView {
    std::string source;  ///< the log they are from
    base::Time since;
    base::Time now;
    const domain::FailureTally* failures = nullptr;  ///< of since then; minutes are put together
    std::size_t most = 50;                           ///< rows of text; the others are counted
};

std::string failures_text(const FailuresView& view);
std::string failures_json(const FailuresView& view);
std::string failures_csv(const FailuresView& view);

}  // namespace keyshift::report
