// SPDX-License-Identifier: Apache-2.0
#include "decisions/owner_addresses.hpp"

#include <chrono>

#include "config/tree/owners_file.hpp"
#include "decisions/key_table_query.hpp"

namespace keyshift::decisions {
namespace {

/// Adds those that the database knows.
void ask_database(const config::Config& config, const std::vector<std::string>& owners,
                  base::Duration longest, Addresses& found) {
    // What has not been found has none, whatever the reason.
    (void)query_key_table(config, longest,
                          [&](drivers::PostgresTransaction& transaction, const collectors::KeySource& source,
                              base::Deadline deadline) -> base::Result<void> {
                              const std::string select = source.select_owner_email();
                              if (select.empty()) return {};
                              for (const std::string& owner : owners) {
                                  const auto rows = transaction.query(select, deadline, {owner});
                                  if (!rows) return rows.error();
                                  const auto email = rows->size() == 1 ? rows->at(0, 0) : std::nullopt;
                                  if (email && !email->empty()) found.emplace(owner, *email);
                              }
                              return {};
                          });
}

}  // namespace

Addresses owner_addresses(const config::Config& config, const std::vector<std::string>& owners,
                          base::Duration longest) {
    Addresses found;
    std::vector<std::string> unknown;
    const auto file = config::OwnersFile::read(config.owners_file);
    for (const std::string& owner : owners) {
        const config::KnownOwner* const known = file ? file->find(owner) : nullptr;
        if (known != nullptr && !known->address.empty())
            found.emplace(owner, known->address);
        else
            unknown.push_back(owner);
    }
    if (!unknown.empty()) ask_database(config, unknown, longest, found);
    return found;
}

std::optional<std::string> owner_address(const config::Config& config, const std::string& owner) {
    auto found = owner_addresses(config, {owner}, std::chrono::seconds{2});
    return found.empty() ? std::nullopt : std::optional(std::move(found.begin()->second));
}

}  // namespace keyshift::decisions
