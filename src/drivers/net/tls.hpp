// SPDX-License-Identifier: Apache-2.0
// How a connection is encrypted, whichever protocol runs over it. Values: safe to move between threads.
#pragma once

#include <filesystem>
#include <string>

namespace keyshift::drivers {

/// The server's certificate is always checked, its name too.
struct TlsOptions {
    std::filesystem::path ca_file = {};           ///< PEM; empty: the system's authorities
    std::filesystem::path certificate_file = {};  ///< PEM chain shown to the server; empty: none
    std::filesystem::path key_file = {};          ///< PEM; together with certificate_file
    std::string server_name = {};  ///< for SNI and for the check; empty: the host that is connected to
    bool operator==(const TlsOptions&) const = default;
};

}  // namespace keyshift::drivers
