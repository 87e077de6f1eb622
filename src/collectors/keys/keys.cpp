// SPDX-License-Identifier: Apache-2.0
// The key table: a census of every row, as often as `database_duty` allows, and a pulse of what changed in
// between. A pulse cannot see what is not there any more; when the server has counted deletions, the next one
// shows all keys in use instead, so that one that was deleted is missed at once.
#include "collectors/keys/keys.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "collectors/entry.hpp"
#include "collectors/key_table/standby.hpp"
#include "collectors/key_table/table_identity.hpp"
#include "collectors/keys/examine.hpp"
#include "collectors/keys/pooled_census.hpp"
#include "collectors/keys/rows.hpp"
#include "collectors/keys/shared_hashes.hpp"
#include "collectors/keys/source.hpp"
#include "collectors/keys/table_statistics.hpp"
#include "collectors/keys/value_examine.hpp"
#include "collectors/shared/database.hpp"
#include "collectors/shared/duty.hpp"
#include "collectors/shared/skipped_parameters.hpp"
#include "drivers/postgres/postgres.hpp"
#include "drivers/postgres/row_spool.hpp"
#include "drivers/postgres/transaction.hpp"

namespace keyshift::collectors {
namespace {

using base::Deadline;
using base::Duration;
using base::Errc;
using base::Error;
using base::Result;
using base::Time;
using drivers::PostgresTransaction;
using namespace std::chrono_literals;
using Clock = Budget::Clock;

KeysOptions read_options(config::OptionsReader& reader) {
    auto url = reader.secret("database_url", kDatabaseUrl);
    check_database_url(reader, url);
    return {std::move(url), reader.duration("census_timeout", 10min, {.min = 1s, .max = 24h}),
            reader.choice<StandbyAge>("standby",
                                      {{"measured", StandbyAge::measured}, {"ignore", StandbyAge::ignored}},
                                      StandbyAge::measured),
            reader.ratio("database_duty", 0.02, {.min = 0.0001, .max = 1.0})};
}

/// A row may become visible that much later than its timestamps say: its transaction was still open at the
/// last pulse.
constexpr Duration kPulseOverlap = 60s;

/// A mass deletion is left to the next census.
constexpr std::size_t kMostMissing = 10'000;

/// Behind a pooler, where a census would take too long: no pulse after so long without one.
constexpr auto kOldestCensus = 24h;

class Keys final : public Collector {
 public:
    Keys(config::Gateway gateway, KeysOptions options, config::Schedule schedule,
         const drivers::Interrupt& interrupt)
        : gateway_(std::move(gateway)),
          options_(std::move(options)),
          schedule_(schedule),
          connection_(interrupt),
          shared_(options_.database_duty / 2),
          census_budget_(options_.database_duty / 2),
          pulse_budget_(options_.database_duty / 2) {}

    Result<Observation> collect(const Request& request) override {
        const Reused reused = connection_.connected() && source_ ? Reused::yes : Reused::no;
        auto observation = attempt(request);
        if (!observation && is_worth_a_second_try(observation.error(), connection_, reused)) {
            close();
            observation = attempt(request);
        }
        if (!observation) close();
        return observation;
    }

    std::vector<Finding> examine(Deadline deadline) override {
        auto findings = about_skipped("database_url", skipped_parameters(options_.database_url));
        for (Finding& finding : examine_table(deadline)) findings.push_back(std::move(finding));
        return findings;
    }

    Duration min_delay() const override {
        return last_scan_ ? std::min(census_budget_.min_delay(), pulse_budget_.min_delay())
                          : census_budget_.min_delay();
    }

 private:
    std::vector<Finding> examine_table(Deadline deadline) {
        if (auto opened = open(deadline); !opened) return {failure(opened.error())};
        auto transaction = begin(schedule_.timeout, deadline);
        if (!transaction) return {failure(transaction.error())};
        std::vector<Finding> findings{
            {Finding::Kind::ok, "the key table " + source_->table() + " can be read"},
            clock(base::now() - transaction->moment())};
        if (pooled_) {
            const auto rows = statistics_->rows(*transaction, deadline);
            if (!rows) return {failure(rows.error())};
            findings.push_back(about_pooler(pace_.expected(*rows)));
        }
        const auto add = [&findings](std::vector<Finding> found) {
            for (Finding& finding : found) findings.push_back(std::move(finding));
        };
        const KeyTableSnapshot table{*transaction, *source_, gateway_, options_.census_timeout,
                                     options_.standby};
        add(examine_key_table(table, deadline));
        const bool failed = std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
            return finding.kind == Finding::Kind::failure;
        });
        if (!failed) add(examine_values(table, deadline));
        return findings;
    }

    static Finding clock(Duration ahead) {
        constexpr Duration kTolerable = 5s;
        const Duration apart = std::chrono::abs(ahead);
        if (apart <= kTolerable)
            return {Finding::Kind::ok, "the clocks of this host and of the database agree"};
        const std::string length = base::format_duration(std::chrono::floor<std::chrono::seconds>(apart));
        return {Finding::Kind::warning,
                "this host's clock is " + length + (ahead > Duration{0} ? " ahead of" : " behind") +
                    " the database's",
                "let both follow a time server: timedatectl set-ntp true"};
    }

    void close() {
        connection_.close();
        source_.reset();
    }

    Result<Observation> attempt(Request request) {
        if (!connection_.connected() || !source_)
            if (auto opened = open(request.deadline); !opened) return opened.error();
        if (auto told = source_->can_tell(); !told) return told.error();
        if (shared_.is_due()) {
            if (auto found = find_shared(request.deadline); !found) return found.error();
            // It may take as long as a census, and the scan has its own time.
            request.deadline = Deadline::in(schedule_.timeout);
        }
        // A little early is early enough: a timer that fires a moment too soon must not cost a whole
        // interval.
        const bool is_due = census_budget_.min_delay() < schedule_.interval / 10;
        const bool early = request.awaits_census && !was_early_ && !is_due;
        const bool census = request.wanted == Scan::census || !last_scan_ || census_is_overdue() ||
                            shared_.keys().size() > kMostMissing || is_due || early;
        if (!census) return scan(Scan::pulse, request);
        was_early_ = early;
        if (pooled_)
            if (auto brief = check_pace(request.deadline); !brief) return brief.error();
        return scan(Scan::census, request);
    }

    Result<PostgresTransaction> begin(Duration timeout, Deadline deadline) {
        return PostgresTransaction::begin(connection_, limits_within(schedule_.timeout, timeout), deadline);
    }

    Result<void> find_shared(Deadline soon) {
        if (pooled_)
            if (auto brief = check_pace(soon); !brief) return brief;
        const Duration most =
            most_within(shared_patience_.of_next(schedule_.timeout, options_.census_timeout));
        const auto began = Clock::now();
        auto found = find_shared_within(most);
        note_end(shared_patience_, found, began, most);
        if (!found) return explained(found.error(), began, most);
        return found;
    }

    Result<void> find_shared_within(Duration most) {
        const Deadline deadline = Deadline::in(most);
        auto transaction = begin(most, deadline);
        if (!transaction) return transaction.error();
        if (auto found = shared_.refresh(*transaction, *source_, deadline); !found) return found;
        return transaction->commit(deadline);
    }

    /// What is learned from a scan of the whole table that began at `began` and was given `most`.
    template <typename T>
    static void note_end(CensusPatience& patience, const Result<T>& ended, Clock::time_point began,
                         Duration most) {
        if (ended) patience.succeeded(std::chrono::duration_cast<Duration>(Clock::now() - began));
        if (!ended && ended.error().code == Errc::timeout) patience.timed_out(most);
    }

    Result<void> open(Deadline deadline) {
        if (auto connected = connect(connection_, options_.database_url, deadline); !connected)
            return connected.error();
        auto transaction = begin(schedule_.timeout, deadline);
        if (!transaction) return transaction.error();
        auto source = KeySource::resolve(*transaction, gateway_, deadline);
        if (!source) return source.error();
        auto statistics = TableStatistics::resolve(*transaction, source->table(), deadline);
        if (!statistics) return statistics.error();
        if (auto known = note_server(*transaction, source->table(), deadline); !known) return known;
        if (!deletions_.started()) {
            const auto deleted = statistics->deleted(*transaction, deadline);
            if (!deleted) return deleted.error();
            deletions_.start(*deleted);
        }
        if (auto ended = transaction->commit(deadline); !ended) return ended;
        source_ = std::move(*source);
        statistics_ = std::move(*statistics);
        pooled_ = transaction->pooled();
        return {};
    }

    /// Another table than before needs a census.
    Result<void> note_server(PostgresTransaction& transaction, const std::string& name, Deadline deadline) {
        auto table = identity_of(transaction, name, deadline);
        if (!table) return table.error();
        if (table_ && *table_ != *table) last_scan_.reset();
        table_ = *std::move(table);
        in_recovery_ = transaction.in_recovery();
        return {};
    }

    /// Behind the same address there is another server now, or another table of the same name.
    Result<void> check_server(PostgresTransaction& transaction, Deadline deadline) {
        const auto table = identity_of(transaction, source_->table(), deadline);
        if (!table) return table.error();
        if (*table == *table_ && transaction.in_recovery() <= in_recovery_) return {};
        return Error{Errc::schema, "the key table is another one than at the last poll", {}};
    }

    /// As of when the rows of the next transaction are, at the least; empty: as of then.
    Result<std::optional<Time>> age(Deadline deadline) {
        std::optional<Time> out;
        if (!in_recovery_ || options_.standby == StandbyAge::ignored) return out;
        auto transaction = begin(schedule_.timeout, deadline);
        if (!transaction) return transaction.error();
        const auto recovery = recovery_of(*transaction, deadline);
        if (!recovery) return recovery.error();
        if (auto ended = transaction->commit(deadline); !ended) return ended.error();
        in_recovery_ = recovery->in_recovery;
        const auto at = standby_.data_at(*recovery);
        if (!at) return at.error();
        out = *at;
        return out;
    }

    /// Behind a pooler a census that would take too long is not begun. Pulses go on, for a while.
    Result<void> check_pace(Deadline deadline) {
        const auto began = Clock::now();
        auto transaction = begin(schedule_.timeout, deadline);
        if (!transaction) return transaction.error();
        const auto rows = statistics_->rows(*transaction, deadline);
        if (!rows) return rows.error();
        if (auto ended = transaction->commit(deadline); !ended) return ended;
        const Duration expected = pace_.expected(*rows);
        if (expected <= kLongestHold) return {};
        census_budget_.charge(began, expected);
        return too_long_for_a_pooler(expected);
    }

    bool census_is_overdue() const {
        return pooled_ && last_census_ && Clock::now() - *last_census_ > kOldestCensus;
    }

    /// Of the transaction of a scan.
    Duration longest(Scan scan) const {
        return most_within(scan == Scan::census
                               ? census_patience_.of_next(schedule_.timeout, options_.census_timeout)
                               : schedule_.timeout);
    }

    Duration most_within(Duration timeout) const {
        return pooled_ ? std::min(timeout, kLongestHold) : timeout;
    }

    Result<Observation> scan(Scan scan, const Request& request) {
        const auto began = Clock::now();
        const bool census = scan == Scan::census;
        const Duration most = longest(scan);
        auto observation = read(scan, request, most);
        (census ? census_budget_ : pulse_budget_).spent_since(began);
        if (census) note_end(census_patience_, observation, began, most);
        if (!observation) return explained(observation.error(), began, most);
        if (census) last_census_ = began;
        return observation;
    }

    /// What lasted too long behind a pooler asks for the database's own address.
    Error explained(Error error, Clock::time_point began, Duration most) const {
        const bool too_long = pooled_ && error.code == Errc::timeout && !connection_.recovery_conflict() &&
                              Clock::now() - began >= most / 2;
        return too_long ? too_long_for_a_pooler(most) : error;
    }

    Result<Observation> read(Scan scan, const Request& request, Duration most) {
        const Deadline deadline = scan == Scan::census ? Deadline::in(most) : request.deadline.at_most(most);
        const auto data_at = age(request.deadline);
        if (!data_at) return data_at.error();
        const auto began = Clock::now();
        auto transaction = begin(most, deadline);
        if (!transaction) return transaction.error();
        const Time now = transaction->moment();
        const Time here = base::now();
        if (auto same = check_server(*transaction, deadline); !same) return same.error();
        const auto deleted = statistics_->deleted(*transaction, deadline);
        if (!deleted) return deleted.error();
        if (scan == Scan::pulse && deletions_.must_search(*deleted)) scan = Scan::active;
        const ScanStart start{
            .scan = scan, .moment = now, .data_at = data_at->value_or(now), .table = *table_};
        const RowReader reader(*source_, shared_.keys(), start.data_at);
        KeyRows rows(*request.keys, reader, start, overflow(scan));
        if (auto copied = copy(*transaction, scan, request, rows, deadline); !copied) return copied.error();
        if (auto ended = transaction->commit(deadline); !ended) return ended.error();
        if (scan == Scan::census)
            pace_.learn(rows.count(), std::chrono::duration_cast<Duration>(Clock::now() - began));
        if (auto delivered = rows.deliver(); !delivered) return delivered.error();
        if (scan == Scan::active)
            if (auto asked = ask_for_missing(*request.keys, reader, request.deadline); !asked)
                return asked.error();
        if (scan == Scan::census) beyond_index_ = rows.reader().beyond_index();
        deletions_.scanned(*deleted);
        last_scan_ = rows.data_at();
        return Observation{.taken_at = *last_scan_, .skew = here - now};
    }

    KeyRows::Overflow overflow(Scan scan) const {
        return scan == Scan::census && !pooled_ ? KeyRows::Overflow::stream : KeyRows::Overflow::file;
    }

    Result<void> copy(PostgresTransaction& transaction, Scan scan, const Request& request, KeyRows& rows,
                      Deadline deadline) {
        const auto add = [&](drivers::PostgresRow& row) { return rows.add(row); };
        if (scan == Scan::census) return transaction.copy(source_->select_all(), deadline, add);
        const Time since =
            scan == Scan::active ? rows.data_at() - request.active_window : *last_scan_ - overlap();
        if (auto set = KeySource::set_since(transaction, since, deadline); !set) return set;
        const Reach reach = beyond_index_ ? Reach::all : Reach::indexed;
        if (auto copied = transaction.copy(source_->select_active(reach), deadline, add); !copied)
            return copied;
        if (shared_.ids().empty()) return {};
        // Nothing in their rows tells that they are legacy.
        if (auto set = KeySource::set_ids(transaction, shared_.ids(), deadline); !set) return set;
        return transaction.copy(source_->select_ids(), deadline, add);
    }

    /// How much earlier than the last scan a time can be that only this one can see.
    Duration overlap() const {
        return gateway_.columns.last_used_at ? std::max(kPulseOverlap, gateway_.last_used_delay)
                                             : kPulseOverlap;
    }

    /// Keys that are in use no longer as far as the database says: gone, upgraded, or set back.
    Result<void> ask_for_missing(KeySink& keys, RowReader reader, Deadline deadline) {
        const auto missing = keys.missing(kMostMissing);
        if (!missing) return missing.error();
        if (missing->empty()) return {};
        auto transaction = begin(schedule_.timeout, deadline);
        if (!transaction) return transaction.error();
        if (auto set = KeySource::set_ids(*transaction, *missing, deadline); !set) return set;
        drivers::RowSpool rows;
        if (auto copied = transaction->copy(source_->select_ids(), deadline,
                                            [&](drivers::PostgresRow& row) { return rows.add(row); });
            !copied)
            return copied;
        if (auto ended = transaction->commit(deadline); !ended) return ended;
        return rows.each([&](drivers::PostgresRow& row) { return hand_over(row, reader, keys); });
    }

    config::Gateway gateway_;
    KeysOptions options_;
    config::Schedule schedule_;
    drivers::Postgres connection_;
    std::optional<KeySource> source_;
    std::optional<TableStatistics> statistics_;
    bool pooled_ = false;
    bool was_early_ = false;  // the last census came before its time
    bool in_recovery_ = false;
    Standby standby_;
    std::optional<domain::TableIdentity> table_;  // as of open()
    DeletionWatch deletions_;
    std::optional<Time> last_scan_;  // as of when its rows were; empty: the next scan is a census
    std::optional<Clock::time_point> last_census_;
    CensusPace pace_;
    CensusPatience census_patience_;
    CensusPatience shared_patience_;
    SharedHashFinder shared_;
    bool beyond_index_ = false;  // the last census found legacy keys that the index does not
    Budget census_budget_;
    Budget pulse_budget_;
};

class ConfiguredKeys final : public ConfiguredWith<KeysOptions> {
 public:
    using ConfiguredWith::ConfiguredWith;

    std::unique_ptr<Collector> make(const config::Gateway& gateway, const config::Schedule& schedule,
                                    const drivers::Interrupt& interrupt) const override {
        return std::make_unique<Keys>(gateway, options(), schedule, interrupt);
    }
    const KeysOptions* key_table() const override { return &options(); }
};

}  // namespace

Entry keys_entry() {
    return {.name = "keys",
            .default_when = kDatabaseUrl,
            .schedule = {.interval = 30s, .timeout = 10s},
            .read = [](config::OptionsReader& reader, const config::Gateway&) {
                return std::make_unique<ConfiguredKeys>(read_options(reader));
            }};
}

}  // namespace keyshift::collectors
