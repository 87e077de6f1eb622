// SPDX-License-Identifier: Apache-2.0
#include "daemon/pages.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log/log.hpp"
#include "daemon/asked_collectors.hpp"
#include "exposition/families/model_metrics.hpp"
#include "exposition/families/of_collectors.hpp"
#include "exposition/families/scrape_metrics.hpp"
#include "exposition/negotiate.hpp"

namespace keyshift::daemon {
namespace {

http::Response text(int status, std::string body) {
    http::Response response;
    response.status = status;
    response.body = std::move(body);
    return response;
}

/// What there is, a line each.
std::string list_of(const config::WebPaths& paths) {
    const std::vector<std::pair<std::string, std::string_view>> all = {
        {"/", "the status page, for browsers"},
        {"/api/v1/...", "the same for programs"},
        {paths.telemetry_path, "for Prometheus"},
        {"/-/healthy", "200 while the process serves"},
        {"/-/ready", "200 once every source has been tried"},
        {"/-/reload", "POST: the configuration is read again (--web.enable-lifecycle)"}};
    std::size_t width = 0;
    for (const auto& [path, what] : all) width = std::max(width, path.size());
    std::string out = "keyshift " KEYSHIFT_VERSION "\n\n";
    for (const auto& [path, what] : all) {
        out += paths.base() + path + std::string(width + 2 - path.size(), ' ');
        out.append(what).append("\n");
    }
    return out;
}

}  // namespace

std::vector<http::Route> Pages::routes(Reload reload, const std::string& telemetry_path,
                                       const domain::Model& model) {
    using http::Method;
    using http::Request;
    const auto ask = [reload = std::move(reload)](const Request&) {
        if (!reload) return text(403, "not allowed: start keyshift serve with --web.enable-lifecycle\n");
        http::Response response;
        response.later = reload;
        return response;
    };
    return {
        {{Method::get},
         telemetry_path,
         "metrics",
         [this, &model](const Request& request) { return metrics(request, model); }},
        {{Method::get},
         "/-/healthy",
         "healthy",
         [](const Request&) { return text(200, "keyshift is healthy.\n"); }},
        {{Method::get}, "/-/ready", "ready", [this](const Request&) { return ready(); }},
        {{Method::post, Method::put}, "/-/reload", "reload", ask},
    };
}

http::Handler Pages::index(const config::WebPaths& paths) {
    return [list = list_of(paths)](const http::Request&) { return text(200, list); };
}

exposition::Snapshot Pages::snapshot(const domain::Model& model, base::Time now) const {
    return exposition::Snapshot(exposition::ModelMetrics(model, now, own_));
}

void Pages::show(exposition::Snapshot snapshot) {
    const std::size_t dropped = page_.set_stable(std::move(snapshot));
    if (dropped != 0)
        base::log::error("samples dropped from /metrics: this is a bug", {{"samples", dropped}});
}

http::Response Pages::ready() const {
    return not_ready_.empty() ? text(200, "keyshift is ready.\n")
                              : text(503, "not ready: " + not_ready_ + "\n");
}

http::Response Pages::metrics(const http::Request& request, const domain::Model& model) {
    std::optional<std::set<std::string>> collectors;
    if (!request.query.empty()) {
        std::set<std::string> known{exposition::kMigration};
        for (const auto& source : model.sources) known.insert(source.first);
        auto asked = asked_collectors(request.query, known);
        if (!asked) return text(400, asked.error().what + ": " + asked.error().hint + ".\n");
        collectors = *std::move(asked);
    }
    const auto dialect = exposition::negotiate(request.accept);
    const auto encoding = exposition::negotiate_encoding(request.accept_encoding);
    const exposition::ScrapeMetrics of_now(own_, process_);
    exposition::Body body = collectors ? page_.body_of(*collectors, of_now, dialect, encoding)
                                       : page_.body(of_now, dialect, encoding);
    http::Response response;
    response.content_type = exposition::content_type(dialect);
    response.cached_body = std::move(body.stable);
    response.body = std::move(body.rest);
    response.headers.emplace_back("Vary", "Accept, Accept-Encoding");
    if (encoding == exposition::Encoding::gzip) response.headers.emplace_back("Content-Encoding", "gzip");
    return response;
}

}  // namespace keyshift::daemon
