// SPDX-License-Identifier: Apache-2.0
// The table of what is served, and the count of what was. Pure: no socket, no clock. Lives on the loop
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"

namespace keyshift::http {

/// Where a path is served; elsewhere it does not exist.
enum class Served : std::uint8_t { everywhere, locally };

/// One line of the table. A route for GET answers HEAD too.
struct Route {
    std::vector<Method> methods;  ///< not empty
    std::string path;             ///< matched exactly, query aside: "/metrics"
    std::string name;             ///< metric label `handler`; several routes may share one; "other" is taken
    Handler handler;
    Served served = Served::everywhere;
};

/// How many requests `handler` has answered with `code` since the start.
struct RequestCount {
    std::string handler;
    int code = 0;
    std::uint64_t total = 0;
};

class Router {
 public:
    /// Precondition: no two routes have the same path.
    explicit Router(std::vector<Route> routes);

    /// Finds the route, runs its handler and counts the answer. Never throws for what a handler does:
    /// 404 for an unknown path, 405 with Allow for the wrong method, 500 for an exception, whose text goes to
    /// the log only; below /api/ as problem documents, elsewhere as text. The answer to HEAD has its body;
    /// not sending it is the session's doing. One that comes later is counted when it comes; the router
    /// outlives it.
    Response handle(const Request& request);

    /// The answer to what never became a request (400, 408, 413, 431), counted under "other".
    Response refuse(int status);

    /// For keyshift_http_server_requests_total: every route's 200 and the 404 of "other" are there from the
    /// start at 0, in the table's order; other codes from their first use. Valid until the next call of this
    /// class.
    const std::vector<RequestCount>& counts() const { return counts_; }

 private:
    const Route* find(const Request& request) const;
    void count(std::string_view handler, int code);
    std::string not_found_text(Transport transport) const;

    std::vector<Route> routes_;
    std::vector<RequestCount> counts_;
};

}  // namespace keyshift::http
