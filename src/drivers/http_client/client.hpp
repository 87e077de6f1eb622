// SPDX-License-Identifier: Apache-2.0
// HTTP requests, every wait bounded by a deadline and an Interrupt. Blocking; used by one thread at a time.
// Each request has a connection of its own. Redirects are not followed: they are answers like others.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "drivers/http_client/request.hpp"
#include "drivers/http_client/response.hpp"
#include "drivers/net/interrupt.hpp"

namespace keyshift::drivers {

struct HttpLimits {
    std::size_t body_bytes = std::size_t{16} * 1024 * 1024;  ///< of an answer
    std::size_t header_bytes = std::size_t{64} * 1024;       ///< of an answer
    std::size_t at_once = 64;                                ///< open connections
    base::Duration each = std::chrono::seconds{10};          ///< for one exchange, from look-up to last byte
};

class HttpClient {
 public:
    using Handler = std::function<void(std::size_t index, base::Result<HttpResponse> result)>;

    explicit HttpClient(const Interrupt& interrupt) : interrupt_(interrupt) {}

    /// Whatever status the server gives is a result. Errors: config (the request or a file of its TLS
    /// options), connect (unknown host, refused, broken off, a certificate that is not trusted), auth (the
    /// server wants a certificate of ours), timeout, parse (not HTTP/1, or more than the limits), canceled,
    /// other.
    base::Result<HttpResponse> send(const HttpRequest& request, const HttpLimits& limits,
                                    base::Deadline deadline) const;

    /// All of them, at most limits.at_once at a time. `handle` is called once for each, on this thread, as it
    /// is over, and not too long, since the others wait meanwhile; what it throws passes through and ends
    /// everything. Files of TLS options are read once for all requests with the same ones.
    void send_all(const std::vector<HttpRequest>& requests, const HttpLimits& limits, base::Deadline deadline,
                  const Handler& handle) const;

    /// The addresses (A and AAAA) of a host name, sorted as text, each once, at least one. Errors: connect
    /// (unknown, or no name server answers), timeout, canceled, other.
    base::Result<std::vector<std::string>> resolve(const std::string& host, base::Deadline deadline) const;

 private:
    const Interrupt& interrupt_;
};

}  // namespace keyshift::drivers
