// SPDX-License-Identifier: Apache-2.0
#include "formats/access/run.hpp"

#include <cstddef>

namespace keyshift::formats {
namespace {

/// Literals are found as near to the right end as can be: parts [0, count) of `text` go to `out`.
bool split_from_right(std::string_view text, const std::vector<RunPart>& parts, std::size_t count,
                      std::vector<std::string_view>& out) {
    for (std::size_t i = count; i-- > 1;) {
        const std::string& literal = parts[i - 1].behind;
        const std::size_t at = text.rfind(literal);
        if (at == std::string_view::npos) return false;
        out[i] = text.substr(at + literal.size());
        text = text.substr(0, at);
    }
    out[0] = text;
    return true;
}

}  // namespace

bool split_run(std::string_view text, const std::vector<RunPart>& parts, std::vector<std::string_view>& out) {
    out.assign(parts.size(), {});
    if (!split_from_right(text, parts, parts.size(), out)) return false;
    // Behind the last text that is chosen all ends are sure, and so is its own.
    std::size_t open = parts.size();
    while (open > 0 && parts[open - 1].holds == RunPart::Holds::own) --open;
    std::size_t at = 0;
    for (std::size_t i = 0; i + 1 < open; ++i) {
        const std::size_t end = text.find(parts[i].behind, at);
        const auto from_right = static_cast<std::size_t>(out[i].data() + out[i].size() - text.data());
        if (end != from_right) {
            for (std::size_t lost = 0; lost < open; ++lost) out[lost] = {};
            return true;
        }
        at = end + parts[i].behind.size();
    }
    return true;
}

}  // namespace keyshift::formats
