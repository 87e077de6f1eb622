// SPDX-License-Identifier: Apache-2.0
// What the gateway counts by itself, on /metrics of each replica. A replica that does not answer is missing,
// and the others count; the poll fails only when none answers.
#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <utility>

#include "base/utf8.hpp"
#include "collectors/entry.hpp"
#include "collectors/gateway_metrics/counter_rules.hpp"
#include "collectors/gateway_metrics/findings.hpp"
#include "collectors/gateway_metrics/metrics_page.hpp"
#include "collectors/gateway_metrics/replicas.hpp"
#include "collectors/gateway_metrics/targets.hpp"
#include "collectors/shared/http_options.hpp"
#include "drivers/http_client/client.hpp"

namespace keyshift::collectors {
namespace {

using base::Deadline;
using base::Duration;
using base::Errc;
using base::Error;
using base::Result;
using base::Time;
using namespace std::chrono_literals;

constexpr std::int64_t kMiB = std::int64_t{1024} * 1024;
/// Answers that are being read at one moment hold at most this.
constexpr std::int64_t kMiBInFlight = 512;
constexpr std::int64_t kMostAtOnce = 64;
/// Clocks of replicas may be that far behind.
constexpr Duration kSlowClock = 1min;
/// doctor asks each target so many times more.
constexpr int kMorePolls = 4;
/// The series that stands for a process, whatever it counts.
constexpr const char* kStartOfProcess = "(process)";

struct Options {
    TargetOptions targets;
    HttpOptions http;
    CounterRules counters;  ///< empty: the preset's
    std::int64_t max_body_mib = 16;
};

Options read_options(config::OptionsReader& reader) {
    Options options;
    options.targets = read_target_options(reader);
    options.http = read_http_options(reader);
    options.counters = read_counter_rules(reader);
    options.max_body_mib = reader.integer("max_body_mib", options.max_body_mib, {.min = 1, .max = 256});
    return options;
}

CounterRules rules_of(const config::Gateway& gateway, const Options& options) {
    return options.counters.empty() ? config::facts_of(gateway.preset).counters : options.counters;
}

/// Where a redirect leads, as far as it may be repeated.
std::string destination(const std::string& location) {
    if (const auto url = drivers::HttpUrl::parse(location)) return url->printable;
    return location.starts_with('/') ? base::escape_unsafe(location.substr(0, location.find_first_of("?#")))
                                     : "somewhere else";
}

Result<void> check_status(const drivers::HttpResponse& response) {
    const int status = response.status;
    const std::string answered = "answered " + std::to_string(status);
    if (status == 200) return {};
    if (status == 401 || status == 403)
        return Error{Errc::auth, answered, "check bearer_token, basic_auth or the certificate"};
    if (status == 404)
        return Error{Errc::schema, answered, "check the path of the URL, and that /metrics is on"};
    if (status >= 300 && status < 400)
        return Error{Errc::other, "redirects to " + destination(response.location), "give that URL"};
    return Error{Errc::other, answered, {}};
}

/// It answers, and what it says or wants is wrong until somebody changes it.
bool is_for_people(Errc code) {
    return code != Errc::connect && code != Errc::timeout && code != Errc::canceled;
}

/// The most frequent reason stands for all.
Error all_failed(const std::vector<Error>& errors) {
    if (errors.size() == 1) return errors.front();
    std::map<Errc, std::size_t> codes;
    for (const Error& error : errors) ++codes[error.code];
    const auto most = std::ranges::max_element(codes, {}, [](const auto& entry) { return entry.second; });
    const auto first = std::ranges::find(errors, most->first, &Error::code);
    const std::string count = std::to_string(errors.size());
    return {most->first, count + " of " + count + " targets failed: " + first->what, first->hint};
}

class GatewayMetrics final : public Collector {
 public:
    GatewayMetrics(const config::Gateway& gateway, Options options, config::Schedule schedule,
                   const drivers::Interrupt& interrupt)
        : rules_(rules_of(gateway, options)),
          options_(std::move(options)),
          schedule_(schedule),
          client_(interrupt),
          targets_(options_.targets) {}

    Result<Observation> collect(const Request& request) override {
        const Time now = base::now();
        auto snapshot = poll(request.deadline);
        if (!snapshot) return snapshot.error();
        replicas_.record(*snapshot);
        remember(*snapshot, now);
        if (snapshot->targets.empty()) return no_target(*snapshot);
        std::vector<Error> errors;
        for (const TargetSnapshot& target : snapshot->targets)
            if (!target.page) errors.push_back(target.page.error());
        if (errors.size() == snapshot->targets.size()) return all_failed(errors);
        return Observation{.taken_at = base::now(), .counted = count(*snapshot), .gauges = gauges(*snapshot)};
    }

    std::vector<Finding> examine(Deadline deadline) override {
        auto snapshot = poll(deadline);
        if (!snapshot) return {failure(snapshot.error())};
        if (snapshot->targets.empty()) return {failure(no_target(*snapshot))};
        // Several processes behind one name take turns in answering.
        GatewayReplicas replicas;
        replicas.record(*snapshot);
        for (int again = 0; again < kMorePolls; ++again) {
            auto other = poll(deadline);
            if (!other) break;
            replicas.record(*other);
            note_mixed(*other, *snapshot);
        }
        std::vector<Finding> found = gateway_findings(*snapshot, rules_);
        const domain::Ground ground = gateway_ground(*snapshot, rules_);
        const std::size_t at = ground.doubt.find(": ");
        // That no target shows it has been said already.
        if (at != std::string::npos && !ground.doubt.starts_with(kNoTargetShows))
            found.push_back(
                {Finding::Kind::warning, ground.doubt.substr(0, at), ground.doubt.substr(at + 2)});
        return found;
    }

 private:
    Result<GatewaySnapshot> poll(Deadline deadline) {
        auto found = targets_.poll(client_, deadline.at_most(schedule_.timeout / 3));
        if (!found) return found.error();
        GatewaySnapshot out{.targets = {},
                            .hosts = std::move(found->hosts),
                            .files = std::move(found->files),
                            .aliases = std::move(found->aliases)};
        std::ranges::stable_sort(found->targets, {}, [this](const auto& target) { return turn_of(target); });
        const auto headers = options_.http.headers();
        if (!headers) return headers.error();
        std::vector<drivers::HttpRequest> requests;
        for (GatewayTarget& target : found->targets) {
            requests.push_back(request_for(target, *headers));
            out.targets.push_back({std::move(target.name), kNotAsked, std::move(target.loopback)});
        }
        const auto take = [&](std::size_t index, const Result<drivers::HttpResponse>& response) {
            out.targets[index].page = page_of(requests[index], response);
        };
        client_.send_all(requests, limits(requests.size()), deadline, take);
        for (const TargetSnapshot& target : out.targets)
            if (!target.page && target.page.error().code == Errc::canceled) return target.page.error();
        merge_aliases(out);
        return out;
    }

    static void note_mixed(const GatewaySnapshot& other, GatewaySnapshot& snapshot) {
        for (TargetSnapshot& target : snapshot.targets) {
            const auto again = std::ranges::find(other.targets, target.name, &TargetSnapshot::name);
            target.mixed = target.mixed || (again != other.targets.end() && again->mixed);
        }
    }

    /// Those that did not answer in time come last, or they would take the turns of the others; and among
    /// them the last ones first, who may have had no turn at all.
    std::size_t turn_of(const GatewayTarget& target) const {
        const auto slow = slow_.find(target.name);
        return slow == slow_.end() ? 0 : std::numeric_limits<std::size_t>::max() - slow->second;
    }

    static Error no_target(const GatewaySnapshot& snapshot) {
        if (!snapshot.files.empty()) return snapshot.files.front().error;
        if (!snapshot.hosts.empty()) return snapshot.hosts.front().error;
        return {Errc::other, "the files of file_sd name no target", "check what writes them"};
    }

    drivers::HttpRequest request_for(const GatewayTarget& target,
                                     const std::vector<drivers::HttpHeader>& headers) const {
        return {.url = target.url,
                .headers = headers,
                .accept = "text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0;q=0.5",
                .address = target.address,
                .tls = options_.http.tls};
    }

    drivers::HttpLimits limits(std::size_t requests) const {
        const std::int64_t at_once =
            std::clamp<std::int64_t>(kMiBInFlight / options_.max_body_mib, 1, kMostAtOnce);
        const auto places = static_cast<std::size_t>(at_once);
        return {.body_bytes = static_cast<std::size_t>(options_.max_body_mib * kMiB),
                .at_once = places,
                .each = requests <= places ? schedule_.timeout : schedule_.timeout / 2};
    }

    Result<MetricsPage> page_of(const drivers::HttpRequest& request,
                                const Result<drivers::HttpResponse>& response) const {
        if (!response) return response.error();
        const auto at = [&request](const Error& error) {
            return Error{error.code, request.printable() + ": " + error.what, error.hint};
        };
        if (const auto good = check_status(*response); !good) return at(good.error());
        auto page = read_metrics_page(response->content_type, response->body, rules_);
        if (!page) return at(page.error());
        return page;
    }

    /// What the next poll must know, whatever this one comes to.
    void remember(const GatewaySnapshot& snapshot, Time now) {
        if (!first_poll_) first_poll_ = now;
        slow_.clear();
        std::map<std::string, bool> came_later;
        for (std::size_t i = 0; i < snapshot.targets.size(); ++i) {
            const TargetSnapshot& target = snapshot.targets[i];
            const auto known = came_later_.find(target.name);
            came_later[target.name] = known == came_later_.end() ? was_whole_ : known->second;
            if (!target.page && target.page.error().code == Errc::timeout) slow_[target.name] = i;
            // Kept: a labelled counter is absent until its first use, also after a restart of its process.
            // Not over a restart of keyshift: that its name was there once does not show that it still is,
            // and an offer that is new only makes coverage begin anew.
            if (target.page) countable_ |= target.page->countable;
        }
        came_later_ = std::move(came_later);
        was_whole_ = snapshot.hosts.empty() && snapshot.files.empty();
    }

    /// Whether all that a target has counted was counted while we were watching.
    bool began_lately(const TargetSnapshot& target) const {
        const bool came_later = came_later_.at(target.name);
        if (!target.page->started_at) return came_later;
        const Time since = came_later ? *first_poll_ - kSlowClock : *first_poll_;
        return *target.page->started_at > base::to_unix_seconds(since);
    }

    Counted count(GatewaySnapshot& snapshot) const {
        Counted out{.readings = {.scope = scope_of(rules_)}, .countable = countable_};
        out.ground = gateway_ground(snapshot, rules_);
        for (TargetSnapshot& target : snapshot.targets) {
            if (!target.page || target.mixed) {
                out.missing.push_back(target.name + (target.page ? " (several processes answer)" : ""));
                if (!target.page && is_for_people(target.page.error().code))
                    out.refused.emplace(target.name, target.page.error().what);
                continue;
            }
            auto& readings = target.page->readings;
            // Its restart is known also where none of its counters is there yet.
            if (!target.page->epoch.empty()) readings.push_back({kStartOfProcess, 0, target.page->epoch, {}});
            out.readings.instances.push_back({target.name, began_lately(target), std::move(readings)});
        }
        for (const auto& faults : {snapshot.hosts, snapshot.files})
            for (const DiscoveryFault& fault : faults) out.missing.push_back(fault.name);
        std::ranges::sort(out.missing);
        return out;
    }

    static domain::Gauges gauges(const GatewaySnapshot& snapshot) {
        domain::Gauges out;
        for (const TargetSnapshot& target : snapshot.targets)
            out.gateways_up[target.name] = target.page.has_value();
        for (const DiscoveryFault& host : snapshot.hosts) out.gateways_up[host.name] = false;
        return out;
    }

    inline static const Error kNotAsked{Errc::other, "was not asked", {}};

    CounterRules rules_;
    Options options_;
    config::Schedule schedule_;
    drivers::HttpClient client_;
    GatewayTargets targets_;
    std::optional<Time> first_poll_;
    bool was_whole_ = false;                   // an earlier poll found all targets that there were
    std::map<std::string, bool> came_later_;   // the targets of the last poll
    std::map<std::string, std::size_t> slow_;  // too slow in the last poll: their places in it
    domain::Events countable_;
    GatewayReplicas replicas_;
};

class ConfiguredGatewayMetrics final : public ConfiguredWith<Options> {
 public:
    using ConfiguredWith::ConfiguredWith;

    std::unique_ptr<Collector> make(const config::Gateway& gateway, const config::Schedule& schedule,
                                    const drivers::Interrupt& interrupt) const override {
        return std::make_unique<GatewayMetrics>(gateway, options(), schedule, interrupt);
    }
    domain::Events measures(const config::Gateway& gateway) const override {
        return events_of(rules_of(gateway, options()));
    }
};

}  // namespace

Entry gateway_metrics_entry() {
    return {.name = "gateway_metrics",
            .schedule = {.interval = 15s, .timeout = 10s},
            .traits = {.ranks = {.fallback = domain::EvidenceRank{.place = 10},
                                 .auth_cache = domain::EvidenceRank{.place = 10},
                                 .auth_failures = domain::EvidenceRank{.place = 30}},
                       .own_requests = domain::OwnRequests::mixed_in},
            .read = [](config::OptionsReader& reader, const config::Gateway&) {
                return std::make_unique<ConfiguredGatewayMetrics>(read_options(reader));
            }};
}

}  // namespace keyshift::collectors
