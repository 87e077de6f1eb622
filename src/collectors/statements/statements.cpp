// SPDX-License-Identifier: Apache-2.0
// What the gateway does with keys, counted by the database as it runs the gateway's statements:
// pg_stat_statements.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include "collectors/entry.hpp"
#include "collectors/shared/database.hpp"
#include "collectors/statements/counts.hpp"
#include "collectors/statements/view.hpp"
#include "drivers/postgres/postgres.hpp"
#include "drivers/postgres/transaction.hpp"
#include "formats/statements/tree.hpp"

namespace keyshift::collectors {
namespace {

using base::Deadline;
using base::Result;
using namespace std::chrono_literals;
using Class = StatementClass;

constexpr const char* kSharedIdentities =
    "another schema has a table of the same name, and PostgreSQL 18 counts statements on both as one";
constexpr const char* kWaysOfSchemas =
    "let each gateway log in by a role of its own, and name this one's in gateway.statements.roles";

struct StatementsOptions {
    config::SecretSource database_url;
};

StatementsOptions read_options(config::OptionsReader& reader) {
    config::SecretNames names = kDatabaseUrl;
    names.sibling = "keys";
    auto url = reader.secret("database_url", names);
    // What it shares with `keys` is said there.
    if (reader.has_value("database_url") || reader.has_value("database_url_file"))
        check_database_url(reader, url);
    return {std::move(url)};
}

class Statements final : public Collector {
 public:
    Statements(config::Gateway gateway, StatementsOptions options, config::Schedule schedule,
               const drivers::Interrupt& interrupt)
        : gateway_(std::move(gateway)),
          options_(std::move(options)),
          schedule_(schedule),
          connection_(interrupt),
          counts_(StatementClasses::presumed(gateway_), gateway_.statements.roles) {}

    Result<Observation> collect(const Request& request) override {
        const Reused reused = connection_.connected() && view_ ? Reused::yes : Reused::no;
        auto observation = attempt(request.deadline);
        if (!observation && is_worth_a_second_try(observation.error(), connection_, reused)) {
            close();
            observation = attempt(request.deadline);
        }
        if (!observation) close();
        // What ran while nothing was counted is lost, however short that was.
        if (!observation && is_blind(observation.error())) blind_ = true;
        if (observation && observation->counted && std::exchange(blind_, false))
            observation->counted->lossy = true;
        return observation;
    }

    std::vector<Finding> examine(Deadline deadline) override {
        if (auto opened = open(deadline); !opened) return {failure(opened.error())};
        const auto statistics = poll(deadline);
        if (!statistics) return {failure(statistics.error())};
        std::vector<Finding> findings{
            {Finding::Kind::ok, "pg_stat_statements can be read (track = " + view_->track() + ")"}};
        const auto full = nearly_full(deadline);
        if (!full) return {failure(full.error())};
        if (statistics->evictions.value_or(0) > 0 || statistics->may_have_evicted)
            findings.push_back(about_evictions(*statistics, *full));
        if (view_->outdated()) findings.push_back(outdated());
        if (!shared_.empty()) findings.push_back({Finding::Kind::warning, shared_, kWaysOfSchemas});
        for (const Class of :
             {Class::lookup, Class::by_id, Class::touch, Class::scan, Class::legacy_lookup, Class::promote})
            findings.push_back(about(of));
        counts_.count(*statistics);
        for (const std::string& text : counts_.seen(Class::unclassified).unclassified)
            findings.push_back(unclassified(text));
        if (const std::string left_out = counts_.left_out(); !left_out.empty())
            findings.push_back({Finding::Kind::ok, "left out are " + left_out});
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
        const auto statistics = poll(deadline);
        if (!statistics) return statistics.error();
        const base::Time here = base::now();
        Observation observation{.taken_at = statistics->taken_at, .skew = here - statistics->taken_at};
        observation.counted = counts_.count(*statistics);
        if (!shared_.empty())
            observation.counted->ground.doubt = shared_ + ": " + std::string(kWaysOfSchemas);
        return observation;
    }

    drivers::PostgresTransaction::Limits limits() const { return limits_within(schedule_.timeout); }

    Result<bool> nearly_full(Deadline deadline) {
        auto transaction = drivers::PostgresTransaction::begin(connection_, limits(), deadline);
        if (!transaction) return transaction.error();
        return view_->nearly_full(*transaction, deadline);
    }

    Result<StatementStatistics> poll(Deadline deadline) {
        auto statistics = view_->read(connection_, limits(), deadline);
        if (!statistics || !counts_.needs_texts(*statistics)) return statistics;
        const auto texts = view_->texts(connection_, limits(), counts_.classes().needed_names(), deadline);
        if (!texts) return texts.error();
        counts_.learn(*statistics, *texts);
        return statistics;
    }

    Result<void> open(Deadline deadline) {
        if (auto can = formats::can_read_statements(); !can) return can;
        if (auto connected = connect(connection_, options_.database_url, deadline); !connected)
            return connected.error();
        auto transaction = drivers::PostgresTransaction::begin(connection_, limits(), deadline);
        if (!transaction) return transaction.error();
        auto tables = StatementView::tables(*transaction, gateway_, deadline);
        if (!tables) return tables.error();
        auto view = StatementView::resolve(*transaction, deadline);
        if (!view) return view.error();
        const auto shares = StatementView::shares_identities(*transaction, *tables, deadline);
        if (!shares) return shares.error();
        const auto functions = view->functions(*transaction, *tables, deadline);
        if (!functions) return functions.error();
        if (auto ended = transaction->commit(deadline); !ended) return ended;
        shared_ = *shares && gateway_.statements.roles.empty() ? kSharedIdentities : "";
        StatementClasses classes(gateway_, *std::move(tables));
        classes.know_functions(*functions);
        counts_ = StatementCounts(std::move(classes), gateway_.statements.roles);
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
                set_parameter(view_->provider(), "pg_stat_statements.max",
                              std::to_string(std::max(2 * capacity, kDefault)), true)};
    }

    static Finding outdated() {
        return {
            Finding::Kind::warning,
            "the extension pg_stat_statements is older than the server, and does not tell what ran inside "
            "functions from what was sent",
            "run: ALTER EXTENSION pg_stat_statements UPDATE;"};
    }

    static Finding unclassified(const std::string& text) {
        return {Finding::Kind::warning,
                "a statement on the key table fits no class, so that nobody can say that the fallback is not "
                "used: " +
                    text,
                "give a pattern for it in gateway.statements.scan; if it is no use of a key, in "
                "gateway.statements.ignore"};
    }

    Finding about(Class of) {
        const std::string name(class_name(of));
        const StatementClasses& classes = counts_.classes();
        if (!classes.is_sent(of))
            return {Finding::Kind::ok, "this gateway sends no " + name + " statements, by its configuration"};
        const StatementCounts::Seen seen = counts_.seen(of);
        if (of == Class::promote && seen.statements > 0 && !classes.promotions_are_uses())
            return undeclared(seen.statements);
        if (seen.fit_more > 0)
            return {Finding::Kind::warning,
                    std::to_string(seen.fit_more) + " of " + std::to_string(seen.statements) + " " + name +
                        " statements also fit another pattern",
                    "make the patterns of gateway.statements exclude each other; until then they count as " +
                        name};
        if (seen.statements > 0)
            return {Finding::Kind::ok,
                    name + " statements are recognised: " + std::to_string(seen.statements)};
        const std::string key = "gateway.statements." + name;
        if (of == Class::scan && classes.knows(of))
            return {Finding::Kind::ok, "no scan of a fallback has been seen so far"};
        const bool rare =
            of == Class::legacy_lookup || (of == Class::promote && !classes.promotions_are_uses());
        if (rare) return {Finding::Kind::ok, "no " + name + " statement has been seen so far"};
        if (!classes.knows(of))
            return {Finding::Kind::warning,
                    "the configuration does not tell what a " + name + " statement is", "give " + key};
        return missing(name, key);
    }

    /// Before any request nothing can be recognised; after some, the configuration may be wrong.
    Finding missing(const std::string& name, const std::string& key) const {
        const std::string what = "no " + name + " statement has been seen so far";
        const std::size_t others = counts_.others();
        if (others == 0)
            return {Finding::Kind::warning,
                    what + ", nor any other on the key table by another role than keyshift's",
                    "send the gateway a request with a key; if this stays, is this the gateway's database?"};
        return {Finding::Kind::warning,
                what + ", beside " + std::to_string(others) + " others on the key table",
                "if the gateway has had requests with keys, its statements look otherwise: give " + key};
    }

    static Finding undeclared(std::size_t statements) {
        return {Finding::Kind::warning,
                std::to_string(statements) + " statements give keys that are there a lookup hash",
                "if the gateway does so when a legacy key is used, set gateway.promotes_in_place: true; then "
                "each of them is a use of the fallback"};
    }

    /// Nothing is counted, but the database answers.
    static bool is_blind(const base::Error& error) { return error.code == base::Errc::schema; }

    config::Gateway gateway_;
    StatementsOptions options_;
    config::Schedule schedule_;
    drivers::Postgres connection_;
    std::optional<StatementView> view_;
    StatementCounts counts_;
    std::string shared_;  ///< why one entry may be of another table, too; empty: it is not
    bool blind_ = false;  ///< the database has counted nothing since the last observation
};

class ConfiguredStatements final : public ConfiguredWith<StatementsOptions> {
 public:
    using ConfiguredWith::ConfiguredWith;

    std::unique_ptr<Collector> make(const config::Gateway& gateway, const config::Schedule& schedule,
                                    const drivers::Interrupt& interrupt) const override {
        return std::make_unique<Statements>(gateway, options(), schedule, interrupt);
    }
    domain::Events measures(const config::Gateway& gateway) const override {
        return StatementCounts::measures(StatementClasses::presumed(gateway));
    }
};

}  // namespace

Entry statements_entry() {
    return {.name = "statements",
            .default_when = kDatabaseUrl,
            .schedule = {.interval = 15s, .timeout = 5s},
            // A lookup that found nothing was of an unknown key until the gateway is seen to scan: it may
            // have been of a legacy one.
            .traits = {.ranks = {.fallback = domain::EvidenceRank{.place = 30},
                                 .auth_cache = domain::EvidenceRank{.place = 30},
                                 .auth_failures = domain::EvidenceRank{.place = 50, .upper_bound = true}},
                       .own_requests = domain::OwnRequests::mixed_in},
            .read = [](config::OptionsReader& reader, const config::Gateway&) {
                return std::make_unique<ConfiguredStatements>(read_options(reader));
            }};
}

}  // namespace keyshift::collectors
