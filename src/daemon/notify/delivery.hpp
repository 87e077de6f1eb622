// SPDX-License-Identifier: Apache-2.0
// One message on its way to the webhook's receiver. Blocking; safe from any thread. The URL is a secret: it
// is in no error.
#pragma once

#include <chrono>

#include "base/error.hpp"
#include "base/time.hpp"
#include "config/config.hpp"
#include "daemon/notify/message.hpp"
#include "drivers/net/interrupt.hpp"

namespace keyshift::daemon {

/// For one attempt, from look-up to the last byte of the answer.
inline constexpr base::Duration kDeliveryTimeout = std::chrono::seconds{10};

/// Reads URL and key as they are now, and sends `message`, signed at `now` where there is a key. The status
/// of the answer; redirects are not followed. Errors: config (a file that cannot be read, no URL), those of
/// HttpClient.
base::Result<int> deliver(const config::Notify& to, const Message& message, base::Time now,
                          const drivers::Interrupt& interrupt);

/// As the configuration has it, or the host's name.
std::string instance_name(const config::Notify& notify);

}  // namespace keyshift::daemon
