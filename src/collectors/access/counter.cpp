// SPDX-License-Identifier: Apache-2.0
#include "collectors/access/counter.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include "collectors/access/names.hpp"
#include "collectors/access/paths.hpp"
#include "collectors/logs/client_names.hpp"
#include "collectors/logs/line_prefixes.hpp"
#include "collectors/shared/own_requests.hpp"
#include "formats/lines/messages.hpp"

namespace keyshift::collectors {
namespace {

using base::Time;
using domain::Event;
using formats::AccessLine;

constexpr std::size_t kStatuses = formats::kStatuses;
/// Answers without a rule of which findings tell.
constexpr std::size_t kMostUnknown = 8;

FailureTable table_of(const config::Gateway& gateway, const AccessOptions& options, bool body_bytes) {
    FailureRules rules;
    if (body_bytes) rules = config::facts_of(gateway.preset).failures;
    rules.insert(rules.end(), options.failures.begin(), options.failures.end());
    return FailureTable(rules);
}

domain::Events counted_by(const FailureTable& table) {
    return domain::requests() | table.reasons();
}

/// A time that was read as if it were UTC's, but is of this machine's zone.
Time in_local_zone(Time written) {
    const auto day = std::chrono::floor<std::chrono::days>(written);
    const std::chrono::year_month_day date{day};
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(written - day);
    std::tm fields{};
    fields.tm_year = static_cast<int>(date.year()) - 1900;
    fields.tm_mon = static_cast<int>(static_cast<unsigned>(date.month())) - 1;
    fields.tm_mday = static_cast<int>(static_cast<unsigned>(date.day()));
    fields.tm_sec = static_cast<int>(seconds.count());
    fields.tm_isdst = -1;
    const auto fraction = written - std::chrono::floor<std::chrono::seconds>(written);
    return Time{std::chrono::seconds{std::mktime(&fields)}} + fraction;
}

/// What the status of a request alone comes to.
enum class ByStatus : std::uint8_t { nothing, event, by_rules };

class AccessCounter final : public LineCounter {
 public:
    AccessCounter(const config::Gateway& gateway, const AccessOptions& options)
        : prefix_(options.input.prefix),
          messages_(prefix_),
          reader_(options.make_reader()),
          paths_(options.paths.empty() ? config::facts_of(gateway.preset).key_paths : options.paths),
          filter_(paths_),
          table_(table_of(gateway, options, reader_->tells().body_bytes)),
          client_(options.client),
          trusted_(options.trusted_proxies),
          clients_(options.clients),
          names_(reader_->tells().escape) {
        for (unsigned status = 0; status < kStatuses; ++status) {
            const Outcome outcome = table_.outcome(status, std::nullopt);
            if (table_.may_fail(status)) {
                by_status_.at(status) = ByStatus::by_rules;
            } else if (outcome.request) {
                by_status_.at(status) = ByStatus::event;
                event_of_.at(status) = *outcome.request;
            }
        }
    }

    void count(std::string_view block, LogTally& tally) override {
        domain::LogLines lines;
        own_possible_ = may_hold_own(block);
        lines.unparsed +=
            messages_.each(block, [&](std::string_view line) { return count_line(line, lines, tally); });
        tally.lines.add(lines);
        seen_.add(lines);
    }

    std::size_t whole(std::string_view block) const override {
        return formats::whole_messages(block, prefix_);
    }
    domain::Events countable(Time /*now*/) const override { return counted_by(table_); }
    std::vector<Finding> findings() const override;

 private:
    struct Unknown {
        unsigned status;
        std::optional<std::uint64_t> bytes;
        std::uint64_t count;
    };

    /// Whether it is understood; of one that is not, nothing is kept.
    bool count_line(std::string_view line, domain::LogLines& lines, LogTally& tally) {
        if (!line.empty() && !reader_->read(line, request_)) return false;
        if (!line.empty() && counts(request_)) {
            ++lines.matched;
            count_request(request_, tally);
        } else {
            ++lines.skipped;
        }
        return true;
    }

    bool counts(AccessLine& request) {
        // A browser asks by OPTIONS whether it may ask, and that without a key.
        if (!filter_.holds(request.target) || request.method == "OPTIONS") return false;
        if (by_status_[request.status] == ByStatus::nothing) return false;
        if (!own_possible_ || !is_own(request)) return true;
        ++own_;
        return false;
    }

    void count_request(AccessLine& request, LogTally& tally) {
        const unsigned status = request.status;
        if (by_status_[status] == ByStatus::event) {
            ++tally.events[index_of(event_of_[status])];
        } else {
            count_failure(request, tally);
        }
    }

    /// Whatever was answered to it: what came between the probe and the gateway is no client's either.
    bool is_own(AccessLine& request) {
        if (is_own_target(request.target)) return true;
        reader_->complete(request);
        return is_own_agent(request.user_agent);
    }

    void count_failure(AccessLine& request, LogTally& tally) {
        const Outcome outcome = table_.outcome(request.status, request.bytes);
        ++tally.events[index_of(*outcome.request)];
        if (outcome.by_status_alone) note_unknown(request);
        if (!outcome.reason) return;
        ++tally.events[index_of(*outcome.reason)];
        reader_->complete(request);
        Time at = tally.now;
        if (request.at) at = std::min(at, request.local_time ? in_local_zone(*request.at) : *request.at);
        const ClientName& client = clients_.name(client_of(request));
        if (client.hash) tally.clients.add(*outcome.reason, *client.hash, at);
        tally.failures.add(*outcome.reason, client.shown, names_.user_agent(request.user_agent),
                           names_.path(request.target), at);
    }

    std::string_view client_of(const AccessLine& request) const {
        if (client_ == ClientField::forwarded || request.peer.empty())
            return collectors::client_of(request.forwarded_ends_in_peer ? std::string_view() : request.peer,
                                         request.forwarded, trusted_);
        return request.peer;
    }

    void note_unknown(const AccessLine& request) {
        const auto same = [&](const Unknown& u) {
            return u.status == request.status && u.bytes == request.bytes;
        };
        const auto found = std::ranges::find_if(unknown_, same);
        if (found != unknown_.end()) {
            ++found->count;
        } else if (unknown_.size() < kMostUnknown) {
            unknown_.push_back({request.status, request.bytes, 1});
        }
    }

    formats::LinePrefix prefix_;
    formats::LogMessages messages_;
    std::unique_ptr<formats::AccessReader> reader_;
    AccessLine request_;  // of the last line
    std::vector<std::string> paths_;
    PathFilter filter_;
    FailureTable table_;
    ClientField client_;
    std::vector<TrustedProxy> trusted_;
    ClientNames clients_;
    AccessNames names_;
    std::array<ByStatus, kStatuses> by_status_{};
    std::array<Event, kStatuses> event_of_{};
    domain::LogLines seen_;
    bool own_possible_ = false;  // in this block
    std::uint64_t own_ = 0;      // requests of keyshift's own
    std::vector<Unknown> unknown_;
};

std::vector<Finding> AccessCounter::findings() const {
    std::vector<Finding> found = prefix_findings(messages_);
    if (own_ > 0)
        found.push_back(
            {Finding::Kind::ok, std::to_string(own_) + " requests of keyshift's own are left out"});
    if (!reader_->tells().agent_or_query) {
        found.push_back(
            {Finding::Kind::ok,
             "it shows neither user agents nor queries: requests of a probe that passes here would "
             "count as clients'",
             "where the probe's url is this proxy's, log \"$request\" or \"$http_user_agent\""});
    }
    if (seen_.matched == 0 && own_ == 0 && seen_.skipped > 0) {
        std::string paths;
        for (const std::string& path : paths_) paths += (paths.empty() ? "" : " or ") + path;
        found.push_back({Finding::Kind::warning,
                         "none of " + std::to_string(seen_.skipped) + " requests is to " + paths,
                         "set `paths` to how the paths of the gateway's API begin in this log"});
    }
    for (const Unknown& answer : unknown_) {
        if (!answer.bytes) continue;
        const std::string bytes = std::to_string(*answer.bytes);
        const std::string status = std::to_string(answer.status);
        found.push_back({Finding::Kind::warning,
                         std::to_string(answer.count) + " answers with status " + status + " and " + bytes +
                             " bytes: no reason is known for these",
                         "add {status: " + status + ", bytes: " + bytes + ", reason: ...} to `failures`"});
    }
    return found;
}

}  // namespace

std::unique_ptr<LineCounter> make_access_counter(const config::Gateway& gateway,
                                                 const AccessOptions& options) {
    return std::make_unique<AccessCounter>(gateway, options);
}

domain::Events access_events(const config::Gateway& gateway, const AccessOptions& options) {
    return counted_by(table_of(gateway, options, options.make_reader()->tells().body_bytes));
}

}  // namespace keyshift::collectors
