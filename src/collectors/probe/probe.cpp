// SPDX-License-Identifier: Apache-2.0
// Asks the gateway without credentials, to see whether it checks them at all, and now and then with a legacy
// key of the operator's own, to see whether it still has a fallback.

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "base/time.hpp"
#include "base/utf8.hpp"
#include "collectors/entry.hpp"
#include "collectors/shared/http_options.hpp"
#include "collectors/shared/own_requests.hpp"
#include "config/options/secret_source.hpp"
#include "drivers/http_client/client.hpp"
#include "drivers/http_client/url.hpp"
#include "drivers/net/tls.hpp"

namespace keyshift::collectors {
namespace {

using base::Deadline;
using base::Errc;
using base::Error;
using base::Result;
using domain::Event;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

struct ProbeOptions {
    drivers::HttpUrl url;
    std::string method;
    bool query_mark = true;  ///< its query has kOwnParameter, by which logs without user agents tell it
    config::SecretSource canary = {};  ///< a legacy key of the operator's own; may not be given
    std::string canary_id = {};        ///< its id in the key table, where it is left out
    base::Duration canary_interval{};
    std::string unknown_key =
        {};  ///< the body of a refusal that means "no such key"; empty: any refusal does
    drivers::TlsOptions tls = {};
    bool of_inferxgate = false;
};

/// What the gateway answered to a request, as far as it tells.
enum class Access { refused, accepted, unclear };
/// By its status: 401 and 403 are refusals, 2xx lets in; whatever else may come before keys are looked at.
Access access_of(int status) {
    if (status == 401 || status == 403) return Access::refused;
    return status >= 200 && status < 300 ? Access::accepted : Access::unclear;
}

constexpr std::size_t kMostBody = std::size_t{256} * 1024;
constexpr std::size_t kQuotedBody = 80;

ProbeOptions read_options(config::OptionsReader& reader, const config::Gateway& gateway) {
    ProbeOptions options;
    if (!reader.has("url"))
        reader.problem("url", "is not given", "give one of the gateway's URLs that wants a key");
    options.url = reader.parsed<drivers::HttpUrl>(
        "url", {}, "null", [](std::string_view text) { return drivers::HttpUrl::parse(text); });
    options.method =
        reader.choice<std::string>("method", {{"GET", "GET"}, {"POST", "POST"}, {"HEAD", "HEAD"}}, "POST");
    options.query_mark =
        reader.choice<bool>("query_mark", {{"true", true}, {"false", false}}, options.query_mark);
    if (options.query_mark && !options.url.target.empty())
        options.url.target = mark_target(options.url.target);
    options.canary = reader.optional_secret("canary_key", {.variable = {}, .credential = "canary_key"});
    options.canary_id = reader.optional_text("canary_id");
    options.canary_interval = reader.duration("canary_interval", 1h, {.min = 1s, .max = 720h});
    options.unknown_key = reader.text("unknown_key", "Invalid API key");
    options.tls = read_tls_options(reader.section("tls"));
    options.of_inferxgate = gateway.preset == config::Preset::inferxgate;
    if (options.canary.given() && options.canary_id.empty()) {
        reader.problem("canary_id", "is not given",
                       "give the id of the canary key, so that its use is not taken for a client's");
    }
    if (options.canary.given() && gateway.promotes_in_place) {
        reader.problem("canary_key",
                       "is of no use with this gateway, where its first use makes it a modern key",
                       "remove it");
    }
    return options;
}

class Probe final : public Collector {
 public:
    Probe(ProbeOptions options, const drivers::Interrupt& interrupt)
        : options_(std::move(options)), client_(interrupt) {}

    std::vector<Event> expected_side_effects() const override {
        std::vector<Event> events{Event::request_auth_failure, Event::request_success,
                                  Event::failure_missing_header};
        // Whether the canary's turn has come is decided by the clock in collect(), which is later than this:
        // a scan of its own that was not announced would have been counted by then.
        if (!options_.canary.given()) return events;
        events.insert(events.end(), kAccepted.begin(), kAccepted.end());
        events.push_back(Event::failure_unknown_key);
        return events;
    }

    Result<Observation> collect(const Request& request) override {
        Observation seen{.taken_at = base::now()};
        // One request each time: what the gateway made of it is then either known or nothing.
        if (canary_due()) {
            if (auto tried = try_canary(request.deadline, seen); !tried) return tried.error();
            return seen;
        }
        keys_checked_ = false;
        domain::ProbeAnswers answers;
        const auto anonymous = ask(std::nullopt, request.deadline);
        if (!anonymous) return anonymous.error();
        switch (access_of(anonymous->status)) {
            case Access::unclear:
                return unclear(*anonymous);
            case Access::accepted:
                // Then a key would be let in whatever it is.
                answers.accepted_at = seen.taken_at;
                seen.caused = {Event::request_success};
                break;
            case Access::refused:
                answers.refused_at = seen.taken_at;
                seen.caused = {Event::failure_missing_header, Event::request_auth_failure};
                keys_checked_ = true;
                break;
        }
        seen.probe = answers;
        return seen;
    }

    std::vector<Finding> examine(Deadline deadline) override {
        const auto answer = ask(std::nullopt, deadline);
        if (!answer) return {failure(answer.error())};
        const std::string what = options_.url.printable + " answers a request without a key with status " +
                                 std::to_string(answer->status);
        switch (access_of(answer->status)) {
            case Access::refused:
                return with_canary({Finding::Kind::ok, what + ": keys are checked"});
            case Access::accepted:
                return {{Finding::Kind::failure, what + ": keys are not checked", where_keys_are_checked()}};
            case Access::unclear:
                break;
        }
        return {failure(unclear(*answer))};
    }

 private:
    // What statements, and a gateway's own counters, make of a canary that is let in, and of one that is not.
    static constexpr std::array<Event, 6> kAccepted{Event::lookup_not_found, Event::fallback_scan,
                                                    Event::fallback,         Event::verification,
                                                    Event::auth_cache_miss,  Event::auth_attempt};
    static constexpr std::array<Event, 3> kRefused{Event::lookup_not_found, Event::failure_unknown_key,
                                                   Event::auth_attempt};

    bool canary_due() const {
        return options_.canary.given() && keys_checked_ &&
               (!canary_asked_ || Clock::now() - *canary_asked_ >= options_.canary_interval);
    }

    Result<drivers::HttpResponse> ask(const std::optional<base::Secret>& key, Deadline deadline) const {
        drivers::HttpRequest request;
        request.method = options_.method;
        request.url = options_.url;
        request.tls = options_.tls;
        if (key) request.headers.push_back(drivers::bearer(*key));
        return client_.send(request, {.body_bytes = kMostBody, .each = deadline.left()}, deadline);
    }

    Result<void> try_canary(Deadline deadline, Observation& seen) {
        domain::ProbeAnswers& answers = seen.probe.emplace();
        const auto key = options_.canary.read();
        if (!key) return key.error();
        canary_asked_ = Clock::now();
        const auto answer = ask(*key, deadline);
        if (!answer) return answer.error();
        switch (access_of(answer->status)) {
            case Access::unclear:
                return unclear(*answer);
            case Access::accepted:
                answers.canary_accepted_at = seen.taken_at;
                seen.caused.insert(seen.caused.end(), kAccepted.begin(), kAccepted.end());
                seen.caused.push_back(Event::request_success);
                return {};
            case Access::refused:
                break;
        }
        // A key that is blocked, expired or mistyped is refused too, which tells nothing of the fallback.
        if (!options_.unknown_key.empty() && options_.method != "HEAD" &&
            answer->body != options_.unknown_key) {
            return Error{Errc::other,
                         "the canary key was refused, but not as an unknown one: " +
                             base::escape_unsafe(answer->body.substr(0, kQuotedBody)),
                         "see that the canary key is a legacy key in good order, or set unknown_key to what "
                         "this gateway answers to keys it does not know"};
        }
        answers.canary_refused_at = seen.taken_at;
        seen.caused.insert(seen.caused.end(), kRefused.begin(), kRefused.end());
        seen.caused.push_back(Event::request_auth_failure);
        return {};
    }

    /// The canary itself is left to the daemon, which knows what becomes of it.
    std::vector<Finding> with_canary(Finding asked) const {
        std::vector<Finding> out{std::move(asked)};
        if (!options_.canary.given()) return out;
        const auto key = options_.canary.read();
        out.push_back(key ? Finding{Finding::Kind::ok, "the canary key can be read; it is not tried here"}
                          : failure(key.error()));
        return out;
    }

    Error unclear(const drivers::HttpResponse& answer) const {
        const bool server = answer.status >= 500 || answer.status == 429;
        return {server ? Errc::other : Errc::schema,
                options_.url.printable + " answers with status " + std::to_string(answer.status) +
                    ", which does not say whether keys are checked",
                server ? "see how the gateway is doing" : other_request(answer)};
    }

    /// Either nobody is asked for a key, or this path is for everybody: a person knows.
    std::string where_keys_are_checked() const {
        const std::string on = "switch authentication on in the gateway (InferXgate: REQUIRE_AUTH=true)";
        const std::string models =
            (options_.url.tls ? "https://" : "http://") + options_.url.authority() + "/v1/models";
        if (!options_.of_inferxgate)
            return on + "; or, where this path is public by design, give a url and method that want a key";
        if (options_.url.printable == models) return on;
        return on + "\nor, where this path is public by design, set url: " + models + "\nand method: POST";
    }

    /// What to ask in place of what was asked.
    std::string other_request(const drivers::HttpResponse& answer) const {
        std::string wanted = "give a url and method that answer 200 to a good key and 401 without one";
        if (answer.status == 405) {
            return "it does not take " + options_.method +
                   " there, set method: " + (options_.method == "POST" ? "GET" : "POST");
        }
        const std::string unmarked =
            options_.query_mark ? "; where it refuses queries it does not know, set query_mark: false" : "";
        if (answer.status == 404) {
            return "it has no such path: " + wanted +
                   " (InferXgate: method: POST, url: http://HOST:3000/v1/models)" + unmarked;
        }
        const auto url = drivers::HttpUrl::parse(answer.location);
        if (answer.status >= 300 && answer.status < 400 && url)
            return "it redirects, set url: " + url->printable;
        return wanted + unmarked;
    }

    ProbeOptions options_;
    drivers::HttpClient client_;
    bool keys_checked_ = false;  // the last request without a key was refused
    std::optional<Clock::time_point> canary_asked_;
};

class ConfiguredProbe final : public ConfiguredWith<ProbeOptions> {
 public:
    using ConfiguredWith::ConfiguredWith;

    std::unique_ptr<Collector> make(const config::Gateway&, const config::Schedule&,
                                    const drivers::Interrupt& interrupt) const override {
        return std::make_unique<Probe>(options(), interrupt);
    }
    std::string canary() const override { return options().canary_id; }
};

}  // namespace

Entry probe_entry() {
    return {.name = "probe",
            .schedule = {.interval = 60s, .timeout = 10s},
            .read = [](config::OptionsReader& reader, const config::Gateway& gateway) {
                return std::make_unique<ConfiguredProbe>(read_options(reader, gateway));
            }};
}

}  // namespace keyshift::collectors
