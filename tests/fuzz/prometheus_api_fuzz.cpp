// SPDX-License-Identifier: Apache-2.0
// Any bytes as an answer of the Prometheus API: labels sorted, no series twice, every error says something.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string_view>

#include "formats/metrics/prometheus_api.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace keyshift::formats;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto answer = parse_api_answer(text);
    if (!answer) {
        if (answer.error().what.empty() || answer.error().what.size() > 4096) std::abort();
        return 0;
    }
    std::set<std::vector<std::pair<std::string, std::string>>> seen;
    for (const ApiSeries& series : answer->series) {
        if (!seen.insert(series.labels).second || !std::isfinite(series.at_seconds)) std::abort();
        for (std::size_t i = 1; i < series.labels.size(); ++i)
            if (series.labels[i - 1].first >= series.labels[i].first) std::abort();
    }
    if (answer->kind == ApiAnswer::Kind::scalar && answer->series.size() != 1) std::abort();
    return 0;
}
