// SPDX-License-Identifier: Apache-2.0
// What is asked of an HTTP server. Values: safe to move between threads.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/secret.hpp"
#include "drivers/http_client/url.hpp"
#include "drivers/net/tls.hpp"

namespace keyshift::drivers {

struct HttpHeader {
    std::string name;
    base::Secret value;
};

/// "Authorization: Basic …".
HttpHeader basic_auth(const std::string& user, const base::Secret& password);
/// "Authorization: Bearer …".
HttpHeader bearer(const base::Secret& token);

struct HttpRequest {
    std::string method = "GET";
    HttpUrl url = {};
    /// Authorization and the like. Host, Accept and User-Agent given here replace ours.
    std::vector<HttpHeader> headers = {};
    std::string body = {};
    std::string content_type = {};  ///< of the body; empty: none is named
    std::string accept = {};        ///< empty: anything
    /// An IP address to connect to instead of looking up url.host, which still is what the Host header, SNI
    /// and the check of the certificate use.
    std::optional<std::string> address = {};
    TlsOptions tls = {};

    /// What messages call it: the URL, with the address where one is given.
    std::string printable() const;
};

/// The request as it goes over the wire: HTTP/1.1, one exchange per connection, no compression. Errors:
/// config, for what could not stand there or would be read as something else (control bytes, blanks in the
/// target, a Content-Length of the caller's); they never quote a value.
base::Result<base::Secret> request_bytes(const HttpRequest& request);

}  // namespace keyshift::drivers
