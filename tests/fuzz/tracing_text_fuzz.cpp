// SPDX-License-Identifier: Apache-2.0
// Any bytes as a line of tracing's text: both ways say the same, and everything said stands in the line; and
// as the lines of one program.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "formats/tracing/text.hpp"

namespace {

bool is_in(std::string_view part, std::string_view line) {
    return part.empty() ||
           (part.data() >= line.data() && part.data() + part.size() <= line.data() + line.size());
}

/// As the log of one program.
void read_all(std::string_view log) {
    using namespace keyshift::formats;
    TracingText reader;
    while (!log.empty()) {
        const std::string_view line = log.substr(0, log.find('\n'));
        log.remove_prefix(std::min(log.size(), line.size() + 1));
        TracingLine out;
        if (reader.parse(line, out) != TracingText::Part::event) continue;
        if (!is_in(out.time, line) || !is_in(out.target, line) || !is_in(out.message, line)) std::abort();
    }
    if (reader.form().text().empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace keyshift::formats;
    const std::string_view line(reinterpret_cast<const char*>(data), size);
    read_all(line);
    TracingLine fast;
    TracingLine slow;
    const bool parsed = parse_tracing_text(line, fast);
    if (parsed != parse_tracing_text_slowly(line, slow)) std::abort();
    std::string bare;
    remove_escapes(line, bare);
    if (bare.size() > size || (!has_escapes(line) && bare != line)) std::abort();
    if (!parsed) return 0;
    if (fast.time != slow.time || fast.level != slow.level || fast.target != slow.target ||
        fast.message != slow.message)
        std::abort();
    if (!is_in(fast.time, line) || !is_in(fast.target, line) || !is_in(fast.message, line)) std::abort();
    return 0;
}
