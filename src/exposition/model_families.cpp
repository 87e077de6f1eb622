// SPDX-License-Identifier: Apache-2.0
#include "exposition/model_families.hpp"

#include <functional>
#include <optional>
#include <utility>

#include "exposition/build.hpp"
#include "exposition/evidence_families.hpp"
#include "exposition/migration_families.hpp"

namespace keyshift::exposition {
namespace {

using base::to_unix_seconds;
using build::family;
using build::number;
using build::seconds;
using build::single;
using domain::Model;
using domain::SourceStatus;

void append_inventory(const Model& model, std::vector<Family>& out) {
    Family keys =
        family(Type::gauge, "keyshift_keys", "API keys in the gateway's table, as of the last look at it.");
    Family used =
        family(Type::gauge, "keyshift_legacy_keys_used",
               "Legacy keys whose last_used_at lies within the window, as of the last look at the table.");
    Family costs = family(Type::gauge, "keyshift_legacy_keys_by_bcrypt_cost",
                          "Legacy keys by the cost factor of their hash.");
    Family implausible =
        family(Type::gauge, "keyshift_rows_implausible",
               "Rows of the key table with a value that contradicts another one, as of the last census.");
    std::optional<double> baseline;
    std::optional<double> owners;
    std::optional<double> last_used;
    if (model.keys) {
        const domain::Inventory& inventory = model.keys->inventory;
        keys.samples = {{{{"state", "legacy"}}, number(inventory.legacy_keys)},
                        {{{"state", "modern"}}, number(inventory.modern_keys)}};
        for (std::size_t i = 0; i < domain::kUseWindows.size(); ++i) {
            used.samples.push_back(
                {{{"window", std::string(domain::kUseWindows.at(i).name)}}, number(inventory.used.at(i))});
        }
        for (const auto& [cost, count] : inventory.by_bcrypt_cost)
            costs.samples.push_back({{{"cost", std::to_string(cost)}}, number(count)});
        for (std::size_t i = 0; i < domain::kRowProblems.size(); ++i) {
            implausible.samples.push_back(
                {{{"problem", std::string(problem_name(domain::kRowProblems.at(i)))}},
                 number(inventory.implausible.at(i))});
        }
        baseline = number(inventory.baseline);
        owners = number(inventory.legacy_owners);
        last_used = seconds(inventory.legacy_last_used_at);
    }
    out.push_back(std::move(keys));
    out.push_back(
        single(Type::gauge, "keyshift_legacy_keys_baseline",
               "Legacy keys of the first census and those created since: what the migration has to move.",
               baseline));
    out.push_back(single(Type::gauge, "keyshift_legacy_owners",
                         "Owners that have a legacy key, as of the last census.", owners));
    out.push_back(std::move(used));
    out.push_back(std::move(costs));
    out.push_back(std::move(implausible));
    out.push_back(single(Type::gauge, "keyshift_legacy_last_used_timestamp_seconds",
                         "When any legacy key was last used.", last_used));
    out.push_back(single(Type::counter, "keyshift_legacy_keys_created_total",
                         "Legacy keys created since the first census.",
                         number(model.totals().legacy_keys_created)));
    out.push_back(
        single(Type::counter, "keyshift_legacy_uses_observed_total",
               "Times that a legacy key's last_used_at was seen to have advanced: a lower bound of its uses.",
               number(model.totals().legacy_uses_observed)));
}

Family per_source(const Model& model, std::string name, std::string help,
                  const std::function<std::optional<double>(const SourceStatus&)>& value) {
    Family out = family(Type::gauge, std::move(name), std::move(help));
    for (const auto& [source, status] : model.sources)
        if (const auto v = value(status)) out.samples.push_back({{{"source", source}}, *v});
    return out;
}

Family errors(const Model& model) {
    using base::Errc;
    Family out =
        family(Type::counter, "keyshift_source_errors_total", "Polls of a source that failed, by reason.");
    for (const auto& [source, status] : model.sources) {
        for (const Errc reason : SourceStatus::kReasons) {
            const auto count = status.errors.find(reason);
            out.samples.push_back({{{"source", source}, {"reason", std::string(base::reason(reason))}},
                                   count == status.errors.end() ? 0.0 : number(count->second)});
        }
    }
    return out;
}

Family durations(const Model& model) {
    Family out =
        family(Type::histogram, "keyshift_source_poll_duration_seconds", "How long polls of a source took.");
    for (const auto& [source, status] : model.sources) {
        HistogramSample sample;
        sample.labels = {{"source", source}};
        std::uint64_t cumulative = 0;
        for (std::size_t i = 0; i < SourceStatus::kDurationBounds.size(); ++i) {
            cumulative += status.durations.at(i);
            sample.buckets.push_back({SourceStatus::kDurationBounds.at(i), cumulative});
        }
        sample.sum = status.duration_sum;
        sample.count = status.polls;
        out.histograms.push_back(std::move(sample));
    }
    return out;
}

void append_sources(const Model& model, std::vector<Family>& out) {
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
    out.push_back(durations(model));
}

void append_self(const Model& model, std::vector<Family>& out) {
    out.push_back(
        single(Type::gauge, "keyshift_config_last_reload_successful",
               "Whether the configuration was valid when it was last read; if not, the one before stays.",
               model.config_valid ? 1.0 : 0.0));
    out.push_back(single(Type::gauge, "keyshift_config_last_reload_success_timestamp_seconds",
                         "When a valid configuration was last read.",
                         to_unix_seconds(model.config_loaded_at)));
    out.push_back(single(Type::counter, "keyshift_state_write_errors_total",
                         "Cycles whose results could not be saved; they are found and saved again later.",
                         number(model.state_write_errors)));
    out.push_back(single(Type::gauge, "keyshift_state_size_bytes",
                         "Size of the state file with its write-ahead log.", number(model.state_size_bytes)));
    Family build = family(Type::info, "keyshift_build_info", "Version of keyshift.");
    build.samples.push_back({{{"version", KEYSHIFT_VERSION}}, 1});
    out.push_back(std::move(build));
}

}  // namespace

std::vector<Family> model_families(const Model& model, base::Time now) {
    std::vector<Family> out;
    append_inventory(model, out);
    append_migration_families(model, now, out);
    append_evidence_families(model, now, out);
    append_sources(model, out);
    append_self(model, out);
    return out;
}

}  // namespace keyshift::exposition
