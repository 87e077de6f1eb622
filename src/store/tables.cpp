// SPDX-License-Identifier: Apache-2.0
// Which table the journal is of, and what an operator has said about another one: facts of the state.
#include <algorithm>
#include <charconv>
#include <string>

#include "store/state.hpp"
#include "store/statements.hpp"
#include "store/transaction.hpp"

namespace keyshift::store {
namespace {

constexpr const char* kKnown = "table";
constexpr const char* kStrange = "strange_table";
constexpr const char* kRecognised = "strange_table_keys";
constexpr const char* kAccepted = "accepted_table";
constexpr const char* kAcceptedHow = "accepted_table_how";
constexpr const char* kAnew = "anew";

std::string text_of(const Facts& facts, const char* name) {
    const auto found = facts.find(name);
    return found == facts.end() ? std::string() : found->second;
}

std::string text_of(const std::optional<domain::TableIdentity>& table) {
    return table ? table->text() : std::string();
}

/// The number in front, and the rest behind the blank.
std::int64_t consume_number(std::string_view& text) {
    std::int64_t value = 0;
    const char* const end = std::from_chars(text.data(), text.data() + text.size(), value).ptr;
    text.remove_prefix(std::min(text.size(), static_cast<std::size_t>(end - text.data()) + 1));
    return value;
}

}  // namespace

void Transaction::set_tables(const Tables& tables) {
    const domain::Recognised& keys = tables.recognised;
    set_fact(kKnown, text_of(tables.known));
    set_fact(kStrange, text_of(tables.strange));
    set_fact(kRecognised, std::to_string(keys.known) + " " + std::to_string(keys.found) + " " +
                              std::to_string(keys.missing_in_use) + " " +
                              std::to_string(to_micros(tables.seen_at)));
}

base::Result<Tables> State::load_tables() {
    const auto facts = load_facts();
    if (!facts) return facts.error();
    Tables tables;
    tables.known = domain::TableIdentity::parse(text_of(*facts, kKnown));
    tables.strange = domain::TableIdentity::parse(text_of(*facts, kStrange));
    const std::string numbers = text_of(*facts, kRecognised);
    std::string_view rest = numbers;
    for (std::uint64_t* const number :
         {&tables.recognised.known, &tables.recognised.found, &tables.recognised.missing_in_use})
        *number = static_cast<std::uint64_t>(consume_number(rest));
    tables.seen_at = from_micros(consume_number(rest));
    return tables;
}

void Transaction::decide(const AcceptedTable& accepted) {
    const bool anew = accepted.journal == AcceptedTable::Journal::begins_anew;
    set_fact(kAccepted, accepted.table.text());
    set_fact(kAcceptedHow, (anew ? std::string(kAnew) : std::string("goes_on")) + " " +
                               std::to_string(to_micros(accepted.at)) + " " + accepted.by);
}

std::optional<AcceptedTable> accepted_table(const Facts& facts) {
    auto table = domain::TableIdentity::parse(text_of(facts, kAccepted));
    if (!table) return std::nullopt;
    AcceptedTable out{.table = *std::move(table)};
    const std::string how = text_of(facts, kAcceptedHow);
    const std::size_t blank = how.find(' ');
    if (how.substr(0, blank) == kAnew) out.journal = AcceptedTable::Journal::begins_anew;
    std::string_view rest = std::string_view(how).substr(std::min(how.size(), blank + 1));
    out.at = from_micros(consume_number(rest));
    out.by = rest;
    return out;
}

void Transaction::forget_keys() {
    if (error_) return;
    const auto done = database_->execute(
        "DELETE FROM legacy_key; DELETE FROM legacy_state; DELETE FROM pairing; DELETE FROM operator_pair; "
        "DELETE FROM acknowledgement; DELETE FROM progress; DELETE FROM key_use; "
        "DELETE FROM counter WHERE name IN ('legacy_keys_baseline', 'legacy_keys_over'); "
        "DELETE FROM fact WHERE name IN ('polled_at', 'cleaned_at'); UPDATE event SET row = NULL");
    if (!done) error_ = done.error();
}

}  // namespace keyshift::store
