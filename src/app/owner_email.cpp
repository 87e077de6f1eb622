// SPDX-License-Identifier: Apache-2.0
#include "app/owner_email.hpp"

#include <algorithm>
#include <any>
#include <chrono>

#include "app/picture.hpp"
#include "collectors/database.hpp"
#include "collectors/key_source.hpp"
#include "collectors/keys.hpp"
#include "drivers/interrupt.hpp"
#include "drivers/postgres.hpp"
#include "drivers/postgres_transaction.hpp"

namespace keyshift::app {
namespace {

using base::Deadline;
using base::Result;

/// Nobody waits longer for an address.
constexpr base::Duration kLongest = std::chrono::seconds{2};

Result<std::string> ask(const config::Config& config, const std::string& owner) {
    const auto keys = keys_collector(config);
    if (!keys) return keys.error();
    const auto& options = std::any_cast<const collectors::KeysOptions&>((*keys)->options);
    const base::Duration timeout = std::min(kLongest, (*keys)->schedule.timeout);
    const Deadline deadline = Deadline::in(timeout);
    const drivers::Interrupt interrupt;
    drivers::Postgres connection(interrupt);
    if (auto connected = collectors::connect(connection, options.database_url, deadline); !connected)
        return connected.error();
    auto transaction =
        drivers::PostgresTransaction::begin(connection, collectors::limits_within(timeout), deadline);
    if (!transaction) return transaction.error();
    const auto source = collectors::KeySource::resolve(*transaction, config.gateway, deadline);
    if (!source) return source.error();
    const std::string select = source->select_owner_email();
    if (select.empty()) return std::string();
    const auto rows = transaction->query(select, deadline, {owner});
    if (!rows) return rows.error();
    return rows->size() == 1 ? std::string(rows->at(0, 0).value_or("")) : std::string();
}

}  // namespace

std::optional<std::string> owner_email(const config::Config& config, const std::string& owner) {
    const auto found = ask(config, owner);
    return found && !found->empty() ? std::optional(*found) : std::nullopt;
}

}  // namespace keyshift::app
