// SPDX-License-Identifier: Apache-2.0
#include "formats/text/text.hpp"

#include <utility>

#include <simdjson.h>

#include "base/utf8.hpp"

namespace keyshift::formats {

bool valid_utf8(std::string_view text) {
    return simdjson::validate_utf8(text);
}

std::string shortened(std::string_view text, std::size_t most) {
    // Four bytes are at least one code point, so that what is cut here is cut below, too.
    std::string out = base::escape_unsafe(text.substr(0, 4 * most + 4));
    std::size_t size = 0;
    for (std::size_t count = 0; size < out.size(); ++count) {
        if (count == most) {
            out.resize(size);
            return out + "...";
        }
        size += base::decode_utf8(std::string_view(out).substr(size)).size;
    }
    return out;
}

std::string in_quotes(std::string_view text, std::size_t most) {
    return '"' + shortened(text, most) + '"';
}

base::Error parse_error(std::string what) {
    return {base::Errc::parse, std::move(what), {}};
}

}  // namespace keyshift::formats
