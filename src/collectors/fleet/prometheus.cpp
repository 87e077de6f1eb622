// SPDX-License-Identifier: Apache-2.0
// The fleet's totals: where there are too many gateways for one daemon, each host has a keyshift that counts
// what happens there, Prometheus (or Thanos, Mimir, VictoriaMetrics) scrapes them, and this reads them back.
#include <algorithm>
#include <optional>
#include <utility>

#include "base/utf8.hpp"
#include "collectors/entry.hpp"
#include "collectors/fleet/counts.hpp"
#include "collectors/fleet/prometheus_api_client.hpp"
#include "collectors/fleet/queries.hpp"

namespace keyshift::collectors {
namespace {

using base::Deadline;
using base::Errc;
using base::Error;
using base::Result;
using base::Time;
using formats::ApiAnswer;
using namespace std::chrono_literals;

struct PrometheusOptions {
    PrometheusServer server;
    Fleet fleet;
};

constexpr std::size_t kMostListed = 10;
constexpr std::string_view kDefaultUrl = "http://127.0.0.1:9090";

Result<drivers::HttpUrl> parse_url(std::string_view text) {
    auto url = drivers::HttpUrl::parse(text);
    if (url) return url;
    Error error = url.error();
    error.hint = "write what stands before /api/v1, like https://prometheus.example:9090";
    return error;
}

PrometheusOptions read_options(config::OptionsReader& reader) {
    PrometheusOptions out;
    out.server.url =
        reader.parsed<drivers::HttpUrl>("url", parse_url(kDefaultUrl).value(), kDefaultUrl, parse_url);
    out.server.http = read_http_options(reader);
    out.server.tenant = reader.optional_text("tenant");
    out.fleet = read_fleet(reader);
    return out;
}

std::vector<std::string> texts(const Fleet& fleet) {
    std::vector<std::string> out;
    for (const FleetQuery& query : fleet.queries) out.push_back(query.text);
    return out;
}

/// ": {a}, {b}", of many the first ones.
std::string listed(const std::vector<std::string>& hosts) {
    std::string out;
    for (std::size_t i = 0; i < std::min(hosts.size(), kMostListed); ++i)
        out += (i == 0 ? ": {" : ", {") + base::escape_unsafe(hosts[i]) + '}';
    return hosts.size() > kMostListed ? out + " ..." : out;
}

Error about(const FleetQuery& query, Error error) {
    if (error.code == Errc::canceled || error.code == Errc::auth) return error;
    error.what = query.name() + ": " + error.what;
    return error;
}

class Prometheus final : public Collector {
 public:
    Prometheus(PrometheusOptions options, const drivers::Interrupt& interrupt)
        : fleet_(std::move(options.fleet)), api_(std::move(options.server), interrupt) {}

    Result<Observation> collect(const Request& request) override {
        const auto at = api_.now(request.deadline);
        if (!at) return at.error();
        std::vector<ApiAnswer> answers;
        auto asked = api_.ask(texts(fleet_), *at, request.deadline);
        for (std::size_t i = 0; i < asked.size(); ++i) {
            if (!asked[i]) return about(fleet_.queries[i], asked[i].error());
            answers.push_back(*std::move(asked[i]));
        }
        auto counted = count_fleet(fleet_, answers, watch_.value_or(FleetWatch{*at, {}}));
        if (!counted) return counted.error();
        if (!watch_) watch_ = FleetWatch{*at, {}};
        for (const domain::Instance& instance : counted->readings.instances)
            watch_->instances.insert(instance.name);
        return Observation{.taken_at = *at, .counted = *std::move(counted)};
    }

    std::vector<Finding> examine(Deadline deadline) override {
        const auto at = api_.now(deadline);
        if (!at) return {failure(at.error())};
        const std::string version = api_.version(deadline);
        std::vector<Finding> findings{
            {Finding::Kind::ok, api_.url() + " answers" + (version.empty() ? "" : ", version " + version)}};
        const auto asked = api_.ask(texts(fleet_), *at, deadline);
        std::vector<ApiAnswer> answers;
        for (std::size_t i = 0; i < asked.size(); ++i) {
            findings.push_back(examined(fleet_.queries[i], asked[i]));
            if (asked[i]) answers.push_back(*asked[i]);
        }
        if (answers.size() == asked.size()) examine_fleet(answers, *at, findings);
        return findings;
    }

 private:
    static Finding examined(const FleetQuery& query, const Result<ApiAnswer>& answer) {
        if (!answer) return failure(about(query, answer.error()));
        const std::size_t series = answer->series.size();
        const std::string what = query.name() + " gives " + std::to_string(series) + " series";
        if (series > 0 || query.may_be_empty || query.gives == FleetQuery::Gives::start)
            return {Finding::Kind::ok, what};
        return {Finding::Kind::warning, what, "try it on the server: " + query.text};
    }

    /// Of Prometheus' own pages.
    std::string targets_page() const {
        const std::string& url = api_.url();
        return url + (url.ends_with('/') ? "targets" : "/targets");
    }

    void examine_fleet(const std::vector<ApiAnswer>& answers, Time at, std::vector<Finding>& findings) const {
        const auto counted = count_fleet(fleet_, answers, {at, {}});
        if (!counted) {
            findings.push_back(failure(counted.error()));
            return;
        }
        const auto hosts = fleet_hosts(fleet_, answers);
        findings.push_back(
            {hosts.empty() ? Finding::Kind::warning : Finding::Kind::ok,
             std::to_string(hosts.size()) + " hosts are counted" + listed(hosts),
             hosts.empty()
                 ? "see that it scrapes keyshift's hosts under the job that `job` names, which is " +
                       fleet_.hosts.job + ": " + targets_page()
                 : ""});
        for (const std::string& missing : counted->missing) {
            findings.push_back({Finding::Kind::warning, "missing: " + base::escape_unsafe(missing),
                                "see why it is not scraped, or does not answer: " + targets_page()});
        }
    }

    Fleet fleet_;
    std::optional<FleetWatch> watch_;  // once a poll has succeeded
    PrometheusApiClient api_;
};

class ConfiguredPrometheus final : public ConfiguredWith<PrometheusOptions> {
 public:
    using ConfiguredWith::ConfiguredWith;

    std::unique_ptr<Collector> make(const config::Gateway&, const config::Schedule&,
                                    const drivers::Interrupt& interrupt) const override {
        return std::make_unique<Prometheus>(options(), interrupt);
    }
    domain::Events measures(const config::Gateway&) const override { return options().fleet.measures(); }
};

}  // namespace

Entry prometheus_entry() {
    return {.name = "prometheus",
            .schedule = {.interval = 30s, .timeout = 10s},
            .traits = {.ranks = {.fallback = domain::EvidenceRank{.place = 40},
                                 .auth_cache = domain::EvidenceRank{.place = 40},
                                 .auth_failures = domain::EvidenceRank{.place = 40}}},
            .read = [](config::OptionsReader& reader, const config::Gateway&) {
                return std::make_unique<ConfiguredPrometheus>(read_options(reader));
            }};
}

}  // namespace keyshift::collectors
