// SPDX-License-Identifier: Apache-2.0
// How collectors that speak HTTP log in and encrypt: the same keys for all of them. Values.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "config/options/options.hpp"
#include "config/options/secret_source.hpp"
#include "drivers/http_client/request.hpp"
#include "drivers/net/tls.hpp"

namespace keyshift::collectors {

struct HttpOptions {
    config::SecretSource bearer_token = {};  ///< may not be given
    std::string user = {};                   ///< of basic auth; empty: none
    config::SecretSource password = {};
    drivers::TlsOptions tls = {};

    /// Reads the secrets as they are now. Errors: config (a file that cannot be read).
    base::Result<std::vector<drivers::HttpHeader>> headers() const;
};

/// "ca_file", "certificate_file", "key_file", "server_name".
drivers::TlsOptions read_tls_options(config::OptionsReader options);
/// "bearer_token", "basic_auth", "tls".
HttpOptions read_http_options(config::OptionsReader& options);

}  // namespace keyshift::collectors
