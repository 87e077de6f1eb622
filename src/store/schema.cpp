// SPDX-License-Identifier: Apache-2.0
#include "store/schema.hpp"

#include <array>
#include <string>

namespace keyshift::store {
namespace {

using base::Result;

// Step i brings a file of version i to version i + 1. A step that has been released is never changed.
// Times are microseconds since the epoch, UTC, but for legacy_use.
//
// Version 1: the journal legacy_key only grows at its end; rows are found by number, which the ledger keeps
// in memory. Its index holds the few keys that have gone, to recognise one that comes back; gone_as is
// 'removed', 'upgraded' or 'reappeared' (a CHECK would double the cost of an insert). What changes all the
// time, the last use, stands apart in rows of 12 bytes (seconds since the epoch; no row: never used): a busy
// cycle touches a fraction of the pages.
constexpr std::array<const char*, 1> kSteps{
    R"(CREATE TABLE legacy_key (
         row INTEGER PRIMARY KEY,
         id TEXT NOT NULL,
         owner TEXT,
         name TEXT,
         prefix TEXT NOT NULL,
         created_at INTEGER NOT NULL,
         expires_at INTEGER,
         bcrypt_cost INTEGER,
         blocked INTEGER NOT NULL,
         over_budget INTEGER NOT NULL,
         first_seen_at INTEGER NOT NULL,
         gone_at INTEGER,
         gone_as TEXT);
       CREATE TABLE legacy_use (row INTEGER PRIMARY KEY, last_used INTEGER NOT NULL);
       CREATE INDEX legacy_key_gone ON legacy_key (id) WHERE gone_at IS NOT NULL;
       CREATE TABLE counter (
         name TEXT NOT NULL, label TEXT NOT NULL, value INTEGER NOT NULL, PRIMARY KEY (name, label)) WITHOUT ROWID;
       CREATE TABLE source (name TEXT PRIMARY KEY, observation_start INTEGER NOT NULL) WITHOUT ROWID;)"};

}  // namespace

Result<void> prepare(Sqlite& database, Sharing sharing) {
    if (sharing == Sharing::none)
        if (auto set = database.execute("PRAGMA locking_mode = EXCLUSIVE"); !set) return set;
    // NORMAL in WAL mode: a crash of the machine may lose the last cycles, never tear one. A small cache: the
    // journal is appended to and read in order.
    if (auto set = database.execute(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -512;"
            "PRAGMA journal_size_limit = 16777216;");
        !set)
        return set;
    const auto version = database.integer("PRAGMA user_version");
    if (!version) return version.error();
    if (*version < 0 || static_cast<std::size_t>(*version) > kSteps.size()) {
        return base::Error{
            base::Errc::config,
            "the state file has schema version " + std::to_string(*version) + ", this keyshift knows up to " +
                std::to_string(kSteps.size()),
            "run the newer keyshift that wrote it, or point state.directory at another directory"};
    }
    for (std::size_t step = static_cast<std::size_t>(*version); step < kSteps.size(); ++step) {
        const std::string sql = "BEGIN IMMEDIATE;" + std::string(kSteps.at(step)) +
                                "PRAGMA user_version = " + std::to_string(step + 1) + "; COMMIT;";
        if (auto done = database.execute(sql); !done) {
            // The error of the step is the one to tell, not that of rolling back.
            const auto rolled_back = database.execute("ROLLBACK");
            return done;
        }
    }
    return {};
}

}  // namespace keyshift::store
