// SPDX-License-Identifier: Apache-2.0
// The journal belongs to one table. Another one in its place is refused until an operator accepts it, unless
// most of the keys that were known are in it: then it is a move, an upgrade or a copy of the same one.
#include "journal/key_journal.hpp"

namespace keyshift::journal {
namespace {

using base::Result;
using Journal = store::AcceptedTable::Journal;

std::string some_of(const domain::Recognised& keys) {
    return std::to_string(keys.found) + " of " + std::to_string(keys.known) + " known legacy keys";
}

/// An operator accepts the table that waits, and not another one, or the same one at another time.
bool is_accepted(const store::Tables& tables, const std::optional<store::AcceptedTable>& accepted) {
    return accepted && tables.strange && *tables.strange == accepted->table;
}

}  // namespace

/// Where an operator has said that the other table has nothing to do with the one before.
Result<void> KeyJournal::begin_anew() {
    if (!accepted_table_ || accepted_table_->journal != Journal::begins_anew) return {};
    if (!tables_.known || !is_accepted(tables_, accepted_table_)) return {};
    auto transaction = state_.begin();
    if (!transaction) return transaction.error();
    transaction->forget_keys();
    transaction->set_tables({.known = accepted_table_->table});
    transaction->add_event({.at = accepted_table_->at,
                            .kind = store::event::kTable,
                            .keys = 0,
                            .detail = "the journal begins anew with " + accepted_table_->table.printable() +
                                      ", accepted by " + accepted_table_->by});
    if (auto done = transaction->commit(); !done) return done;
    census_needed_ = true;
    if (auto loaded = load(); !loaded) return loaded;
    return load_decisions();
}

Result<void> KeyJournal::check_table() {
    if (!tables_.known || *tables_.known == scan_->table) {
        if (tables_.known && !tables_.strange && tables_.known->table == scan_->table.table) return {};
        tables_ = {.known = scan_->table};
        save([this](store::Transaction& to) { to.set_tables(tables_); });
        return {};
    }
    if (scan_->kind != collectors::Scan::census)
        return base::Error{base::Errc::other, "the key table has changed within a scan", {}};
    const domain::Recognised recognised = ledger_.recognise();
    const bool accepted =
        accepted_table_ && accepted_table_->table == scan_->table && is_accepted(tables_, *accepted_table_);
    if (recognised.is_strange() && !accepted) return refuse_table(recognised);
    // Last uses that were known stay known; that of the others nothing can have been missed is not.
    if (recognised.is_strange()) scan_->next.observed_since = scan_->now;
    scan_->of_another_table = true;
    event({.kind = store::event::kTable,
           .keys = recognised.found,
           .detail = some_of(recognised) + " are in " + scan_->table.printable() +
                     ", before: " + tables_.known->printable() +
                     (accepted ? ", accepted by " + accepted_table_->by : std::string())});
    tables_ = {.known = scan_->table};
    save([this](store::Transaction& to) { to.set_tables(tables_); });
    return {};
}

/// What was found is kept for `keyshift accept-table`.
base::Error KeyJournal::refuse_table(const domain::Recognised& recognised) {
    const base::Time now = scan_->clock;
    const domain::TableIdentity table = scan_->table;
    forget_scan();
    const bool again = tables_.strange && *tables_.strange == table;
    tables_.strange = table;
    tables_.recognised = recognised;
    if (!again) {
        tables_.seen_at = now;
        accepted_table_.reset();
    }
    if (auto transaction = state_.begin()) {
        transaction->set_tables(tables_);
        // What was accepted before this one came does not hold for it.
        if (!again) transaction->decide(store::AcceptedTable{});
        // What cannot be saved is found again at the next poll.
        [[maybe_unused]] const auto done = transaction->commit();
    }
    return {
        base::Errc::schema,
        "the key table is another one than before: " + some_of(recognised) + " are in " + table.printable() +
            "; before: " + tables_.known->printable(),
        "if database_url or gateway.table is wrong, correct it; if the other table is right, run: keyshift "
        "accept-table, which shows first what it does"};
}

}  // namespace keyshift::journal
