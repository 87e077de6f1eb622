// SPDX-License-Identifier: Apache-2.0
#include "daemon/service_status.hpp"

#include <chrono>
#include <utility>

#include "daemon/status_line.hpp"

namespace keyshift::daemon {

void ServiceStatus::show(const domain::Model& model, base::Time now) {
    if (!manager_.listens() || stopping_) return;
    std::string text = status_line(model, now);
    if (text == last_status_) return;
    manager_.status(text);
    last_status_ = std::move(text);
}

void ServiceStatus::keep_alive() {
    if (!manager_.watchdog()) return;
    manager_.alive();
    alive_.expires_after(
        std::chrono::duration_cast<std::chrono::steady_clock::duration>(*manager_.watchdog() / 2));
    alive_.async_wait([this](const boost::system::error_code& error) {
        if (!error) keep_alive();
    });
}

void ServiceStatus::stopping() {
    stopping_ = true;
    manager_.stopping();
}

}  // namespace keyshift::daemon
