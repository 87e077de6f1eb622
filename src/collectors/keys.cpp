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
#include "collectors/key_rows.hpp"
#include "collectors/key_source.hpp"
#include "collectors/shared_hashes.hpp"
#include "collectors/duty.hpp"
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
using Clock = Budget::Clock;

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
    /// One scan under way.
    struct Pass {
        KeyRows rows;
        KeySink& keys;
        Deadline deadline;
    };

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
            request.wanted == Scan::census || !last_scan_ || shared_.keys().size() > kMostMissing || census_budget_.rest() < schedule_.interval / 10;
        if (shared_.is_due()) {
            if (auto found = shared_.find(connection_, *source_, options_.census_timeout); !found)
                return found.error();
        }
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
        if (auto begun = request.keys->begin(scan, *now); !begun) return begun.error();
        Pass pass{KeyRows(*source_, shared_.keys(), *now), *request.keys, deadline};
        auto copied = census ? copy(source_->select_all(), pass)
                             : copy_active(scan == Scan::active ? *now - request.active_window
                                                                : *last_scan_ - kPulseOverlap,
                                           pass);
        if (copied && scan == Scan::active) copied = copy_missing(pass);
        if (!copied) return copied.error();
        if (census) beyond_index_ = pass.rows.beyond_index();
        if (auto committed = connection_.query("COMMIT", deadline); !committed) return committed.error();
        last_scan_ = *now;
        return Observation{.taken_at = *now, .skew = here - *now};
    }

    Result<void> copy(const std::string& select, Pass& pass) {
        return connection_.copy(select, pass.deadline, [&](drivers::PostgresRow& row) -> Result<void> {
            const auto key = pass.rows.key(row);
            if (!key) return key.error();
            return pass.keys.key(*key);
        });
    }

    Result<void> copy_active(Time since, Pass& pass) {
        if (auto set = KeySource::set_since(connection_, since, pass.deadline); !set) return set;
        const Reach reach = beyond_index_ ? Reach::all : Reach::indexed;
        if (auto copied = copy(source_->select_active(reach), pass); !copied) return copied;
        // Nothing in their rows tells that they are legacy.
        return copy_ids(shared_.ids(), pass);
    }

    /// Keys that are in use no longer as far as the database says: gone, upgraded, or set back.
    Result<void> copy_missing(Pass& pass) {
        const auto missing = pass.keys.missing(kMostMissing);
        if (!missing) return missing.error();
        return copy_ids(*missing, pass);
    }

    Result<void> copy_ids(const std::vector<std::string>& ids, Pass& pass) {
        if (ids.empty()) return {};
        if (auto set = KeySource::set_ids(connection_, ids, pass.deadline); !set) return set;
        return copy(source_->select_ids(), pass);
    }

    config::Gateway gateway_;
    KeysOptions options_;
    config::Schedule schedule_;
    drivers::Postgres connection_;
    std::optional<KeySource> source_;
    std::optional<Deletions> deletions_;
    std::optional<std::int64_t> deleted_;  // as of the last scan
    std::optional<Time> last_scan_;        // the database's clock; empty: the next scan is a census
    SharedHashFinder shared_;
    bool beyond_index_ = false;  // the last census found legacy keys that the index does not
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
