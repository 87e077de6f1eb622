// SPDX-License-Identifier: Apache-2.0
#include "collectors/keys/shared_hashes.hpp"

namespace keyshift::collectors {
namespace {

constexpr base::Duration kEvery = std::chrono::hours{24};

base::Error too_many(const KeySource& source) {
    return {base::Errc::schema,
            "more than " + std::to_string(SharedHashFinder::kMost) + " rows of table " + source.title() +
                " share the value of column " + source.lookup_name() +
                " with another row: it holds no lookup hashes",
            "name the column with the lookup hash in gateway.columns.lookup_hash, or say how one looks: "
            "gateway.columns.lookup_hash: {column: " +
                source.lookup_name() + ", length: N}"};
}

}  // namespace

bool SharedHashFinder::is_due() const {
    if (!found_at_) return true;
    return Budget::Clock::now() - *found_at_ >= kEvery && budget_.min_delay() == base::Duration{0};
}

base::Result<void> SharedHashFinder::refresh(drivers::PostgresTransaction& transaction,
                                             const KeySource& source, base::Deadline deadline) {
    const auto began = Budget::Clock::now();
    found_at_.reset();
    keys_.clear();
    ids_.clear();
    if (const std::string select = source.select_shared(kMost); !select.empty()) {
        auto copied =
            transaction.copy(select, deadline, [&](drivers::PostgresRow& row) -> base::Result<void> {
                const std::string id(row.text().value_or(""));
                if (keys_.insert(domain::hash_id(id)).second) ids_.push_back(id);
                return {};
            });
        if (!copied) return copied;
    }
    if (keys_.size() > kMost) return too_many(source);
    found_at_ = Budget::Clock::now();
    budget_.spent_since(began);
    return {};
}

}  // namespace keyshift::collectors
