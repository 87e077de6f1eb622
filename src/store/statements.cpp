// SPDX-License-Identifier: Apache-2.0
#include "store/statements.hpp"

namespace keyshift::store {

Statements::Statements(Sqlite& db)
    : add_key(db,
              "INSERT INTO legacy_key (row, id, owner, name, prefix, created_at, expires_at, bcrypt_cost, "
              "blocked, "
              "over_budget, use_ahead, first_seen_at, last_used, phase) "
              "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"),
      update_key(db,
                 "UPDATE legacy_key SET id = ?2, owner = ?3, name = ?4, prefix = ?5, created_at = "
                 "max(coalesce(?6, created_at), created_at), "
                 "expires_at = ?7, bcrypt_cost = ?8, blocked = ?9, over_budget = ?10, use_ahead = ?11, "
                 "gone_at = NULL, "
                 "gone_as = NULL WHERE row = ?1"),
      remember(db, "INSERT OR REPLACE INTO legacy_state VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"),
      mark_gone(db, "UPDATE legacy_key SET gone_at = coalesce(gone_at, ?2), gone_as = ?3 WHERE row = ?1"),
      set_pairing(db,
                  "INSERT INTO pairing VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET "
                  "at = CASE WHEN replacement = excluded.replacement AND rule = excluded.rule THEN at "
                  "ELSE excluded.at END, replacement = excluded.replacement, rule = excluded.rule, "
                  "used_at = excluded.used_at"),
      clear_pairing(db, "DELETE FROM pairing WHERE row = ?1"),
      add_event(
          db,
          "INSERT INTO event (at, kind, row, was, phase, keys, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"),
      set_counter(db, "INSERT OR REPLACE INTO counter VALUES (?1, ?2, ?3)"),
      set_fact(db, "INSERT OR REPLACE INTO fact VALUES (?1, ?2)"),
      set_observation_start(db, "INSERT INTO source VALUES (?1, ?2) ON CONFLICT DO NOTHING"),
      add_progress(db, "INSERT OR REPLACE INTO progress VALUES (?1, ?2, ?3, ?4)"),
      thin_progress(db,
                    "DELETE FROM progress WHERE at < ?1 AND EXISTS (SELECT 1 FROM progress AS first WHERE "
                    "first.at >= progress.at - progress.at % 3600000000 AND first.at < progress.at)"),
      set_part(db, "INSERT OR REPLACE INTO part VALUES (?1, ?2, ?3)"),
      forget_part(db, "DELETE FROM part WHERE source = ?1 AND name = ?2"),
      clear_series(db, "DELETE FROM series WHERE source = ?1 AND part = ?2"),
      set_series(db, "INSERT INTO series VALUES (?1, ?2, ?3, ?4, ?5)"),
      set_hourly(db, "INSERT OR REPLACE INTO hourly VALUES (?1, ?2, ?3)"),
      set_cursor(db, "INSERT OR REPLACE INTO cursor VALUES (?1, ?2, ?3)"),
      forget_cursor(db, "DELETE FROM cursor WHERE source = ?1 AND name = ?2"),
      add_failure(db,
                  "INSERT INTO failure VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO UPDATE SET "
                  "count = count + excluded.count, first_at = min(first_at, excluded.first_at), "
                  "last_at = max(last_at, excluded.last_at)"),
      add_key_use(db,
                  "INSERT INTO key_use VALUES (?1, ?2) ON CONFLICT DO UPDATE SET at = max(at, excluded.at)"),
      forget_key_use(db, "DELETE FROM key_use WHERE id = ?1"),
      decide_pair(db, "INSERT OR REPLACE INTO operator_pair VALUES (?1, ?2, ?3, ?4)"),
      decide_acknowledgement(db, "INSERT OR REPLACE INTO acknowledgement VALUES (?1, ?2, ?3, ?4)"),
      undo_pair(db, "DELETE FROM operator_pair WHERE legacy = ?1"),
      undo_acknowledgement(db, "DELETE FROM acknowledgement WHERE id = ?1"),
      find_gone(
          db,
          "SELECT k.row, coalesce(s.phase, k.phase), coalesce(s.last_used, k.last_used, 0), "
          "coalesce(s.longest_gap, 0), coalesce(s.flags, 0), k.created_at FROM legacy_key AS k LEFT JOIN "
          "legacy_state AS s USING (row) WHERE k.id = ?1 AND k.gone_at IS NOT NULL ORDER BY k.row DESC LIMIT "
          "1"),
      find_pairing(db, "SELECT replacement, rule, at, used_at FROM pairing WHERE row = ?1"),
      find_id(db, "SELECT id FROM legacy_key WHERE row = ?1"),
      find_owner(db, "SELECT owner FROM legacy_key WHERE row = ?1"),
      find_texts(db, "SELECT id, name, prefix, owner FROM legacy_key WHERE row = ?1"),
      find_open_marks(db, "SELECT id, until FROM mark WHERE settled = 0"),
      follow_mark(
          db,
          "UPDATE mark_source SET counts = ?3, read_at = ?4, complete_at = ?5, since = ?6, poll_every "
          "= ?7, odd_lines = ?8 WHERE mark = ?1 AND source = ?2"),
      note_marked_use(
          db,
          "UPDATE mark SET used_at = ?2 WHERE id = ?1 AND ?2 > at + 60000000 AND (until IS NULL OR "
          "?2 <= until - host_at + at) AND coalesce(used_at, 0) < ?2"),
      find_marks_version(
          db,
          "SELECT count(*) + coalesce(sum(at & 4294967295), 0), coalesce(sum(settled = 0), 0) FROM mark") {}

void bind_text(Statement& statement, int index, std::optional<std::string_view> text) {
    if (text) {
        statement.bind(index, *text);
    } else {
        statement.bind_null(index);
    }
}

void bind_time(Statement& statement, int index, std::optional<base::Time> time) {
    bind_number(statement, index, time ? std::optional(to_micros(*time)) : std::nullopt);
}

}  // namespace keyshift::store
