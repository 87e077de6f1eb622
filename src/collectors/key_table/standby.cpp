// SPDX-License-Identifier: Apache-2.0
#include "collectors/key_table/standby.hpp"

#include <algorithm>
#include <charconv>

#include "collectors/shared/database.hpp"

namespace keyshift::collectors {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using namespace std::chrono_literals;

/// A primary that has nothing to send says so every 30 s (half of wal_sender_timeout).
constexpr base::Duration kLongestSilence = 60s;
/// So far the clocks of two servers may differ.
constexpr base::Duration kClockSkew = 5s;

constexpr const char* kWayOut =
    "or name the primary in database_url; or set keys.standby: ignore, where you know by other means that "
    "this "
    "standby keeps up";

// The receiver's columns are NULL to a role without pg_read_all_stats; its row is there. A receiver that has
// just connected has had no message yet: then both times of the last one are that of its start. What it has
// received is less than what the server above has while it catches up.
const std::string kRecovery =
    "SELECT pg_is_in_recovery(), (SELECT system_identifier::text FROM pg_control_system()), "
    "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint::text, r.pid IS NOT NULL, "
    "pg_has_role(current_user, 'pg_read_all_stats', 'USAGE'), coalesce(r.status = 'streaming' AND "
    "r.last_msg_send_time <> r.last_msg_receipt_time, false), "
    "(extract(epoch FROM clock_timestamp() - r.last_msg_receipt_time) * 1000000)::bigint::text, "
    "coalesce(pg_last_wal_replay_lsn() >= greatest(pg_last_wal_receive_lsn(), r.latest_end_lsn), false), "
    "(extract(epoch FROM pg_last_xact_replay_timestamp()) * 1000000)::bigint::text, "
    "coalesce(pg_last_wal_replay_lsn() - '0/0'::pg_lsn, 0)::text, current_user, " +
    std::string(kGrantOfStatistics) + " FROM (SELECT 1) AS one LEFT JOIN pg_stat_wal_receiver r ON true";

std::optional<std::int64_t> number(std::optional<std::string_view> text) {
    std::int64_t value = 0;
    if (!text || std::from_chars(text->data(), text->data() + text->size(), value).ec != std::errc{})
        return std::nullopt;
    return value;
}

Error unseen(const Recovery& recovery) {
    return {Errc::permission,
            "the server is a standby, and user " + recovery.user + " may not see how far it is behind",
            "as superuser, on the primary, run: " + recovery.grant + " " + kWayOut};
}

Error unknown(const Recovery& recovery) {
    return {
        Errc::other,
        std::string("the server is a standby that ") +
            (recovery.streams ? "has not replayed all that it received" : "does not stream") +
            ", and no commit that it has replayed since its start tells as of when its data are",
        std::string("on the standby, SELECT * FROM pg_stat_wal_receiver; and the server's log say why; ") +
            kWayOut};
}

}  // namespace

Result<Recovery> recovery_of(drivers::PostgresTransaction& transaction, base::Deadline deadline) {
    const auto rows = transaction.query(kRecovery, deadline);
    if (!rows) return rows.error();
    if (rows->size() != 1) return unknown({});
    const auto is = [&](std::size_t column) { return rows->at(0, column) == "t"; };
    Recovery out;
    out.in_recovery = is(0);
    out.system = rows->at(0, 1).value_or("");
    out.moment = base::Time{base::Duration{number(rows->at(0, 2)).value_or(0)}};
    out.receives = is(3);
    out.may_see = is(4);
    out.streams = is(5);
    if (const auto silent = number(rows->at(0, 6))) out.silent_for = base::Duration{*silent};
    out.caught_up = is(7);
    if (const auto commit = number(rows->at(0, 8))) out.last_commit_at = base::Time{base::Duration{*commit}};
    out.replayed = static_cast<std::uint64_t>(number(rows->at(0, 9)).value_or(0));
    out.user = rows->at(0, 10).value_or("");
    out.grant = rows->at(0, 11).value_or("");
    return out;
}

Result<base::Time> Standby::data_at(const Recovery& recovery) {
    if (!recovery.in_recovery) return recovery.moment;
    if (recovery.receives && !recovery.may_see) return unseen(recovery);
    // A message of the future is older than a clock that was set back.
    const bool current = recovery.streams && recovery.caught_up && recovery.silent_for &&
                         *recovery.silent_for >= 0s && *recovery.silent_for < kLongestSilence;
    // What was as of a time once is not older now, unless the server or its clock has gone back.
    const base::Time latest = recovery.moment + kClockSkew;
    const bool goes_on =
        data_at_ && *data_at_ <= latest && system_ == recovery.system && recovery.replayed >= replayed_;
    if (!goes_on) data_at_.reset();
    // A commit of the future tells nothing: the clock that it goes by was wrong.
    const auto commit = recovery.last_commit_at;
    if (current) {
        data_at_ = recovery.moment;
    } else if (commit && *commit <= latest) {
        data_at_ = std::max(data_at_.value_or(*commit), *commit);
    }
    if (!data_at_) return unknown(recovery);
    system_ = recovery.system;
    replayed_ = recovery.replayed;
    return std::min(*data_at_, recovery.moment);
}

}  // namespace keyshift::collectors
