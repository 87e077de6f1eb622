// SPDX-License-Identifier: Apache-2.0
// Any bytes as a line of tracing's JSON: both ways say the same; and as a line of fields.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "formats/tracing/json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace keyshift::formats;
    static TracingJson fast_reader;
    static TracingJson slow_reader;
    static JsonLine fields;
    const std::string_view line(reinterpret_cast<const char*>(data), size);
    TracingLine fast;
    TracingLine slow;
    const bool parsed = fast_reader.parse(line, fast);
    if (parsed != slow_reader.parse_slowly(line, slow)) std::abort();
    if (parsed && (fast.time != slow.time || fast.level != slow.level || fast.target != slow.target ||
                   fast.message != slow.message))
        std::abort();
    const bool is_object = fields.parse(line);
    if (parsed && (!is_object || !fields.text("level"))) std::abort();
    if (is_object)
        for (const std::string_view path : {"", ".", "a.b", "fields.message", "span.name"}) fields.text(path);
    return 0;
}
