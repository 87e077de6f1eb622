// SPDX-License-Identifier: Apache-2.0
// How the daemon was started; a reload changes nothing of it. A value.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "base/listen_address.hpp"

namespace keyshift::daemon {

struct Launch {
    std::optional<std::filesystem::path> file;  ///< read again by a reload; empty: there is none
    std::vector<base::ListenAddress> listen;    ///< instead of web.listen; empty: as configured
    bool lifecycle = false;                     ///< POST /-/reload is obeyed
};

}  // namespace keyshift::daemon
