// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include "base/ascii.hpp"
#include "formats/metrics/exposition_text.hpp"

namespace keyshift::formats {
namespace {

using base::lower;
using base::trimmed;

/// The value of a parameter, lower-case and without quotation marks; empty when it is not there.
std::string parameter(std::string_view parameters, std::string_view wanted) {
    while (!parameters.empty()) {
        const std::size_t end = std::min(parameters.find(';'), parameters.size());
        const std::string_view entry = parameters.substr(0, end);
        parameters.remove_prefix(std::min(end + 1, parameters.size()));
        const std::size_t equals = entry.find('=');
        if (equals == std::string_view::npos || lower(trimmed(entry.substr(0, equals))) != wanted) continue;
        std::string_view value = trimmed(entry.substr(equals + 1));
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
            value = value.substr(1, value.size() - 2);
        return lower(value);
    }
    return {};
}

}  // namespace

std::optional<ExpositionFormat> exposition_format(std::string_view content_type) {
    if (trimmed(content_type).empty()) return ExpositionFormat::prometheus_text;
    const std::size_t end = std::min(content_type.find(';'), content_type.size());
    const std::string media = lower(trimmed(content_type.substr(0, end)));
    if (media == "text/plain") return ExpositionFormat::prometheus_text;
    if (media != "application/openmetrics-text") return std::nullopt;
    const std::string version = parameter(content_type.substr(end), "version");
    const bool known = version.empty() || version.starts_with("1.") || version == "0.0.1";
    return known ? std::optional(ExpositionFormat::open_metrics) : std::nullopt;
}

}  // namespace keyshift::formats
