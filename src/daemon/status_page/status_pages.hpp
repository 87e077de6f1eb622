// SPDX-License-Identifier: Apache-2.0
// The status page over HTTP: "/", "/keys", "/keys/ID", "/owners" and the files that they need. Used on the
// loop thread; documents that need the state are made on the worker's.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "config/config.hpp"
#include "daemon/api/inventory_worker.hpp"
#include "domain/model.hpp"
#include "http/router.hpp"
#include "page/documents.hpp"

namespace keyshift::daemon {

class StatusPages {
 public:
    /// Who asks, and what he may decide.
    using WhoAsks = std::function<page::Viewer(const http::Request&)>;

    /// Both outlive this, and this the routes. Until set_viewer() says otherwise nobody may act.
    StatusPages(const domain::Model& model, InventoryWorker& worker);

    /// `index` answers "/" to those who do not read HTML.
    std::vector<http::Route> routes(http::Handler index);
    /// Who may see the page from now on.
    void configure(config::Inventory inventory) { inventory_ = inventory; }
    void set_viewer(WhoAsks viewer) { viewer_ = std::move(viewer); }

 private:
    using Handler = http::Response (StatusPages::*)(const http::Request&);

    http::Route route(const char* path, const char* name, Handler handler,
                      http::Match match = http::Match::exactly);
    /// For those who may see it.
    http::Response guarded(const http::Request& request, Handler handler);
    page::Common common(const http::Request& request) const;
    inventory::JudgedBy judged_by() const;

    http::Response overview(const http::Request& request);
    http::Response keys(const http::Request& request);
    http::Response key(const http::Request& request);
    http::Response owners(const http::Request& request);

    const domain::Model& model_;
    InventoryWorker& worker_;
    config::Inventory inventory_ = config::Inventory::off;
    WhoAsks viewer_;
};

}  // namespace keyshift::daemon
