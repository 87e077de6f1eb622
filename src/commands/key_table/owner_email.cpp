// SPDX-License-Identifier: Apache-2.0
#include "commands/key_table/owner_email.hpp"

#include <chrono>

#include "config/tree/owners_file.hpp"
#include "decisions/key_table_query.hpp"

namespace keyshift::commands {

std::optional<std::string> owner_email(const config::Config& config, const std::string& owner) {
    if (const auto owners = config::OwnersFile::read(config.gateway.owners_file); owners)
        if (const auto* known = owners->find(owner); known != nullptr && !known->address.empty())
            return known->address;
    // Nobody waits longer for an address.
    constexpr base::Duration kLongest = std::chrono::seconds{2};
    std::optional<std::string> email;
    const auto asked = decisions::query_key_table(
        config, kLongest,
        [&](drivers::PostgresTransaction& transaction, const collectors::KeySource& source,
            base::Deadline deadline) -> base::Result<void> {
            const std::string select = source.select_owner_email();
            if (select.empty()) return {};
            const auto rows = transaction.query(select, deadline, {owner});
            if (!rows) return rows.error();
            if (const auto found = rows->size() == 1 ? rows->at(0, 0) : std::nullopt;
                found && !found->empty())
                email = std::string(*found);
            return {};
        });
    return asked ? email : std::nullopt;
}

}  // namespace keyshift::commands
