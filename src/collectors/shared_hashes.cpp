// SPDX-License-Identifier: Apache-2.0
#include "collectors/shared_hashes.hpp"

#include "collectors/database.hpp"

namespace keyshift::collectors {
namespace {

constexpr base::Duration kEvery = std::chrono::hours{24};

base::Error too_many(const KeySource& source) {
    return {base::Errc::schema,
            "more than " + std::to_string(SharedHashFinder::kMost) + " rows of table " + source.printable() +
                " share the value of column " + source.lookup_name() + " with another row: it holds no lookup hashes",
            "name the column with the lookup hash in gateway.columns.lookup_hash, or say how one looks: "
            "gateway.columns.lookup_hash: {column: " +
                source.lookup_name() + ", length: N}"};
}

}  // namespace

bool SharedHashFinder::is_due() const {
    if (!found_at_) return true;
    return Budget::Clock::now() - *found_at_ >= kEvery && budget_.rest() == base::Duration{0};
}

base::Result<void> SharedHashFinder::find(drivers::Postgres& connection, const KeySource& source,
                                          base::Duration timeout) {
    const auto began = Budget::Clock::now();
    keys_.clear();
    ids_.clear();
    if (!source.select_shared(kMost).empty()) {
        if (auto done = read(connection, source, base::Deadline::in(timeout)); !done) {
            found_at_.reset();
            return done;
        }
    }
    found_at_ = Budget::Clock::now();
    budget_.spent_since(began);
    return {};
}

base::Result<void> SharedHashFinder::read(drivers::Postgres& connection, const KeySource& source,
                                          base::Deadline deadline) {
    const auto now = KeySource::begin(connection, session_timeouts(deadline.left()).statement, deadline);
    if (!now) return now.error();
    auto copied = connection.copy(source.select_shared(kMost), deadline,
                                  [&](drivers::PostgresRow& row) -> base::Result<void> {
                                      const std::string id(row.text().value_or(""));
                                      if (keys_.insert(domain::hash_id(id)).second) ids_.push_back(id);
                                      return {};
                                  });
    if (!copied) return copied;
    if (keys_.size() > kMost) return too_many(source);
    if (auto committed = connection.query("COMMIT", deadline); !committed) return committed.error();
    return {};
}

}  // namespace keyshift::collectors
