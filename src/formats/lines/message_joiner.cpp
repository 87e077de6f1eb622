// SPDX-License-Identifier: Apache-2.0
#include "formats/lines/message_joiner.hpp"

#include <algorithm>

namespace keyshift::formats {

void MessageJoiner::append(std::string_view text, Open& open, std::size_t behind) {
    const auto from = static_cast<std::ptrdiff_t>(open.text.size());
    open.text += text;
    std::replace(open.text.begin() + from, open.text.end(), '\n', ' ');
    open.any = true;
    open.behind = behind;
}

}  // namespace keyshift::formats
