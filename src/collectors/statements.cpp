// SPDX-License-Identifier: Apache-2.0
// What the gateway does with keys, counted by the database as it runs the gateway's statements:
// pg_stat_statements.
#include <algorithm>
#include <any>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include "collectors/collector.hpp"
#include "collectors/database.hpp"
#include "collectors/keys.hpp"
#include "collectors/statement_counts.hpp"
#include "collectors/statement_view.hpp"
#include "drivers/postgres.hpp"
#include "drivers/postgres_transaction.hpp"

namespace keyshift::collectors {
namespace {

using base::Deadline;
using base::Result;
using namespace std::chrono_literals;

struct StatementsOptions {
    config::SecretSource database_url;
};

/// Who knows no better: the tables are found out when the database is looked at.
StatementShapes presumed_shapes(const config::Gateway& gateway) {
    return {gateway, {gateway.statements.table ? gateway.statements.table->name : gateway.table.name}};
}

class Statements final : public Collector {
 public:
    Statements(config::Gateway gateway, StatementsOptions options, config::Schedule schedule,
               const drivers::Interrupt& interrupt)
        : gateway_(std::move(gateway)),
          options_(std::move(options)),
          schedule_(schedule),
          connection_(interrupt),
          counts_(presumed_shapes(gateway_)) {}

    Result<Observation> collect(const Request& request) override {
        const Reused reused = connection_.connected() && view_ ? Reused::yes : Reused::no;
        auto observation = attempt(request.deadline);
        if (!observation && is_worth_a_second_try(observation.error(), connection_, reused)) {
            close();
            observation = attempt(request.deadline);
        }
        if (!observation) close();
        return observation;
    }

    std::vector<Finding> examine(Deadline deadline) override {
        if (auto opened = open(deadline); !opened) return {failure(opened.error())};
        const auto statistics = look(deadline);
        if (!statistics) return {failure(statistics.error())};
        std::vector<Finding> findings{
            {Finding::Kind::ok, "pg_stat_statements can be read (track = " + view_->track() + ")"}};
        const auto full = nearly_full(deadline);
        if (!full) return {failure(full.error())};
        if (statistics->evictions.value_or(0) > 0 || statistics->may_have_evicted)
            findings.push_back(about_evictions(*statistics, *full));
        for (const Shape shape : kShapes) findings.push_back(about(shape));
        return findings;
    }

 private:
    void close() {
        connection_.close();
        view_.reset();
    }

    Result<Observation> attempt(Deadline deadline) {
        if (!connection_.connected() || !view_)
            if (auto opened = open(deadline); !opened) return opened.error();
        const auto statistics = look(deadline);
        if (!statistics) return statistics.error();
        const base::Time here = base::now();
        Observation observation{.taken_at = statistics->taken_at, .skew = here - statistics->taken_at};
        observation.counted = counts_.count(*statistics);
        return observation;
    }

    drivers::PostgresTransaction::Limits limits() const { return limits_within(schedule_.timeout); }

    Result<bool> nearly_full(Deadline deadline) {
        auto transaction = drivers::PostgresTransaction::begin(connection_, limits(), deadline);
        if (!transaction) return transaction.error();
        return view_->nearly_full(*transaction, deadline);
    }

    Result<StatementStatistics> look(Deadline deadline) {
        auto statistics = view_->read(connection_, limits(), deadline);
        if (!statistics || !counts_.needs_texts(*statistics)) return statistics;
        const auto texts = view_->texts(connection_, limits(), counts_.shapes().needed_names(), deadline);
        if (!texts) return texts.error();
        counts_.learn(*statistics, *texts);
        return statistics;
    }

    Result<void> open(Deadline deadline) {
        if (auto connected = connect(connection_, options_.database_url, deadline); !connected)
            return connected.error();
        auto transaction = drivers::PostgresTransaction::begin(connection_, limits(), deadline);
        if (!transaction) return transaction.error();
        auto tables = StatementView::tables(*transaction, gateway_, deadline);
        if (!tables) return tables.error();
        auto view = StatementView::resolve(*transaction, deadline);
        if (!view) return view.error();
        if (auto ended = transaction->commit(deadline); !ended) return ended;
        counts_ = StatementCounts({gateway_, *std::move(tables)});
        view_ = *std::move(view);
        return {};
    }

    Finding about_evictions(const StatementStatistics& statistics, bool full) const {
        const std::string times = std::to_string(statistics.evictions.value_or(0));
        const std::string since = statistics.reset_at.substr(0, statistics.reset_at.find('.'));
        if (!full) {
            return {Finding::Kind::ok, "pg_stat_statements has room, and has dropped statements " + times +
                                           " times since " + since};
        }
        const std::string what = statistics.evictions ? "pg_stat_statements has dropped statements " + times +
                                                            " times since " + since +
                                                            " for want of room: what they counted is lost"
                                                      : "pg_stat_statements is nearly full: this server does "
                                                        "not tell whether it has dropped statements";
        constexpr std::int64_t kDefault = 5000;
        std::int64_t capacity = 0;
        const std::string& now = view_->capacity();
        std::from_chars(now.data(), now.data() + now.size(), capacity);
        return {Finding::Kind::warning, what,
                "run: ALTER SYSTEM SET pg_stat_statements.max = " +
                    std::to_string(std::max(2 * capacity, kDefault)) + "; then restart PostgreSQL"};
    }

    Finding about(Shape shape) {
        const std::string name(shape_name(shape));
        if (!counts_.shapes().is_sent(shape))
            return {Finding::Kind::ok, "this gateway sends no " + name + " statements, by its configuration"};
        const std::size_t seen = counts_.seen(shape);
        if (seen > 0)
            return {Finding::Kind::ok, name + " statements are recognised: " + std::to_string(seen)};
        const std::string key = "gateway.statements." + name;
        if (!counts_.shapes().knows(shape)) {
            return {Finding::Kind::warning,
                    "the configuration does not tell what a " + name + " statement is", "give " + key};
        }
        if (shape == Shape::scan) return {Finding::Kind::ok, "no scan of a fallback has been seen so far"};
        if (shape == Shape::manage) return {Finding::Kind::ok, "no key has been changed or deleted so far"};
        return {Finding::Kind::warning, "no " + name + " statement has been seen so far",
                "is this the gateway's database, and do its statements look otherwise? Then give " + key};
    }

    config::Gateway gateway_;
    StatementsOptions options_;
    config::Schedule schedule_;
    drivers::Postgres connection_;
    std::optional<StatementView> view_;
    StatementCounts counts_;
};

}  // namespace

Entry statements_entry() {
    return {{.name = "statements",
             .default_when = "DATABASE_URL",
             .schedule = {.interval = 15s, .timeout = 5s},
             .read =
                 [](config::OptionsReader& reader, const config::Gateway&) {
                     return std::any(StatementsOptions{reader.secret(
                         "database_url",
                         {.variable = "DATABASE_URL", .credential = "database_url", .sibling = "keys"})});
                 }},
            [](const config::Gateway& gateway, const config::CollectorConfig& config,
               const drivers::Interrupt& interrupt) -> std::unique_ptr<Collector> {
                return std::make_unique<Statements>(gateway, std::any_cast<StatementsOptions>(config.options),
                                                    config.schedule, interrupt);
            },
            [](const config::Gateway& gateway, const config::CollectorConfig&) {
                return StatementCounts::measures(presumed_shapes(gateway));
            }};
}

}  // namespace keyshift::collectors
