// SPDX-License-Identifier: Apache-2.0
// What the collector `access_log` is told. Values.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "collectors/access/failures.hpp"
#include "collectors/logs/client_address.hpp"
#include "collectors/logs/client_names.hpp"
#include "collectors/logs/input.hpp"
#include "config/config.hpp"
#include "config/options/options.hpp"
#include "formats/access/line.hpp"

namespace keyshift::collectors {

/// Where a client's address stands.
enum class ClientField { peer, forwarded };

struct AccessOptions {
    LogInputOptions input = {};
    std::function<std::unique_ptr<formats::AccessReader>()> make_reader = formats::make_combined_reader;
    std::vector<std::string> paths = {};  ///< empty: the preset's
    FailureRules failures = {};           ///< beside the preset's
    ClientField client = ClientField::peer;
    std::vector<TrustedProxy> trusted_proxies = {};
    ClientOptions clients = {};
};

AccessOptions read_access_options(config::OptionsReader& reader);

}  // namespace keyshift::collectors
