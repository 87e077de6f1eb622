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
#include "daemon/status_page/address_book.hpp"
#include "domain/model.hpp"
#include "http/router.hpp"
#include "page/documents.hpp"

namespace keyshift::daemon {

class StatusPages {
 public:
    /// Both outlive this, and this the routes. Nobody sees anything before configure().
    StatusPages(const domain::Model& model, InventoryWorker& worker) : model_(model), worker_(worker) {}

    /// `index` answers "/" to those who do not read HTML.
    std::vector<http::Route> routes(http::Handler index);
    /// Who may see the page from now on, who may decide on it, and where addresses of owners are.
    void configure(const config::Config& config);
    void stop() { addresses_.stop(); }

 private:
    using Handler = http::Response (StatusPages::*)(const http::Request&);

    http::Route route(const char* path, const char* name, Handler handler,
                      http::Match match = http::Match::exactly);
    /// For those who may see it.
    http::Response guarded(const http::Request& request, Handler handler);
    page::Common common(const http::Request& request) const;

    /// The document of keys that is in place while they cannot be read, and why.
    using Unread = std::function<http::Response(const base::Error&)>;
    http::Response keys_answer(InventoryWorker::KeyWork work, Unread unread);

    http::Response overview(const http::Request& request);
    http::Response keys(const http::Request& request);
    http::Response key(const http::Request& request);
    http::Response owners(const http::Request& request);

    const domain::Model& model_;
    InventoryWorker& worker_;
    config::Inventory inventory_ = config::Inventory::off;
    bool actions_ = false;
    std::string create_request_;  // of the gateway's API
    AddressBook addresses_;
};

}  // namespace keyshift::daemon
