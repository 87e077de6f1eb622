// SPDX-License-Identifier: Apache-2.0
// The table of routes. It reports each answer to a function that counts requests. Pure: no socket, no clock.
// Used by the loop thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"

namespace keyshift::http {

/// Of a route: the path itself, or what begins with it and goes on.
enum class Match : std::uint8_t { exactly, below };

/// One line of the table. A route for GET answers HEAD too.
struct Route {
    std::vector<Method> methods;  ///< not empty
    std::string path;             ///< without the query: "/metrics", or "/api/v1/keys/" of those below
    std::string name;             ///< metric label `handler`; several routes may share one; "other" is taken
    Handler handler;
    Match match = Match::exactly;
};

/// `handler` has answered `times` requests with `code`; 0 times: it may, and none so far is worth telling.
using CountRequests = std::function<void(std::string_view handler, int code, unsigned times)>;

class Router {
 public:
    /// Precondition: no two routes have the same path, and there is `count`. Of every route 200 is counted 0
    /// times now, in the table's order, then 404 of "other". `prefix` ("" or "/a/b") stands before all paths,
    /// and handlers see a path without it; on the Unix socket it may be left out.
    Router(std::vector<Route> routes, CountRequests count, std::string prefix = {});

    /// Finds the route, runs its handler and counts the answer. Never throws for what a handler does:
    /// 404 for an unknown path, 405 with Allow for the wrong method, 500 for an exception, whose text goes to
    /// the log only; 302 to what is below the prefix for "/" and for the prefix alone. Below /api/ as problem
    /// documents, elsewhere as text. The answer to HEAD has its body; not sending it is the session's doing.
    /// One that comes later is counted when it comes; the router outlives it.
    Response handle(const Request& request);

    /// The answer to what never became a request (400, 408, 413, 431), counted under "other".
    Response refuse(int status);

 private:
    const Route* find(std::string_view path) const;
    std::string_view path_below_prefix(const Request& request) const;
    Response handle_below(const Request& request);
    Response handle_outside(const Request& request);
    std::string not_found_text() const;

    std::vector<Route> routes_;
    CountRequests count_;
    std::string prefix_;
};

}  // namespace keyshift::http
