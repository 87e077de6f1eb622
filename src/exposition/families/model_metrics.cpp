// SPDX-License-Identifier: Apache-2.0
#include "exposition/families/model_metrics.hpp"

#include <functional>
#include <optional>
#include <utility>

#include "exposition/families/build.hpp"
#include "exposition/families/build_info.hpp"
#include "exposition/families/evidence_families.hpp"
#include "exposition/families/migration_families.hpp"

namespace keyshift::exposition {
namespace {

using base::to_unix_seconds;
using build::add;
using build::family;
using build::MetricFamily;
using build::MetricType;
using build::number;
using build::seconds;
using build::single;
using domain::Model;
using domain::SourceStatus;

void append_inventory(const Model& model, std::vector<MetricFamily>& out) {
    MetricFamily keys = family(MetricType::Gauge, "keyshift_keys",
                               "API keys in the gateway's table, as of the last poll of it.");
    MetricFamily used =
        family(MetricType::Gauge, "keyshift_legacy_keys_used",
               "Legacy keys whose last_used_at lies within the window, as of the last poll of the table.");
    MetricFamily costs = family(MetricType::Gauge, "keyshift_legacy_keys_by_bcrypt_cost",
                                "Legacy keys by the cost factor of their hash.");
    MetricFamily implausible =
        family(MetricType::Gauge, "keyshift_rows_implausible",
               "Rows of the key table with a value that contradicts another one, as of the last census.");
    std::optional<double> baseline;
    std::optional<double> owners;
    std::optional<double> last_used;
    if (model.keys) {
        const domain::Inventory& inventory = model.keys->inventory;
        add(keys, {{"state", "legacy"}}, number(inventory.legacy_keys));
        add(keys, {{"state", "modern"}}, number(inventory.modern_keys));
        for (std::size_t i = 0; i < domain::kUseWindows.size(); ++i) {
            add(used, {{"window", std::string(domain::kUseWindows.at(i).name)}},
                number(inventory.used.at(i)));
        }
        for (const auto& [cost, count] : inventory.by_bcrypt_cost)
            add(costs, {{"cost", std::to_string(cost)}}, number(count));
        for (std::size_t i = 0; i < domain::kRowProblems.size(); ++i) {
            add(implausible, {{"problem", std::string(problem_name(domain::kRowProblems.at(i)))}},
                number(inventory.implausible.at(i)));
        }
        baseline = number(inventory.baseline);
        owners = number(inventory.legacy_owners);
        last_used = seconds(inventory.legacy_last_used_at);
    }
    out.push_back(std::move(keys));
    out.push_back(
        single(MetricType::Gauge, "keyshift_legacy_keys_baseline",
               "Legacy keys of the first census and those created since: what the migration has to move.",
               baseline));
    out.push_back(single(MetricType::Gauge, "keyshift_legacy_owners",
                         "Owners that have a legacy key, as of the last census.", owners));
    out.push_back(std::move(used));
    out.push_back(std::move(costs));
    out.push_back(std::move(implausible));
    out.push_back(single(MetricType::Gauge, "keyshift_legacy_last_used_timestamp_seconds",
                         "When any legacy key was last used.", last_used));
    out.push_back(single(MetricType::Counter, "keyshift_legacy_keys_created_total",
                         "Legacy keys created since the first census.",
                         number(model.totals().legacy_keys_created)));
    out.push_back(
        single(MetricType::Counter, "keyshift_legacy_uses_observed_total",
               "Times that a legacy key's last_used_at was seen to have advanced: a lower bound of its uses.",
               number(model.totals().legacy_uses_observed)));
}

MetricFamily per_source(const Model& model, std::string name, std::string help,
                        const std::function<std::optional<double>(const SourceStatus&)>& value) {
    MetricFamily out = family(MetricType::Gauge, std::move(name), std::move(help));
    for (const auto& [source, status] : model.sources)
        if (const auto v = value(status)) add(out, {{"source", source}}, *v);
    return out;
}

MetricFamily errors(const Model& model) {
    using base::Errc;
    MetricFamily out = family(MetricType::Counter, "keyshift_source_errors_total",
                              "Polls of a source that failed, by reason.");
    for (const auto& [source, status] : model.sources) {
        for (const Errc reason : SourceStatus::kReasons) {
            const auto count = status.errors.find(reason);
            add(out, {{"source", source}, {"reason", std::string(base::reason(reason))}},
                count == status.errors.end() ? 0.0 : number(count->second));
        }
    }
    return out;
}

void append_polls(const Model& model, OwnMetrics& own, std::vector<MetricFamily>& out) {
    std::vector<std::string> names;
    for (const auto& source : model.sources) names.push_back(source.first);
    own.append_polls(names, out);
}

void append_sources(const Model& model, OwnMetrics& own, std::vector<MetricFamily>& out) {
    out.push_back(per_source(
        model, "keyshift_source_up", "Whether the last poll of the source succeeded.",
        [](const SourceStatus& s) { return s.up ? std::optional(*s.up ? 1.0 : 0.0) : std::nullopt; }));
    out.push_back(
        per_source(model, "keyshift_source_last_success_timestamp_seconds",
                   "When the source was last read, by its own clock: the age of the numbers it gives.",
                   [](const SourceStatus& s) { return seconds(s.last_success_at); }));
    out.push_back(per_source(model, "keyshift_observation_start_timestamp_seconds",
                             "When the source was read for the first time.",
                             [](const SourceStatus& s) { return seconds(s.observation_start); }));
    out.push_back(errors(model));
    append_polls(model, own, out);
}

void append_self(const Model& model, const OwnMetrics& own, std::vector<MetricFamily>& out) {
    out.push_back(
        single(MetricType::Gauge, "keyshift_config_last_reload_successful",
               "Whether the configuration was valid when it was last read; if not, the one before stays.",
               model.config_valid ? 1.0 : 0.0));
    out.push_back(single(MetricType::Gauge, "keyshift_config_last_reload_success_timestamp_seconds",
                         "When a valid configuration was last read.",
                         to_unix_seconds(model.config_loaded_at)));
    own.append_state_write_errors(out);
    MetricFamily notifications = family(MetricType::Counter, "keyshift_notifications_total",
                                        "Events and changed verdicts, by what came of telling the webhook.");
    add(notifications, {{"result", "sent"}}, number(model.notifications.sent));
    add(notifications, {{"result", "failed"}}, number(model.notifications.failed));
    add(notifications, {{"result", "dropped"}}, number(model.notifications.dropped));
    out.push_back(std::move(notifications));
    out.push_back(single(MetricType::Gauge, "keyshift_state_size_bytes",
                         "Size of the state file with its write-ahead log.", number(model.state_size_bytes)));
    if (model.state_begun_at)
        out.push_back(
            single(MetricType::Gauge, "keyshift_state_start_timestamp_seconds",
                   "When the history in the state file begins: later where the file was damaged or lost.",
                   to_unix_seconds(*model.state_begun_at)));
    append_build_info(out);
}

}  // namespace

std::vector<MetricFamily> ModelMetrics::Collect() const {
    std::vector<MetricFamily> out;
    append_inventory(model_, out);
    append_migration_families(model_, now_, out);
    append_evidence_families(model_, now_, out);
    append_sources(model_, own_, out);
    append_self(model_, own_, out);
    return out;
}

}  // namespace keyshift::exposition
