// SPDX-License-Identifier: Apache-2.0
#include "collectors/database.hpp"

#include <algorithm>

#include "drivers/postgres_target.hpp"

namespace keyshift::collectors {

using base::Errc;

drivers::Postgres::Timeouts session_timeouts(base::Duration timeout) {
    return {timeout * 9 / 10, std::min<base::Duration>(std::chrono::seconds{2}, timeout / 2)};
}

base::Result<void> connect(drivers::Postgres& connection, const config::SecretSource& database_url,
                           base::Duration timeout, base::Deadline deadline) {
    const auto url = database_url.read();
    if (!url) return url.error();
    const auto target = drivers::PostgresTarget::parse(*url);
    if (!target) return target.error();
    return connection.connect(*target, session_timeouts(timeout), deadline);
}

bool is_worth_a_second_try(Errc code) {
    return code == Errc::connect || code == Errc::schema || code == Errc::permission;
}

}  // namespace keyshift::collectors
