// SPDX-License-Identifier: Apache-2.0
// The key table: a census of every row, as often as `database_duty` allows, and a pulse of what changed in
// between. A pulse cannot see what is not there any more; when the server has counted deletions, the next one
// shows all keys in use instead, so that one that was deleted is missed at once.
#include "collectors/keys.hpp"

#include <algorithm>
#include <any>
#include <optional>
#include <utility>

#include "collectors/collector.hpp"
#include "collectors/database.hpp"
#include "collectors/deletions.hpp"
#include "collectors/key_examine.hpp"
#include "collectors/key_source.hpp"
#include "drivers/postgres.hpp"

namespace keyshift::collectors {
namespace {

using base::Deadline;
using base::Duration;
using base::Errc;
using base::Error;
using base::Result;
using base::Time;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

KeysOptions read_options(config::OptionsReader& reader) {
    return {reader.secret("database_url", {.variable = "DATABASE_URL", .credential = "database_url"}),
            reader.duration("census_timeout", 10min, {.min = 1s, .max = 24h}),
            reader.ratio("database_duty", 0.02, {.min = 0.0001, .max = 1.0})};
}

/// A row may become visible that much later than its timestamps say: its transaction was still open at the
/// last pulse.
constexpr Duration kPulseOverlap = 60s;

/// A mass deletion is left to the next census.
constexpr std::size_t kMostMissing = 10'000;

/// When a kind of scan may run again so that its share of the time stays below `share`.
class Budget {
 public:
    explicit Budget(double share) : share_(share) {}
    /// Work that began at `began` has just ended.
    void spent_since(Clock::time_point began) {
        const auto cost = static_cast<double>((Clock::now() - began).count());
        due_ = began + Clock::duration{static_cast<Clock::rep>(cost / share_)};
    }
    Duration rest() const {
        return std::max(Duration{0}, std::chrono::duration_cast<Duration>(due_ - Clock::now()));
    }

 private:
    double share_;
    Clock::time_point due_{};
};

class Keys final : public Collector {
 public:
    Keys(config::Gateway gateway, KeysOptions options, config::Schedule schedule,
         const drivers::Interrupt& interrupt)
        : gateway_(std::move(gateway)),
          options_(std::move(options)),
          schedule_(schedule),
          connection_(interrupt),
          census_budget_(options_.database_duty / 2),
          pulse_budget_(options_.database_duty / 2) {}

    Result<Observation> collect(const Request& request) override {
        const bool reused = connection_.connected() && source_.has_value();
        auto observation = attempt(request);
        if (!observation && reused && is_worth_a_second_try(observation.error().code)) {
            close();
            observation = attempt(request);
        }
        if (!observation) close();
        return observation;
    }

    std::vector<Finding> examine(Deadline deadline) override {
        if (auto opened = open(deadline); !opened)
            return {failure(with_whereabouts(opened.error(), connection_, gateway_, deadline))};
        const auto now =
            KeySource::begin(connection_, session_timeouts(schedule_.timeout).statement, deadline);
        if (!now) return {failure(now.error())};
        std::vector<Finding> findings{
            {Finding::Kind::ok, "the key table " + source_->table() + " can be read"},
            clock(base::now() - *now)};
        for (Finding& finding :
             examine_key_table({connection_, *source_, gateway_, *now, options_.census_timeout}, deadline))
            findings.push_back(std::move(finding));
        return findings;
    }

    Duration rest() const override {
        return last_scan_ ? std::min(census_budget_.rest(), pulse_budget_.rest()) : census_budget_.rest();
    }

 private:
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

    Result<Observation> attempt(const Request& request) {
        if (!connection_.connected() || !source_)
            if (auto opened = open(request.deadline); !opened) return opened.error();
        // A little early is early enough: a timer that fires a moment too soon must not cost a whole
        // interval.
        const bool census =
            request.wanted == Scan::census || !last_scan_ || census_budget_.rest() < schedule_.interval / 10;
        const auto deleted = deletions_->count(connection_, request.deadline);
        if (!deleted) return deleted.error();
        const bool none_deleted = *deleted && *deleted == deleted_;
        Budget& budget = census ? census_budget_ : pulse_budget_;
        const auto began = Clock::now();
        auto observation = scan(census ? Scan::census : none_deleted ? Scan::pulse : Scan::active, request);
        budget.spent_since(began);
        if (observation) deleted_ = *deleted;
        return observation;
    }

    Result<void> open(Deadline deadline) {
        if (auto connected = connect(connection_, options_.database_url, schedule_.timeout, deadline);
            !connected)
            return connected.error();
        auto source = KeySource::resolve(connection_, gateway_, deadline);
        if (!source) return source.error();
        auto deletions = Deletions::resolve(connection_, source->table(), deadline);
        if (!deletions) return deletions.error();
        source_ = std::move(*source);
        deletions_ = std::move(*deletions);
        return {};
    }

    Result<Observation> scan(Scan scan, const Request& request) {
        const bool census = scan == Scan::census;
        const Duration timeout = census ? options_.census_timeout : schedule_.timeout;
        const Deadline deadline = census ? Deadline::in(timeout) : request.deadline;
        const auto now = KeySource::begin(connection_, session_timeouts(timeout).statement, deadline);
        if (!now) return now.error();
        const Time here = base::now();
        if (auto begun = request.keys->begin({.scan = scan, .moment = *now, .data_at = *now, .table = {}});
            !begun)
            return begun.error();
        auto copied = census ? copy(source_->select_all(), *request.keys, deadline)
                             : copy_active(scan == Scan::active ? *now - request.active_window
                                                                : *last_scan_ - kPulseOverlap,
                                           *request.keys, deadline);
        if (copied && scan == Scan::active) copied = copy_missing(*request.keys, deadline);
        if (!copied) return copied.error();
        if (auto committed = connection_.query("COMMIT", deadline); !committed) return committed.error();
        last_scan_ = *now;
        return Observation{.taken_at = *now, .skew = here - *now};
    }

    Result<void> copy(const std::string& select, KeySink& keys, Deadline deadline) {
        return connection_.copy(select, deadline, [&](drivers::PostgresRow& row) -> Result<void> {
            const domain::Key key = KeySource::read(row);
            if (row.bad())
                return Error{Errc::parse, "a row of the key table is not in the expected format", {}};
            return keys.key(key);
        });
    }

    Result<void> copy_active(Time since, KeySink& keys, Deadline deadline) {
        if (auto set = KeySource::set_since(connection_, since, deadline); !set) return set;
        return copy(source_->select_active(), keys, deadline);
    }

    /// Keys that are in use no longer as far as the database says: gone, upgraded, or set back.
    Result<void> copy_missing(KeySink& keys, Deadline deadline) {
        const auto missing = keys.missing(kMostMissing);
        if (!missing) return missing.error();
        if (missing->empty()) return {};
        if (auto set = KeySource::set_ids(connection_, *missing, deadline); !set) return set;
        return copy(source_->select_ids(), keys, deadline);
    }

    config::Gateway gateway_;
    KeysOptions options_;
    config::Schedule schedule_;
    drivers::Postgres connection_;
    std::optional<KeySource> source_;
    std::optional<Deletions> deletions_;
    std::optional<std::int64_t> deleted_;  // as of the last scan
    std::optional<Time> last_scan_;        // the database's clock; empty: the next scan is a census
    Budget census_budget_;
    Budget pulse_budget_;
};

}  // namespace

Entry keys_entry() {
    return {{.name = "keys",
             .default_when = "DATABASE_URL",
             .schedule = {.interval = 30s, .timeout = 10s},
             .read = [](config::OptionsReader& reader,
                        const config::Gateway&) { return std::any(read_options(reader)); }},
            [](const config::Gateway& gateway, const config::CollectorConfig& config,
               const drivers::Interrupt& interrupt) -> std::unique_ptr<Collector> {
                return std::make_unique<Keys>(gateway, std::any_cast<KeysOptions>(config.options),
                                              config.schedule, interrupt);
            }};
}

}  // namespace keyshift::collectors
