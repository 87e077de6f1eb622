// SPDX-License-Identifier: Apache-2.0
// How the daemon was started; a reload changes nothing of it. A value.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "base/listen_address.hpp"
#include "base/log/log.hpp"
#include "config/config.hpp"

namespace keyshift::daemon {

struct Launch {
    std::optional<std::filesystem::path> file;         ///< read again by a reload; empty: there is none
    std::vector<base::ListenAddress> listen;           ///< instead of web.listen; empty: as configured
    std::filesystem::path web_file;                    ///< instead of web.config_file; empty: as configured
    bool lifecycle = false;                            ///< POST /-/reload is obeyed
    std::optional<base::log::Level> log_level = {};    ///< instead of log.level
    std::optional<base::log::Format> log_format = {};  ///< instead of log.format

    /// The log, as this or else `configured` has it.
    void configure_log(const config::Log& configured) const {
        base::log::configure(log_level.value_or(configured.level), log_format.value_or(configured.format));
    }
};

}  // namespace keyshift::daemon
