// SPDX-License-Identifier: Apache-2.0
#include "commands/prepare/doctor_notify.hpp"

#include <string>

#include "daemon/notify/delivery.hpp"
#include "daemon/notify/message.hpp"
#include "daemon/notify/retry.hpp"
#include "drivers/net/interrupt.hpp"

namespace keyshift::commands {
namespace {

using collectors::Finding;

Finding ping_finding(const config::Notify& notify) {
    const drivers::Interrupt interrupt;
    const base::Time now = base::now();
    const auto ping = daemon::ping_message({daemon::instance_name(notify), {}}, now);
    const auto status = daemon::deliver(notify, ping, now, interrupt);
    if (!status) return collectors::failure(status.error());
    const std::string what = "the webhook's receiver answered a ping with status " + std::to_string(*status);
    if (daemon::fate_of(*status) == daemon::Fate::delivered) return {Finding::Kind::ok, what};
    const bool moved = *status >= 300 && *status < 400;
    return {Finding::Kind::failure, what,
            moved ? "redirects are not followed: give the URL that it leads to"
                  : "see the receiver's log; it must answer 2xx to each POST"};
}

}  // namespace

std::vector<Finding> examine_notify(const config::Notify& notify) {
    if (!notify.url.given()) return {};
    std::vector<Finding> out{ping_finding(notify)};
    if (!notify.secret.given())
        out.push_back({Finding::Kind::warning,
                       "notifications are not signed: whoever knows the URL can forge them",
                       "openssl rand -hex 32 > webhook_secret, and give it as notify.secret_file"});
    return out;
}

}  // namespace keyshift::commands
