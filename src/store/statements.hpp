// SPDX-License-Identifier: Apache-2.0
// The prepared statements of a state, made once per connection, and how values go in and out of them. Kept
// inside src/store; used by the thread of their State.
#pragma once

#include <optional>
#include <string_view>

#include "base/time.hpp"
#include "store/records.hpp"
#include "store/sqlite.hpp"

namespace keyshift::store {

// legacy_state.flags
inline constexpr std::int64_t kAdvanced = 1;
inline constexpr std::int64_t kInUse = 2;
inline constexpr std::int64_t kWithOwner = 4;
inline constexpr std::int64_t kProved = 8;
inline constexpr std::int64_t kBeside = 16;
inline constexpr std::int64_t kBehind = 32;

struct Statements {
    explicit Statements(Sqlite& database);

    PreparedLater add_key, update_key, remember, mark_gone;
    PreparedLater set_pairing, clear_pairing;
    PreparedLater add_event, set_counter, set_fact, set_observation_start;
    PreparedLater add_progress, thin_progress;
    PreparedLater set_part, forget_part, clear_series, set_series, set_hourly;
    PreparedLater set_cursor, forget_cursor, add_failure, add_key_use, forget_key_use;
    PreparedLater decide_pair, decide_acknowledgement, undo_pair, undo_acknowledgement;
    PreparedLater find_gone, find_pairing, find_id, find_owner, find_texts;
    PreparedLater find_open_marks, follow_mark, note_marked_use, find_marks_version;
};

/// Calls `handle(statement)` for each row.
template <class Handle>
base::Result<void> each_row(Statement& statement, const Handle& handle) {
    for (auto row = statement.step();; row = statement.step()) {
        if (!row) return row.error();
        if (!*row) return {};
        handle(statement);
    }
}

inline std::int64_t to_micros(base::Time t) {
    return t.time_since_epoch().count();
}
inline base::Time from_micros(std::int64_t count) {
    return base::Time{base::Duration{count}};
}
inline std::optional<base::Time> time_at(const Statement& statement, int column) {
    return statement.is_null(column) ? std::nullopt : std::optional(from_micros(statement.integer(column)));
}

void bind_text(Statement& statement, int index, std::optional<std::string_view> text);
void bind_time(Statement& statement, int index, std::optional<base::Time> time);
template <class Number>
void bind_number(Statement& statement, int index, std::optional<Number> number) {
    if (number) {
        statement.bind(index, static_cast<std::int64_t>(*number));
    } else {
        statement.bind_null(index);
    }
}

/// What an operator has said of the table; empty: nothing. See tables.cpp.
std::optional<AcceptedTable> accepted_table(const Facts& facts);

}  // namespace keyshift::store
