// SPDX-License-Identifier: Apache-2.0
// /api/v1/...: what the daemon knows, as JSON. Used on the loop thread.
#pragma once

#include <vector>

#include "api/configuration.hpp"
#include "domain/model.hpp"
#include "http/router.hpp"

namespace keyshift::daemon {

class ApiPages {
 public:
    /// `model` outlives this, and this the routes.
    explicit ApiPages(const domain::Model& model) : model_(model) {}

    /// The table of resources. A further one is a line here, and an encoder in src/api.
    std::vector<http::Route> routes() const;
    /// By which configuration the model is judged from now on.
    void set_configuration(api::Configuration configuration) { configuration_ = std::move(configuration); }

 private:
    http::Response status() const;
    http::Response verdict(const http::Request& request) const;

    const domain::Model& model_;
    api::Configuration configuration_;
};

}  // namespace keyshift::daemon
