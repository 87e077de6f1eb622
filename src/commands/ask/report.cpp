// SPDX-License-Identifier: Apache-2.0
// keyshift report: one read-only snapshot of the key table, streamed through a writer.
#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <unordered_set>

#include <unistd.h>

#include "base/exit_code.hpp"
#include "collectors/keys/keys.hpp"
#include "collectors/keys/pooled_census.hpp"
#include "collectors/keys/row_reader.hpp"
#include "collectors/keys/shared_hashes.hpp"
#include "collectors/keys/source.hpp"
#include "collectors/keys/table_statistics.hpp"
#include "collectors/shared/database.hpp"
#include "commands/ask/journal_report.hpp"
#include "commands/ask/key_phases.hpp"
#include "commands/ask/letters.hpp"
#include "commands/commands.hpp"
#include "commands/shared/configuration.hpp"
#include "commands/shared/output_file.hpp"
#include "commands/shared/snapshot.hpp"
#include "config/presets/preset.hpp"
#include "domain/counts/distinct.hpp"
#include "drivers/postgres/postgres.hpp"
#include "drivers/postgres/row_spool.hpp"
#include "drivers/postgres/transaction.hpp"
#include "report/writer.hpp"

namespace keyshift::commands {
namespace {

using base::Deadline;
using base::Errc;
using base::Error;
using base::Result;
using collectors::KeyOrder;
using collectors::KeySource;
using drivers::PostgresTransaction;
using drivers::RowSpool;

/// Written to the output in pieces of about this size.
constexpr std::size_t kPiece = 64UL * 1024;

/// Of what was read, so much waits in memory, the rest in a file.
constexpr std::size_t kKept = 1UL << 20U;

constexpr const char* kNoFallback =
    "keyshift: note: this gateway does not accept legacy keys any more: those that are listed are refused "
    "already, whatever the text says\n";

constexpr const char* kPromotes =
    "keyshift: note: this gateway upgrades a legacy key when it is used: one that is listed and was not used "
    "since it does so needs no new key, whatever the text says\n";

/// One line on standard error, redrawn a hundred times at most.
class Progress {
 public:
    Progress(std::uint64_t total, bool shown) : total_(total), shown_(shown && total > 0) {}
    ~Progress() {
        if (shown_) std::fputs("\r\x1b[K", stderr);
    }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void advance() {
        ++done_;
        if (!shown_ || done_ * 100 / total_ == percent_) return;
        percent_ = done_ * 100 / total_;
        const int filled = static_cast<int>(std::min<std::uint64_t>(percent_, 100)) * 40 / 100;
        std::fprintf(stderr, "\r[%.*s%*s] %3d %%", filled, "########################################",
                     40 - filled, "", static_cast<int>(percent_));
    }

 private:
    std::uint64_t total_;
    bool shown_;
    std::uint64_t done_ = 0;
    std::uint64_t percent_ = 0;
};

// The one object a signal handler may touch.
drivers::Interrupt* active_interrupt = nullptr;  // NOLINT(*-avoid-non-const-global-variables)
volatile std::sig_atomic_t caught_signal = 0;    // NOLINT(*-avoid-non-const-global-variables)

void stop_on_signals(drivers::Interrupt& interrupt) {
    active_interrupt = &interrupt;
    const auto handle = [](int number) {
        caught_signal = number;
        active_interrupt->raise();
    };
    std::signal(SIGINT, handle);
    std::signal(SIGTERM, handle);
}

struct Counts {
    std::uint64_t keys = 0;
    std::uint64_t owners = 0;
};

Result<Counts> count(PostgresTransaction& transaction, const KeySource& source, Deadline deadline) {
    const auto rows = transaction.query(source.legacy_count_query(), deadline);
    if (!rows) return rows.error();
    Counts counts;
    const auto read = [&](std::size_t column, std::uint64_t& value) {
        const auto text = rows->size() == 1 ? rows->at(0, column).value_or("") : "";
        return std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc{};
    };
    if (!read(0, counts.keys) || !read(1, counts.owners))
        return Error{Errc::parse, "the key count is not a number", {}};
    return counts;
}

class Report {
 public:
    /// `phases` is null where no phase is to be shown.
    Report(const ReportCommand& command, const config::Config& config, const KeyTableAccess& keys,
           const config::OwnersFile& owners, KeyPhases* phases, LetterFiles* letters, Output& output,
           const drivers::Interrupt& interrupt)
        : command_(command),
          gateway_(config.gateway),
          options_(keys.options),
          schedule_(keys.schedule),
          owners_(owners),
          phases_(phases),
          fallback_(phases != nullptr ? phases->fallback() : known_fallback_mode(config)),
          output_(output),
          connection_(interrupt),
          letters_(letters == nullptr ? nullptr : std::make_unique<report::LetterWriter>(*letters)),
          writer_(letters != nullptr ? nullptr
                                     : report::make_writer(command.format, command.grouping, text_)) {}

    Result<void> run() {
        writer().connecting();
        if (auto shown = output_.write(text_); !shown) return shown;
        const auto url = options_.database_url.read();
        if (!url) return url.error();
        const auto target = drivers::PostgresTarget::parse(*url);
        if (!target) return target.error();
        const Deadline soon = Deadline::in(schedule_.timeout);
        if (auto connected = connection_.connect(*target, soon); !connected) return connected;
        writer().connected();
        auto transaction = begin(schedule_.timeout, soon);
        if (!transaction) return transaction.error();
        const auto source = KeySource::resolve(*transaction, gateway_, soon);
        if (!source) return source.error();
        base::Duration most = options_.census_timeout;
        if (transaction->pooled()) {
            if (auto brief = check_pace(*transaction, *source, soon); !brief) return brief;
            most = std::min(most, collectors::kLongestHold);
        }
        if (auto ended = transaction->commit(soon); !ended) return ended;
        auto listed = list(*source, *target, most);
        if (!listed && listed.error().code == Errc::timeout && transaction->pooled())
            return collectors::too_long_for_a_pooler(most);
        return listed;
    }

 private:
    Result<PostgresTransaction> begin(base::Duration timeout, Deadline deadline) {
        return PostgresTransaction::begin(connection_, collectors::limits_within(schedule_.timeout, timeout),
                                          deadline);
    }

    static Result<void> check_pace(PostgresTransaction& transaction, const KeySource& source,
                                   Deadline deadline) {
        const auto statistics = collectors::TableStatistics::resolve(transaction, source.table(), deadline);
        if (!statistics) return statistics.error();
        const auto rows = statistics->rows(transaction, deadline);
        if (!rows) return rows.error();
        const base::Duration expected = collectors::CensusPace{}.expected(*rows);
        if (expected > collectors::kLongestHold) return collectors::too_long_for_a_pooler(expected);
        return {};
    }

    /// Everything is read before anything is written: a pager that waits must not hold a transaction open.
    Result<void> list(KeySource source, const drivers::PostgresTarget& target, base::Duration most) {
        const Deadline deadline = Deadline::in(most);
        auto transaction = begin(most, deadline);
        if (!transaction) return transaction.error();
        now_ = transaction->moment();
        if (auto told = collectors::check_forms(*transaction, source, deadline); !told) return told;
        if (auto found = find_shared(*transaction, source, deadline); !found) return found;
        Result<Counts> counts = Counts{};
        if (all_phases()) counts = count(*transaction, source, deadline);
        if (!counts) return counts.error();
        RowSpool rows(kKept);
        if (auto copied = copy(*transaction, source, rows, deadline); !copied) return copied;
        if (auto ended = transaction->commit(deadline); !ended) return ended;
        if (!all_phases()) counts = count_phase(source, rows);
        if (!counts) return counts.error();
        report::Header header;
        header.legacy_keys = counts->keys;
        header.owners = counts->owners;
        header.generated_at = now_;
        header.database = target.printable;
        header.phases = phases_ != nullptr;
        header.fallback = fallback_;
        header.promotes_in_place = gateway_.promotes_in_place;
        const config::KeyRequests& requests = config::facts_of(gateway_.preset).requests;
        header.create_request = requests.create;
        header.delete_request = requests.remove;
        header.ownerless_by_database = requests.ownerless_by_database;
        header.handbook = is_handbooks();
        const config::Columns& columns = gateway_.columns;
        if (columns.lookup_hash && !columns.legacy && !gateway_.legacy_when)
            header.lacks = columns.lookup_hash->name;
        if (phases_ != nullptr) header.lockout = phases_->lockout();
        header.phase = phases_text();
        if (command_.format == report::Format::text && !letters_ && header.handbook && counts->keys > 0)
            correct_the_text();
        writer().begin(header);
        if (auto written = write(source, rows, counts->keys); !written) return written;
        writer().end();
        if (letters_ && letters_->failed()) return *letters_->failed();
        return output_.write(text_);
    }

    /// The handbook's text has no place for them.
    bool shows_addresses() const {
        return command_.format != report::Format::text || by_owner() || !is_handbooks();
    }
    bool by_owner() const { return letters_ || command_.grouping == report::Grouping::owner; }

    bool is_handbooks() const { return gateway_.preset == config::Preset::inferxgate; }

    /// The handbook's text is of a gateway with a fallback whose keys stay legacy.
    void correct_the_text() const {
        if (fallback_ == domain::FallbackMode::absent) {
            std::fputs(kNoFallback, stderr);
        } else if (gateway_.promotes_in_place) {
            std::fputs(kPromotes, stderr);
        }
    }

    Result<void> each_key(const KeySource& source, const RowSpool& rows,
                          const std::function<Result<void>(const domain::Key&)>& handle) {
        collectors::RowReader reader(source, shared_.keys(), now_);
        return rows.each([&](drivers::PostgresRow& row) -> Result<void> {
            auto key = reader.key(row);
            if (!key) return key.error();
            if (key->owner && shows_addresses())
                if (const auto* known = owners_.find(*key->owner); known && !known->address.empty())
                    key->owner_email = known->address;
            return handle(*key);
        });
    }

    /// Keys that are legacy since their hash stands in another row too are listed like the others.
    Result<void> find_shared(PostgresTransaction& transaction, KeySource& source, Deadline deadline) {
        if (auto found = shared_.refresh(transaction, source, deadline); !found) return found;
        if (shared_.ids().empty()) return {};
        source.treat_ids_as_legacy();
        return KeySource::set_ids(transaction, shared_.ids(), deadline);
    }

    /// The keys of the phase that is asked for, which only keyshift can tell.
    Result<Counts> count_phase(const KeySource& source, const RowSpool& rows) {
        Counts counts;
        domain::DistinctCount owners;
        auto done = each_key(source, rows, [&](const domain::Key& key) -> Result<void> {
            if (!wanted(phases_->of(key))) return {};
            ++counts.keys;
            if (key.owner) owners.add(domain::hash_id(*key.owner));
            return {};
        });
        if (!done) return done.error();
        counts.owners = owners.count();
        return counts;
    }

    bool wanted(const std::optional<report::KeyPhase>& phase) const {
        const auto& listed = command_.phases_listed;
        return all_phases() ||
               (phase && std::find(listed.begin(), listed.end(), phase->phase) != listed.end());
    }
    bool all_phases() const { return command_.phases_listed.empty(); }
    /// "pending", "pending or issued"; empty: all.
    std::string phases_text() const {
        std::string out;
        for (const domain::Phase phase : command_.phases_listed)
            out += (out.empty() ? "" : " or ") + std::string(phase_name(phase));
        return out;
    }

    /// Each key once, however often a view shows it, and nothing that must not be shown.
    Result<void> copy(PostgresTransaction& transaction, const KeySource& source, RowSpool& rows,
                      Deadline deadline) const {
        const auto order = by_owner() ? KeyOrder::by_owner : KeyOrder::newest_first;
        const auto email =
            shows_addresses() ? collectors::OwnerEmail::wanted : collectors::OwnerEmail::unwanted;
        collectors::RowReader reader(source, shared_.keys(), now_);
        std::unordered_set<std::uint64_t> seen;
        return transaction.copy(
            source.select_legacy(order, email), deadline, [&](drivers::PostgresRow& row) -> Result<void> {
                drivers::PostgresRow copy = row;
                const auto key = reader.key(copy);
                if (!key) return key.error();
                const bool again =
                    !source.lookup().id_unique && !seen.insert(domain::hash_id(key->id)).second;
                return again ? Result<void>{} : rows.add(row);
            });
    }

    Result<void> write(const KeySource& source, const RowSpool& rows, std::uint64_t total) {
        Progress progress(total, ::isatty(STDERR_FILENO) == 1 && !output_.is_terminal());
        return each_key(source, rows, [&](const domain::Key& key) -> Result<void> {
            const auto phase = phases_ != nullptr ? phases_->of(key) : std::nullopt;
            if (!wanted(phase)) return {};
            writer().key(key, phase);
            if (letters_ && letters_->failed()) return *letters_->failed();
            progress.advance();
            return text_.size() < kPiece ? Result<void>{} : output_.write(text_);
        });
    }

    report::Writer& writer() { return letters_ ? *letters_ : *writer_; }

    const ReportCommand& command_;
    const config::Gateway& gateway_;
    const collectors::KeysOptions& options_;
    const config::Schedule& schedule_;
    const config::OwnersFile& owners_;
    KeyPhases* phases_;
    domain::FallbackMode fallback_;
    Output& output_;
    drivers::Postgres connection_;
    collectors::SharedHashFinder shared_{1.0};
    base::Time now_;  // the database's
    std::string text_;
    std::unique_ptr<report::LetterWriter> letters_;  // null: a report is written
    std::unique_ptr<report::Writer> writer_;         // null: letters are
};

}  // namespace

int run_report(const ReportCommand& command) {
    if (auto right = check_letter_options(command); !right) return print_error(right.error()), base::kUsage;
    if (is_of_journal(command)) return report_journal(command);
    const auto config = load_configuration(command.config);
    if (!config) return base::kConfig;
    const auto keys = keys_collector(*config);
    if (!keys) return print_error(keys.error()), base::exit_code(keys.error());
    // What an owner has to do next depends on the phases.
    std::optional<KeyPhases> phases;
    if (command.phases || command.letters.wanted || command.grouping == report::Grouping::owner) {
        auto found = KeyPhases::find(*config);
        if (!found) return print_error(found.error()), base::exit_code(found.error());
        phases = std::move(*found);
    }
    const auto owners = config::OwnersFile::read(config->owners_file);
    if (!owners) return print_error(owners.error()), base::exit_code(owners.error());
    drivers::Interrupt interrupt;
    stop_on_signals(interrupt);
    auto output = Output::open(command.output);
    if (!output) return print_error(output.error()), base::exit_code(output.error());
    std::unique_ptr<LetterFiles> letters;
    if (command.letters.wanted) {
        auto opened = LetterFiles::open(command, *config, *owners);
        if (!opened) return print_error(opened.error()), base::exit_code(opened.error());
        letters = *std::move(opened);
    }
    Report report(command, *config, *keys, *owners, phases ? &*phases : nullptr, letters.get(), *output,
                  interrupt);
    auto done = report.run();
    if (done && letters) done = letters->finish();
    if (done) done = output->finish();
    if (done && letters) std::printf("%s\n", letters->summary().c_str());
    if (done) return base::kOk;
    if (caught_signal != 0) return 128 + caught_signal;
    if (done.error().code == Errc::canceled) return base::kOk;  // `keyshift report | head` has seen enough
    print_error(done.error());
    return base::exit_code(done.error());
}

}  // namespace keyshift::commands
