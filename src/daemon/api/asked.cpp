// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/asked.hpp"

#include <cstdio>
#include <functional>
#include <utility>

#include "http/query.hpp"

namespace keyshift::daemon {
namespace {

using base::Errc;
using base::Error;
using base::Result;

/// Where both are accepted, JSON; the weights of Accept are not looked at.
bool wants_csv(std::string_view accept) {
    return accept.find("text/csv") != std::string_view::npos &&
           accept.find("application/json") == std::string_view::npos;
}

std::string etag_of(std::string_view body) {
    char text[24];
    std::snprintf(text, sizeof text, "\"%zx\"", std::hash<std::string_view>()(body));
    return text;
}

}  // namespace

Result<Asked> Asked::from(const http::Request& request) {
    auto parameters = http::parse_query(request.query);
    if (!parameters) return parameters.error();
    Asked asked;
    asked.csv = wants_csv(request.accept);
    asked.if_none_match = request.if_none_match;
    for (auto& [name, value] : *parameters) {
        if (name != "format") {
            asked.parameters.emplace_back(std::move(name), std::move(value));
        } else if (value == "csv" || value == "json") {
            asked.csv = value == "csv";
        } else {
            return Error{Errc::usage, "format is neither json nor csv", "write one"};
        }
    }
    return asked;
}

http::Response problem_of(const base::Error& error) {
    constexpr int kBadRequest = 400;
    constexpr int kUnavailable = 503;
    if (error.code == Errc::usage) return http::problem(kBadRequest, error.what + ": " + error.hint + ".");
    // What it says is for the operator's eyes: paths of files. The log has it.
    return http::problem(kUnavailable, "The state cannot be read now; the daemon's log says why.");
}

http::Response answer_with(std::string body, std::string_view content_type, const Asked& asked) {
    constexpr int kNotModified = 304;
    http::Response response;
    response.content_type = content_type;
    const std::string etag = etag_of(body);
    response.headers.emplace_back("ETag", etag);
    response.headers.emplace_back("Cache-Control", "private, no-cache");
    response.headers.emplace_back("Vary", "Accept");
    if (asked.if_none_match.find(etag) != std::string::npos || asked.if_none_match == "*") {
        response.status = kNotModified;
        return response;
    }
    response.body = std::move(body);
    return response;
}

}  // namespace keyshift::daemon
