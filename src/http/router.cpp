// SPDX-License-Identifier: Apache-2.0
#include "http/router.hpp"

#include <algorithm>
#include <exception>

#include "base/log/log.hpp"
#include "base/utf8.hpp"
#include "http/problem.hpp"
#include "http/wire.hpp"

namespace keyshift::http {
namespace {

constexpr std::string_view kOther = "other";

bool accepts(const Route& route, Method method) {
    const auto has = [&](Method m) { return std::ranges::find(route.methods, m) != route.methods.end(); };
    return has(method) || (method == Method::head && has(Method::get));
}

std::string allow(const Route& route) {
    std::string list;
    for (const Method method : route.methods) {
        if (!list.empty()) list += ", ";
        list += to_string(method);
        if (method == Method::get) list += ", HEAD";
    }
    return list;
}

Response text_response(int status, std::string text) {
    Response response;
    response.status = status;
    response.body = std::move(text);
    return response;
}

/// For the one who asked: programs below /api/, people elsewhere.
Response refusal(const Request& request, int status, std::string text) {
    if (request.path.starts_with("/api/")) return problem(status, text);
    return text_response(status, text + "\n");
}

bool fits(const Route& route, std::string_view path) {
    if (route.match == Match::exactly) return route.path == path;
    return path.size() > route.path.size() && path.starts_with(route.path);
}

Response run_guarded(const Route& route, const Request& request) {
    const auto failed = [&](std::string_view what) {
        base::log::error("request failed", {{"handler", route.name}, {"error", base::escape_unsafe(what)}});
        return refusal(request, 500, "Internal error; the log has the detail.");
    };
    try {
        return route.handler(request);
    } catch (const std::exception& e) {
        return failed(e.what());
    } catch (...) {
        return failed("an exception of unknown type");
    }
}

}  // namespace

Router::Router(std::vector<Route> routes, CountRequests count, std::string prefix)
    : routes_(std::move(routes)), count_(std::move(count)), prefix_(std::move(prefix)) {
    for (const Route& route : routes_) count_(route.name, 200, 0);
    count_(kOther, 404, 0);
}

Response Router::handle(const Request& request) {
    if (prefix_.empty()) return handle_below(request);
    Request below = request;
    below.path = path_below_prefix(request);
    return below.path.empty() ? handle_outside(request) : handle_below(below);
}

/// Empty: it is outside. Commands on this host need not know the prefix.
std::string_view Router::path_below_prefix(const Request& request) const {
    const std::string_view path = request.path;
    if (request.transport == Transport::local && find(path) != nullptr) return path;
    const bool below =
        path.size() > prefix_.size() && path.starts_with(prefix_) && path[prefix_.size()] == '/';
    if (below) return path.substr(prefix_.size());
    return request.transport == Transport::local ? path : std::string_view();
}

Response Router::handle_outside(const Request& request) {
    constexpr int kFound = 302;
    constexpr int kNotFound = 404;
    const bool reads = request.method == Method::get || request.method == Method::head;
    if (!reads || (request.path != "/" && request.path != prefix_)) {
        count_(kOther, kNotFound, 1);
        return text_response(kNotFound, "Nothing here. All there is, is below " + prefix_ + "/\n");
    }
    count_(kOther, kFound, 1);
    Response response = text_response(kFound, "See " + prefix_ + "/\n");
    response.headers.emplace_back("Location", prefix_ + "/");
    return response;
}

Response Router::handle_below(const Request& request) {
    const Route* route = find(request.path);
    if (route == nullptr) {
        count_(kOther, 404, 1);
        return refusal(request, 404, not_found_text());
    }
    Response response;
    if (accepts(*route, request.method)) {
        response = run_guarded(*route, request);
    } else {
        const std::string allowed = allow(*route);
        response = refusal(request, 405, "Only " + allowed + " here.");
        response.headers.emplace_back("Allow", allowed);
    }
    if (!response.later) count_(route->name, response.status, 1);
    if (response.later) {
        response.later = [this, route, begin = std::move(response.later)](Answer answer) {
            begin([this, route, answer = std::move(answer)](Response done) {
                count_(route->name, done.status, 1);
                answer(std::move(done));
            });
        };
    }
    return response;
}

Response Router::refuse(int status) {
    count_(kOther, status, 1);
    return text_response(status, std::string(reason_phrase(status)) + ".\n");
}

const Route* Router::find(std::string_view path) const {
    const auto found = std::ranges::find_if(routes_, [&](const Route& route) { return fits(route, path); });
    return found == routes_.end() ? nullptr : &*found;
}

// The path itself is not repeated: it is the client's text.
std::string Router::not_found_text() const {
    std::string text = "Nothing here. What there is:";
    for (const Route& route : routes_)
        text += "\n  " + prefix_ + route.path + (route.match == Match::below ? "..." : "");
    return text;
}

}  // namespace keyshift::http
