// SPDX-License-Identifier: Apache-2.0
// Reads the answers to instant queries (/api/v1/query) of Prometheus and of what speaks like it: Thanos,
// Mimir, VictoriaMetrics. Pure: safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace keyshift::formats {

struct ApiSeries {
    std::vector<std::pair<std::string, std::string>>
        labels;             ///< sorted by name; with __name__ where there is one
    double value = 0;       ///< may be NaN or infinite
    double at_seconds = 0;  ///< since the epoch

    /// The value of a label; empty without one, which means the same.
    std::string_view label(std::string_view name) const;
};

struct ApiAnswer {
    enum class Kind : std::uint8_t { vector, scalar };

    Kind kind = Kind::vector;
    std::vector<ApiSeries> series;  ///< one without labels for a scalar
    /// Shortened and harmless to look at; remarks ("infos") are not among them.
    std::vector<std::string> warnings;
    /// Data may be missing: the server says so (VictoriaMetrics), or has a warning that is not about the
    /// query's own text, as Thanos, Mimir and Prometheus' remote read have when a store did not answer.
    bool partial = false;
};

/// Fails with parse when the answer is no vector or scalar of numbers as documented, has a series twice, is
/// nested deeper than any such answer, or is not JSON in UTF-8. When the server reports an error: timeout if
/// that was it, otherwise other, with its words.
base::Result<ApiAnswer> parse_api_answer(std::string_view body);

}  // namespace keyshift::formats
