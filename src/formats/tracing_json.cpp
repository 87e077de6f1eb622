// SPDX-License-Identifier: Apache-2.0
#include "formats/tracing_json.hpp"

namespace keyshift::formats {

bool TracingJson::parse(std::string_view line, TracingLine& out) {
    return parse_slowly(line, out);
}

bool TracingJson::parse_slowly(std::string_view line, TracingLine& out) {
    if (!json_.parse(line)) return false;
    const auto level = tracing_level_named(json_.text("level").value_or(std::string_view()));
    if (!level) return false;
    out.level = *level;
    out.time = json_.text("timestamp").value_or(std::string_view());
    out.target = json_.text("target").value_or(std::string_view());
    auto message = json_.text("fields.message");
    if (!message) message = json_.text("message");
    out.message = message.value_or(std::string_view());
    return true;
}

}  // namespace keyshift::formats
