// SPDX-License-Identifier: Apache-2.0
// What stands between the network and the router: TLS, the login, the limit of requests, and headers for
// every answer. The Unix socket has no gate. Used on the loop thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "http/message.hpp"

namespace keyshift::http {

class TlsContext;

/// Whether a request comes in.
struct Admission {
    int refused = 0;        ///< the status to answer with; 0: it comes in
    std::string user = {};  ///< who has logged in; empty: nobody
    std::vector<std::pair<std::string, std::string>> headers = {};  ///< of a refusal
    /// It takes work to find out: begins it, and has the result called when it is done, which must happen.
    /// Everything above is void then.
    std::function<void(std::function<void(Admission)>)> later = {};
};

class Gate {
 public:
    using Headers = std::vector<std::pair<std::string, std::string>>;

    virtual ~Gate() = default;
    Gate(const Gate&) = delete;
    Gate& operator=(const Gate&) = delete;

    /// Whether connections are encrypted; the same from first to last.
    virtual bool encrypts() const = 0;
    /// By what the next connection is encrypted. Precondition: they are.
    virtual std::shared_ptr<const TlsContext> tls() = 0;
    /// Request::user is the name in the client's certificate, where that was verified. `request` is valid
    /// until the answer.
    virtual Admission admit(const Request& request) = 0;
    /// Of every answer that has none of that name.
    virtual const Headers& headers() const = 0;

 protected:
    Gate() = default;
};

}  // namespace keyshift::http
