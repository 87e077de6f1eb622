// SPDX-License-Identifier: Apache-2.0
#include "decisions/modern_key.hpp"

#include <optional>
#include <utility>

#include "base/utf8.hpp"
#include "collectors/keys/row_reader.hpp"
#include "collectors/keys/source.hpp"
#include "decisions/key_table_query.hpp"
#include "drivers/postgres/transaction.hpp"

namespace keyshift::decisions {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using base::Time;

ModernKey keep(const domain::Key& key, Time now) {
    return {std::string(key.id),
            std::string(key.owner.value_or("")),
            std::string(key.name.value_or("")),
            std::string(key.prefix),
            key,
            now};
}

Result<void> read_modern(drivers::PostgresTransaction& transaction, const collectors::KeySource& source,
                         base::Deadline deadline, const std::string& id, std::optional<ModernKey>& found) {
    // Asked first: compared as a text, whatever the type of the column, a mistyped id is no error there.
    const auto rows = transaction.query(source.is_legacy(), deadline, {id});
    if (!rows) return rows.error();
    if (rows->size() == 0)
        return Error{Errc::usage, "there is no key " + base::escape_unsafe(id),
                     "check the id of the new key"};
    if (rows->at(0, 0).value_or("") != "false") {
        return Error{Errc::usage, "key " + base::escape_unsafe(id) + " is a legacy key too",
                     "a replacement has a lookup hash"};
    }
    if (auto set = collectors::KeySource::set_ids(transaction, {id}, deadline); !set) return set.error();
    const collectors::SharedHashes shared;
    const Time now = transaction.moment();
    collectors::RowReader reader(source, shared, now);
    return transaction.copy(source.select_ids(), deadline, [&](drivers::PostgresRow& row) -> Result<void> {
        const auto key = reader.key(row);
        if (!key) return key.error();
        found = keep(*key, now);
        return {};
    });
}

}  // namespace

Result<ModernKey> find_modern(const config::Config& config, const std::string& id, base::Duration longest) {
    std::optional<ModernKey> found;
    const auto asked = query_key_table(
        config, longest,
        [&](drivers::PostgresTransaction& transaction, const collectors::KeySource& source,
            base::Deadline deadline) { return read_modern(transaction, source, deadline, id, found); });
    if (!asked) return asked.error();
    if (!found)
        return Error{Errc::usage, "there is no key " + base::escape_unsafe(id), "it has just been deleted"};
    return *std::move(found);
}

}  // namespace keyshift::decisions
