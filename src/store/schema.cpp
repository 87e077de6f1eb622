// SPDX-License-Identifier: Apache-2.0
#include "store/schema.hpp"

#include <array>
#include <string>

#include "store/digest.hpp"

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
//
// Version 2: phases. What changes of a key stands in legacy_state, in rows of some 20 bytes; a key without a
// row there is as it was first seen, which legacy_key holds (last_used in seconds, phase): a first census
// writes each key once. Phases and rules are the numbers of domain::Phase and domain::PairRule. The end of a
// key that had gone before is taken for a quiet one: what was known of it then does not tell.
//
// Version 3: counters of others as they were last read (domain::Meter), and growth by hour (domain::Hourly).
//
// Version 4: logs. How far a source has been read (collectors::LogFacts), failures of the last day by minute,
// and uses of keys that logs told of: of legacy keys alone, once a scan of the key table has said which these
// are.
//
// Version 5: last uses in the future as the rows have them, so that after a restart their change can be told.
//
// Version 6: digests (digest.hpp). A later step that changes a table makes its digest anew.
//
// Version 7: marks. Of each that begins something: the sources that counted failures then, as they stood and
// as they were last read while it lasted, and who failed before and since.
constexpr std::array<const char*, 7> kSteps{
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
       CREATE TABLE source (name TEXT PRIMARY KEY, observation_start INTEGER NOT NULL) WITHOUT ROWID;)",

    R"(ALTER TABLE legacy_key ADD COLUMN last_used INTEGER;
       ALTER TABLE legacy_key ADD COLUMN phase INTEGER;
       CREATE TABLE legacy_state (
         row INTEGER PRIMARY KEY,
         last_used INTEGER NOT NULL,
         longest_gap INTEGER NOT NULL,
         since INTEGER NOT NULL,
         phase INTEGER,
         candidate INTEGER NOT NULL,
         flags INTEGER NOT NULL);
       CREATE INDEX legacy_state_watched ON legacy_state (row) WHERE phase = 10;
       INSERT INTO legacy_state SELECT row, last_used, 0, 0, NULL, 0, 0 FROM legacy_use;
       DROP TABLE legacy_use;
       DELETE FROM legacy_key WHERE gone_as = 'reappeared';
       UPDATE legacy_key SET phase = CASE gone_as WHEN 'upgraded' THEN 8 ELSE 9 END WHERE gone_at IS NOT NULL;
       DELETE FROM legacy_state WHERE row IN (SELECT row FROM legacy_key WHERE gone_at IS NOT NULL);
       INSERT INTO counter SELECT 'legacy_keys_over', CASE phase WHEN 8 THEN 'upgraded' ELSE 'retired' END, count(*)
         FROM legacy_key WHERE gone_at IS NOT NULL GROUP BY phase;
       CREATE TABLE pairing (
         row INTEGER PRIMARY KEY,
         replacement TEXT NOT NULL,
         rule INTEGER NOT NULL,
         at INTEGER NOT NULL,
         used_at INTEGER);
       CREATE TABLE operator_pair (
         legacy TEXT PRIMARY KEY, replacement TEXT NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL) WITHOUT ROWID;
       CREATE TABLE acknowledgement (
         id TEXT PRIMARY KEY, at INTEGER NOT NULL, by TEXT NOT NULL, note TEXT NOT NULL) WITHOUT ROWID;
       CREATE TABLE event (
         id INTEGER PRIMARY KEY,
         at INTEGER NOT NULL,
         kind TEXT NOT NULL,
         row INTEGER,
         was INTEGER,
         phase INTEGER,
         keys INTEGER,
         detail TEXT);
       CREATE TABLE progress (
         at INTEGER PRIMARY KEY, live INTEGER NOT NULL, removed INTEGER NOT NULL, drained INTEGER NOT NULL);
       CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;)",

    R"(CREATE TABLE part (
         source TEXT NOT NULL, name TEXT NOT NULL, seen_at INTEGER NOT NULL, PRIMARY KEY (source, name)) WITHOUT ROWID;
       CREATE TABLE series (
         source TEXT NOT NULL,
         part TEXT NOT NULL,
         name TEXT NOT NULL,
         value INTEGER NOT NULL,
         epoch TEXT NOT NULL,
         PRIMARY KEY (source, part, name)) WITHOUT ROWID;
       CREATE TABLE hourly (
         name TEXT NOT NULL, hour INTEGER NOT NULL, value INTEGER NOT NULL, PRIMARY KEY (name, hour)) WITHOUT ROWID;)",

    R"(CREATE TABLE cursor (
         source TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (source, name)) WITHOUT ROWID;
       CREATE TABLE failure (
         minute INTEGER NOT NULL,
         source TEXT NOT NULL,
         reason TEXT NOT NULL,
         client TEXT NOT NULL,
         user_agent TEXT NOT NULL,
         path TEXT NOT NULL,
         count INTEGER NOT NULL,
         first_at INTEGER NOT NULL,
         last_at INTEGER NOT NULL,
         PRIMARY KEY (minute, source, reason, client, user_agent, path)) WITHOUT ROWID;
       CREATE TABLE key_use (id TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;)",

    "ALTER TABLE legacy_key ADD COLUMN use_ahead INTEGER;",

    R"(CREATE TABLE digest (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
       INSERT INTO digest SELECT 'acknowledgement', rows_digest(id, at, by, note) FROM acknowledgement;
       INSERT INTO digest SELECT 'counter', rows_digest(name, label, value) FROM counter;
       INSERT INTO digest SELECT 'cursor', rows_digest(source, name, value) FROM cursor;
       INSERT INTO digest SELECT 'event', rows_digest(id, at, kind, row, was, phase, keys, detail) FROM event;
       INSERT INTO digest SELECT 'fact', rows_digest(name, value) FROM fact;
       INSERT INTO digest SELECT 'failure',
         rows_digest(minute, source, reason, client, user_agent, path, count, first_at, last_at) FROM failure;
       INSERT INTO digest SELECT 'hourly', rows_digest(name, hour, value) FROM hourly;
       INSERT INTO digest SELECT 'key_use', rows_digest(id, at) FROM key_use;
       INSERT INTO digest SELECT 'legacy_key',
         rows_digest(row, id, owner, name, prefix, created_at, expires_at, bcrypt_cost, blocked,
           over_budget, first_seen_at, gone_at, gone_as, last_used, phase, use_ahead) FROM legacy_key;
       INSERT INTO digest SELECT 'legacy_state',
         rows_digest(row, last_used, longest_gap, since, phase, candidate, flags) FROM legacy_state;
       INSERT INTO digest SELECT 'operator_pair', rows_digest(legacy, replacement, at, by) FROM operator_pair;
       INSERT INTO digest SELECT 'pairing', rows_digest(row, replacement, rule, at, used_at) FROM pairing;
       INSERT INTO digest SELECT 'part', rows_digest(source, name, seen_at) FROM part;
       INSERT INTO digest SELECT 'progress', rows_digest(at, live, removed, drained) FROM progress;
       INSERT INTO digest SELECT 'series', rows_digest(source, part, name, value, epoch) FROM series;
       INSERT INTO digest SELECT 'source', rows_digest(name, observation_start) FROM source;)",

    R"(CREATE TABLE mark (
         id INTEGER PRIMARY KEY,
         kind TEXT NOT NULL,
         at INTEGER NOT NULL,
         host_at INTEGER NOT NULL,
         by TEXT NOT NULL,
         note TEXT NOT NULL,
         until INTEGER,
         settled INTEGER NOT NULL,
         used_at INTEGER);
       CREATE TABLE mark_source (
         mark INTEGER NOT NULL,
         source TEXT NOT NULL,
         base_counts TEXT NOT NULL,
         base_read_at INTEGER,
         base_since INTEGER,
         counts TEXT NOT NULL,
         read_at INTEGER,
         complete_at INTEGER,
         since INTEGER,
         poll_every INTEGER NOT NULL,
         base_odd_lines INTEGER NOT NULL,
         odd_lines INTEGER NOT NULL,
         PRIMARY KEY (mark, source)) WITHOUT ROWID;
       CREATE TABLE mark_client (
         mark INTEGER NOT NULL,
         source TEXT NOT NULL,
         reason TEXT NOT NULL,
         client TEXT NOT NULL,
         before INTEGER NOT NULL,
         since INTEGER NOT NULL,
         inside INTEGER NOT NULL,
         first_at INTEGER NOT NULL,
         last_at INTEGER NOT NULL,
         PRIMARY KEY (mark, source, reason, client)) WITHOUT ROWID;
       INSERT INTO digest VALUES ('mark', 0), ('mark_source', 0), ('mark_client', 0);)"};

/// The step that brings the digests, and those after it, note the definitions that they have changed.
constexpr std::size_t kDigestStep = 5;

}  // namespace

Result<void> check_version(Sqlite& database) {
    const auto version = database.integer("PRAGMA user_version");
    if (!version) return version.error();
    if (*version == static_cast<std::int64_t>(kSteps.size())) return {};
    return base::Error{base::Errc::config,
                       "the state file has schema version " + std::to_string(*version) +
                           ", this keyshift uses " + std::to_string(kSteps.size()),
                       "use the keyshift that the daemon is"};
}

Result<void> limit_log(Sqlite& database) {
    return database.execute("PRAGMA journal_size_limit = 16777216");
}

Result<void> prepare(Sqlite& database, Sharing sharing) {
    if (sharing == Sharing::none)
        if (auto set = database.execute("PRAGMA locking_mode = EXCLUSIVE"); !set) return set;
    // NORMAL in WAL mode: a crash of the machine may lose the last cycles, never tear one. A small cache: the
    // journal is appended to and read in order.
    if (auto set = database.execute(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -512;");
        !set)
        return set;
    if (auto set = limit_log(database); !set) return set;
    if (auto defined = Digest::define(database); !defined) return defined;
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
                                (step >= kDigestStep ? Digest::note_schema() : "") +
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
