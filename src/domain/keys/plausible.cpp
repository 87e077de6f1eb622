// SPDX-License-Identifier: Apache-2.0
#include "domain/keys/plausible.hpp"

#include <algorithm>
#include <array>

namespace keyshift::domain {
namespace {

using base::Time;

/// Local times lie up to 14 hours off: a use that little before the creation is a use all the same.
constexpr base::Duration kZones = std::chrono::hours{24};

/// No key expired before that: zero times of any system are older.
constexpr Time kOldest = Time{std::chrono::seconds{631'152'000}};  // 1990-01-01

bool is_finite(Time at) {
    return at != base::kInfiniteFuture && at != base::kInfinitePast;
}

void set_creation(const KeyRow& row, Key& key) {
    if (row.created_at && is_finite(*row.created_at)) {
        key.created_at = row.created_at;
    } else {
        key.problems.add(RowProblem::creation_unknown);
    }
}

/// A creation in the future contradicts itself and disproves nothing.
bool is_before_creation(Time at, const Key& key, Time now) {
    return key.created_at && *key.created_at <= now + kFutureTolerance && at < *key.created_at;
}

void set_use(const KeyRow& row, Time now, Key& key) {
    if (!row.last_used_at) return;
    const Time used = *row.last_used_at;
    if (used > now + kFutureTolerance) {
        key.last_used_at = now;
        key.use_ahead = used;
        key.problems.add(RowProblem::use_in_future);
    } else if (used == base::kInfinitePast) {
        key.problems.add(RowProblem::use_before_creation);
    } else if (is_before_creation(used, key, now)) {
        key.problems.add(RowProblem::use_before_creation);
        if (*key.created_at - used <= kZones) key.last_used_at = key.created_at;
    } else {
        key.last_used_at = used;
    }
}

void set_expiry(const KeyRow& row, Time now, Key& key) {
    if (!row.expires_at || *row.expires_at == base::kInfiniteFuture) return;
    const Time expires = *row.expires_at;
    if (expires < kOldest || is_before_creation(expires, key, now)) {
        key.problems.add(RowProblem::expiry_before_creation);
    } else if (key.last_used_at && expires < *key.last_used_at) {
        key.problems.add(RowProblem::expiry_before_use);
    } else {
        key.expires_at = expires;
    }
}

void set_hash(const KeyRow& row, Key& key) {
    key.legacy = row.hash != HashKind::modern || row.hash_shared;
    switch (row.hash) {
        case HashKind::modern:
            if (row.hash_shared) return key.problems.add(RowProblem::hash_shared);
            if (row.plain_length && *row.plain_length < kShortestHash)
                key.problems.add(RowProblem::hash_short);
            return;
        case HashKind::legacy:
            return;
        case HashKind::empty:
            return key.problems.add(RowProblem::hash_empty);
        case HashKind::malformed:
        case HashKind::slow:
            return key.problems.add(RowProblem::hash_malformed);
        case HashKind::neither:
            return key.problems.add(RowProblem::neither);
        case HashKind::unknown:
            return key.problems.add(RowProblem::flag_unknown);
    }
}

}  // namespace

Key plausible(const KeyRow& row, Time now) {
    Key key;
    key.id = row.id;
    key.owner = row.owner;
    key.owner_email = row.owner_email;
    key.name = row.name;
    key.prefix = row.prefix;
    key.bcrypt_cost = row.bcrypt_cost;
    set_creation(row, key);
    set_use(row, now, key);
    set_expiry(row, now, key);
    set_hash(row, key);
    key.blocked = row.blocked.value_or(false);
    if (!row.blocked) key.problems.add(RowProblem::flag_unknown);
    key.over_budget = row.budget == Budget::over;
    if (row.budget == Budget::not_positive) key.problems.add(RowProblem::budget_not_positive);
    return key;
}

void believe_use(Key& key, Time at) {
    key.last_used_at = at;
    key.use_ahead.reset();
    if (!key.expires_at || *key.expires_at >= at) return;
    key.expires_at.reset();
    key.problems.add(RowProblem::expiry_before_use);
}

bool holds_a_hash(std::string_view id) {
    if (id.find('$') == std::string_view::npos) return false;
    constexpr std::array<std::string_view, 12> kBeginnings{"$2a$",    "$2b$",    "$2x$",   "$2y$",
                                                           "$argon2", "$scrypt", "$5$",    "$6$",
                                                           "$7$",     "sha512$", "pbkdf2", "scrypt"};
    return std::any_of(kBeginnings.begin(), kBeginnings.end(), [&](std::string_view beginning) {
        return id.find(beginning) != std::string_view::npos;
    });
}

}  // namespace keyshift::domain
