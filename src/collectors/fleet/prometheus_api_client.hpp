// SPDX-License-Identifier: Apache-2.0
// Asks the HTTP API v1 of Prometheus, or of what speaks like it, instant queries. Blocking, bounded by a
// deadline and the interrupt; used by one thread at a time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "collectors/shared/http_options.hpp"
#include "drivers/http_client/client.hpp"
#include "drivers/http_client/url.hpp"
#include "drivers/net/interrupt.hpp"
#include "formats/metrics/prometheus_api.hpp"

namespace keyshift::collectors {

struct PrometheusServer {
    drivers::HttpUrl url;  ///< what stands before /api/v1; a query in it is sent with each request
    HttpOptions http = {};
    std::string tenant = {};  ///< X-Scope-OrgID of Mimir and the like; empty: none
};

/// The target of a GET: `path` below /api/v1 with `query`, both of which come from here.
std::string api_target(const drivers::HttpUrl& base, std::string_view path, std::string_view query);
/// For a query's value: all but letters, digits and -._~ as %XX.
std::string percent_encoded(std::string_view text);
/// Since the epoch, in milliseconds: "1700000000.123".
std::string api_time(base::Time at);

/// What is wrong with an answer other than 200, or its content.
base::Result<formats::ApiAnswer> read_api_answer(const drivers::HttpResponse& response,
                                                 const std::string& url);

class PrometheusApiClient {
 public:
    PrometheusApiClient(PrometheusServer server, const drivers::Interrupt& interrupt)
        : server_(std::move(server)), client_(interrupt) {}

    /// The moment that the server would evaluate a query at now.
    base::Result<base::Time> now(base::Deadline deadline) const;
    /// All at once and evaluated at the same moment; in order.
    std::vector<base::Result<formats::ApiAnswer>> ask(const std::vector<std::string>& queries, base::Time at,
                                                      base::Deadline deadline) const;
    /// Of the server, by /api/v1/status/buildinfo; empty where it does not say.
    std::string version(base::Deadline deadline) const;

    const std::string& url() const { return server_.url.printable; }

 private:
    std::vector<base::Result<drivers::HttpResponse>> get(const std::vector<std::string>& targets,
                                                         base::Deadline deadline) const;

    PrometheusServer server_;
    drivers::HttpClient client_;
};

}  // namespace keyshift::collectors
