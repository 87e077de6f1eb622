// SPDX-License-Identifier: Apache-2.0
// What a log can name a client by. Pure functions: safe from any thread.
#pragma once

#include <string_view>

#include "base/ascii.hpp"

namespace keyshift::formats {

/// "192.0.2.7", nothing else: the address of most lines.
inline bool is_ipv4(std::string_view text) {
    unsigned part = 0;
    unsigned digits = 0;
    unsigned dots = 0;
    for (const char c : text) {
        if (base::is_digit(c)) {
            part = part * 10 + static_cast<unsigned>(c - '0');
            if (++digits > 3) return false;
        } else {
            if (c != '.' || digits == 0 || part > 255) return false;
            ++dots;
            part = digits = 0;
        }
    }
    return dots == 3 && digits > 0 && part <= 255;
}

/// An address without port and brackets, of IPv6 perhaps with a %zone.
bool is_bare_address(std::string_view text);
/// An address, of IPv6 perhaps in brackets, perhaps with a port.
bool is_address(std::string_view text);
/// A host's name: labels of letters, digits, '-' and '_' with dots between them, the last not of digits only.
bool is_host_name(std::string_view text);
/// What can be a client: an address or a host's name, each perhaps with a port, or "unix:...".
bool is_client(std::string_view text);

}  // namespace keyshift::formats
