// SPDX-License-Identifier: Apache-2.0
#include "http/router.hpp"

#include <algorithm>
#include <exception>

#include "base/log.hpp"
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

bool is_served(const Route& route, Transport transport) {
    return route.served == Served::everywhere || transport == Transport::local;
}

Response run_guarded(const Route& route, const Request& request) {
    const auto failed = [&](std::string_view what) {
        base::log::error("request failed", {{"handler", route.name}, {"error", base::visible(what)}});
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

Router::Router(std::vector<Route> routes) : routes_(std::move(routes)) {
    const auto add = [this](std::string_view handler, int code) {
        for (const RequestCount& known : counts_)
            if (known.handler == handler && known.code == code) return;
        counts_.push_back({std::string(handler), code, 0});
    };
    for (const Route& route : routes_) add(route.name, 200);
    add(kOther, 404);
}

Response Router::handle(const Request& request) {
    const Route* route = find(request);
    if (route == nullptr) {
        count(kOther, 404);
        return refusal(request, 404, not_found_text(request.transport));
    }
    Response response;
    if (accepts(*route, request.method)) {
        response = run_guarded(*route, request);
    } else {
        const std::string allowed = allow(*route);
        response = refusal(request, 405, "Only " + allowed + " here.");
        response.headers.emplace_back("Allow", allowed);
    }
    if (!response.later) count(route->name, response.status);
    if (response.later) {
        response.later = [this, route, begin = std::move(response.later)](Answer answer) {
            begin([this, route, answer = std::move(answer)](Response done) {
                count(route->name, done.status);
                answer(std::move(done));
            });
        };
    }
    return response;
}

Response Router::refuse(int status) {
    count(kOther, status);
    return text_response(status, std::string(reason_phrase(status)) + ".\n");
}

const Route* Router::find(const Request& request) const {
    const auto found = std::ranges::find_if(routes_, [&](const Route& route) {
        return route.path == request.path && is_served(route, request.transport);
    });
    return found == routes_.end() ? nullptr : &*found;
}

void Router::count(std::string_view handler, int code) {
    for (RequestCount& known : counts_) {
        if (known.code == code && known.handler == handler) {
            ++known.total;
            return;
        }
    }
    counts_.push_back({std::string(handler), code, 1});
}

// The path itself is not repeated: it is the client's text.
std::string Router::not_found_text(Transport transport) const {
    std::string text = "Nothing here. What there is:";
    for (const Route& route : routes_)
        if (is_served(route, transport)) text += "\n  " + route.path;
    return text;
}

}  // namespace keyshift::http
