// SPDX-License-Identifier: Apache-2.0
#include "daemon/api_pages.hpp"

#include <utility>

#include "api/status.hpp"
#include "api/verdict.hpp"
#include "http/problem.hpp"

namespace keyshift::daemon {
namespace {

constexpr int kPreconditionFailed = 412;
constexpr std::string_view kRequireSafe = "require=SAFE";

http::Response json(std::string body) {
    http::Response response;
    response.content_type = "application/json";
    response.body = std::move(body);
    response.headers.emplace_back("Cache-Control", "no-store");
    return response;
}

}  // namespace

std::vector<http::Route> ApiPages::routes() const {
    using http::Method;
    using http::Request;
    using http::Served;
    return {
        {{Method::get},
         "/api/v1/status",
         "api_status",
         [this](const Request&) { return status(); },
         Served::locally},
        {{Method::get},
         "/api/v1/verdict",
         "api_verdict",
         [this](const Request& request) { return verdict(request); },
         Served::locally},
    };
}

http::Response ApiPages::status() const {
    auto document = api::status(model_, database_now(model_, base::now()), "daemon");
    document.configuration = configuration_;
    return json(encode(document));
}

/// With ?require=SAFE it can be asked by a program that reads no more than the status.
http::Response ApiPages::verdict(const http::Request& request) const {
    if (!request.query.empty() && request.query != kRequireSafe)
        return http::problem(400, "The only parameter here is require=SAFE.");
    auto document = api::verdict(model_, database_now(model_, base::now()), "daemon");
    document.configuration = configuration_;
    http::Response response = json(encode(document));
    if (!request.query.empty() && verdict_of(document.answer) != domain::Verdict::safe)
        response.status = kPreconditionFailed;
    return response;
}

}  // namespace keyshift::daemon
