// SPDX-License-Identifier: Apache-2.0
// The options of the `probe` collector: what it asks is the one thing that keyshift makes a gateway do.
#pragma once

#include <optional>
#include <string>

#include "base/time.hpp"
#include "collectors/http_options.hpp"
#include "config/secret_source.hpp"
#include "drivers/http_url.hpp"
#include "drivers/tls.hpp"

namespace keyshift::collectors {

struct ProbeOptions {
    drivers::HttpUrl url;
    std::string method;
    bool query_mark = true;  ///< its query has kOwnParameter, by which logs without user agents tell it
    config::SecretSource canary = {};  ///< a legacy key of the operator's own; may not be given
    std::string canary_id = {};        ///< its id in the key table, where it is left out
    base::Duration canary_interval{};
    std::string unknown_key =
        {};  ///< the body of a refusal that means "no such key"; empty: any refusal does
    drivers::TlsOptions tls = {};
};

/// What the gateway answered to a request, as far as it tells.
enum class Access { refused, accepted, unclear };
/// By its status: 401 and 403 are refusals, 2xx lets in; whatever else may come before keys are looked at.
Access access_of(int status);

}  // namespace keyshift::collectors
