// SPDX-License-Identifier: Apache-2.0
// /api/v1/...: what the daemon knows, as JSON and CSV. Used on the loop thread.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "api/configuration.hpp"
#include "config/config.hpp"
#include "daemon/api/actions.hpp"
#include "daemon/api/asked.hpp"
#include "daemon/api/inventory_worker.hpp"
#include "domain/model.hpp"
#include "http/router.hpp"

namespace keyshift::daemon {

class ApiPages {
 public:
    /// The three outlive this, and this the routes.
    /// `base`: what stands before all paths, for the API's description.
    ApiPages(const domain::Model& model, InventoryWorker& worker, Actions& actions, std::string base)
        : model_(model), worker_(worker), actions_(actions), base_(std::move(base)) {}

    /// The table of resources. A further one is a line here, a document in src/api, and an entry in
    /// api/openapi.cpp.
    std::vector<http::Route> routes();
    /// By which configuration the model is judged from now on, and who may see it.
    void configure(api::Configuration configuration, const config::Config& config);

 private:
    using Handler = http::Response (ApiPages::*)(const http::Request&);
    /// What the worker does for a list that the state alone tells.
    using StateWork = base::Result<http::Response> (*)(store::State&, const inventory::JudgedBy&,
                                                       const Asked&);

    http::Route route(const char* path, const char* name, Handler handler,
                      http::Match match = http::Match::exactly);
    http::Route state_route(const char* path, const char* name, StateWork work);
    using Action = http::Response (Actions::*)(const http::Request&);
    /// A list to which one can add, and from which one can remove.
    http::Route adding_route(const char* path, const char* name, StateWork work, Action add);
    http::Route removing_route(const char* path, const char* name, Action remove);
    /// For those who may see it.
    http::Response guarded(const http::Request& request,
                           const std::function<http::Response(const http::Request&)>& handler) const;

    http::Response status(const http::Request& request);
    http::Response verdict(const http::Request& request);
    http::Response sources(const http::Request& request);
    http::Response hours(const http::Request& request);
    http::Response keys(const http::Request& request);
    http::Response key(const http::Request& request);
    http::Response owners(const http::Request& request);
    http::Response openapi(const http::Request& request);

    const domain::Model& model_;
    InventoryWorker& worker_;
    Actions& actions_;
    std::string base_;
    api::Configuration configuration_;
    config::Inventory inventory_ = config::Inventory::off;
};

}  // namespace keyshift::daemon
