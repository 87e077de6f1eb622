// SPDX-License-Identifier: Apache-2.0
// What the HTTP server serves: the routes and their handlers. Used on the loop thread.
#pragma once

#include <functional>
#include <vector>

#include "config/web_paths.hpp"
#include "domain/model.hpp"
#include "exposition/families/own_metrics.hpp"
#include "exposition/families/process.hpp"
#include "exposition/page.hpp"
#include "http/router.hpp"

namespace keyshift::daemon {

class Pages {
 public:
    /// Begins a reload of the configuration and answers when it is over.
    using Reload = std::function<void(http::Answer)>;

    /// `own`: what /metrics shows beside the model; it outlives this.
    explicit Pages(exposition::OwnMetrics& own) : own_(own) {}

    /// The table of paths. `this` and the model, whose sources can be asked for, outlive the routes. Without
    /// `reload`, whoever asks for one is told how to allow it.
    std::vector<http::Route> routes(Reload reload, const std::string& telemetry_path,
                                    const domain::Model& model);
    /// What there is, as plain text.
    static http::Handler index(const config::WebPaths& paths);

    /// /metrics as it is to be with this model; show() makes it so. Later changes of the model are not in it.
    exposition::Snapshot snapshot(const domain::Model& model, base::Time now) const;
    void show(exposition::Snapshot snapshot);
    /// /-/ready answers 200 from now on, or 503 with `reason`.
    void set_ready() { not_ready_.clear(); }
    bool is_ready() const { return not_ready_.empty(); }
    void set_not_ready(std::string reason) { not_ready_ = std::move(reason); }

 private:
    http::Response metrics(const http::Request& request, const domain::Model& model);
    http::Response ready() const;

    exposition::OwnMetrics& own_;
    exposition::Page page_;
    exposition::Process process_;
    std::string not_ready_ = "no source has been read yet";
};

}  // namespace keyshift::daemon
