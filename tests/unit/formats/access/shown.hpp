// SPDX-License-Identifier: Apache-2.0
// One line of an access log, read and put into words.
#pragma once

#include <string>
#include <string_view>

#include "base/time.hpp"
#include "formats/access/line.hpp"

namespace keyshift::formats {

/// "METHOD|target|status|bytes|peer|forwarded|user agent|time", or "-" when it is not of the format.
inline std::string shown(AccessReader& reader, std::string_view line) {
    AccessLine out;
    if (!reader.read(line, out)) return "-";
    reader.complete(out);
    std::string text;
    for (const std::string_view part : {out.method, out.target}) text += std::string(part) + "|";
    text += std::to_string(out.status) + "|" + (out.bytes ? std::to_string(*out.bytes) : "?") + "|";
    for (const std::string_view part : {out.peer, out.forwarded, out.user_agent})
        text += std::string(part) + "|";
    if (out.forwarded_ends_in_peer) text += "with peer|";
    if (out.local_time) text += "local ";
    return text + (out.at ? base::format_rfc3339(*out.at) : "?");
}

}  // namespace keyshift::formats
