// SPDX-License-Identifier: Apache-2.0
// What the parameters of a Redis URL mean, of whichever client they are. Pure.
#pragma once

#include "base/error.hpp"
#include "drivers/dsn/redis_target.hpp"
#include "drivers/dsn/url_text.hpp"

namespace keyshift::drivers {

/// Applies those that say where and as whom (db, user, pass), and lists those that change neither in
/// `skipped`. Errc::config: one asks for less protection than keyshift has, contradicts the rest of the URL,
/// or is known to nobody; it is named.
base::Result<void> apply_redis_parameters(const UrlParameters& parameters, RedisTarget& target);

}  // namespace keyshift::drivers
