// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/actions.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

#include "api/action.hpp"
#include "api/archive.hpp"
#include "base/log/log.hpp"
#include "base/time.hpp"
#include "daemon/api/action_body.hpp"
#include "daemon/api/action_guard.hpp"
#include "decisions/acknowledge.hpp"
#include "decisions/common.hpp"
#include "decisions/mark.hpp"
#include "decisions/pair.hpp"
#include "http/problem.hpp"
#include "http/query.hpp"
#include "journal/judging.hpp"

namespace keyshift::daemon {
namespace {

using base::Errc;
using base::Result;
using decisions::Deed;
using decisions::kTakesEffect;
using http::Request;
using http::Response;
using Kind = Member::Kind;
using namespace std::chrono_literals;

constexpr int kCreated = 201;
constexpr int kDone = 200;
constexpr int kBad = 400;
constexpr int kNoSuchThing = 404;
constexpr int kConflict = 409;
constexpr int kNotNow = 503;
/// Of the gateway's key table.
constexpr auto kLongestAsking = 5s;

Response answer(int status, std::string summary, std::vector<std::string> doubts, bool preview) {
    Response response;
    response.status = status;
    response.content_type = "application/json";
    response.body =
        api::ArchiveWriter::document(api::ActionResult{std::move(summary), std::move(doubts), preview});
    response.headers.emplace_back("Cache-Control", "no-store");
    return response;
}

Response refused_with(int status, const base::Error& error) {
    return http::problem(status, error.text() + ".");
}

/// A refusal is an answer; what could not be read is an error.
Result<Response> refused_or_failed(int status, const base::Error& error) {
    if (error.code == Errc::usage) return refused_with(status, error);
    return error;
}

/// Allowed, and what is asked for: whether to look only, what the path names, what the body says.
struct Order {
    std::optional<Response> refused;
    bool preview = false;
    std::string name = {};  ///< of a DELETE
    ActionBody body = {};   ///< of a POST
    std::string by = {};

    std::string text(std::string_view member) const {
        const auto at = body.find(member);
        return at == body.end() ? std::string() : at->second;
    }
};

Result<bool> asks_for_preview(std::string_view query) {
    const auto parameters = http::parse_query(query);
    if (!parameters) return parameters.error();
    bool preview = false;
    for (const auto& [name, value] : *parameters) {
        if (name != "preview" || (value != "true" && value != "false") || parameters->size() > 1)
            return base::Error{Errc::usage, "the only parameter here is preview", "it is true or false"};
        preview = value == "true";
    }
    return preview;
}

Order allowed(const config::Config& config, const Request& request) {
    Order out;
    out.refused = refuse_action(config.web, request);
    if (out.refused) return out;
    const auto preview = asks_for_preview(request.query);
    if (!preview) {
        out.refused = refused_with(kBad, preview.error());
        return out;
    }
    out.preview = *preview;
    out.by = std::string(request.user) + " (web)";
    return out;
}

Order posted(const config::Config& config, const Request& request, std::initializer_list<Member> members) {
    Order out = allowed(config, request);
    if (out.refused) return out;
    auto body = parse_action_body(request.body, members);
    if (body) {
        out.body = *std::move(body);
    } else {
        out.refused = refused_with(kBad, body.error());
    }
    return out;
}

Order removing(const config::Config& config, const Request& request) {
    Order out = allowed(config, request);
    if (out.refused) return out;
    constexpr std::string_view kApi = "/api/v1/";
    const std::string_view part = request.path.substr(request.path.find('/', kApi.size()) + 1);
    auto name = http::decode_path_part(part);
    if (!name) {
        out.refused = refused_with(kBad, name.error());
    } else if (part.find('/') != std::string_view::npos || !request.body.empty()) {
        out.refused = http::problem(kBad, "A DELETE names one thing by its path, and has no body.");
    } else {
        out.name = *std::move(name);
    }
    return out;
}

void note_decided(const char* what, const std::string& of, const Order& order) {
    base::log::info("decided over HTTP",
                    {{"what", what}, {"of", of}, {"by", order.by}, {"note", order.text("note")}});
}

Result<Response> pair_by(const config::Config& config, store::State& state, const Order& order) {
    const auto plan =
        decisions::plan_pair(config, state, order.text("legacy"), order.text("modern"), kLongestAsking);
    if (!plan) return refused_or_failed(kConflict, plan.error());
    const std::string both = plan->modern.id + " replaces " + plan->old->id;
    if (plan->before && plan->before->replacement == plan->modern.id)
        return answer(kDone, both + " already: " + plan->before->by + " has said so", {}, order.preview);
    if (order.preview) {
        const std::string instead =
            plan->before ? ", instead of " + plan->before->replacement : std::string();
        return answer(kDone, both + instead + ", from the next poll on", plan->doubts, true);
    }
    if (!plan->doubts.empty() && order.text("force").empty()) {
        std::string doubts;
        for (const std::string& doubt : plan->doubts) doubts += (doubts.empty() ? "" : "; ") + doubt;
        return http::problem(kConflict, "Nothing was paired: " + doubts +
                                            ". If the one replaces the other all the same, say force.");
    }
    if (auto saved = decisions::save_pair(state, *plan, order.by); !saved) return saved.error();
    note_decided("pair", both, order);
    return answer(kCreated, both + kTakesEffect, plan->doubts, false);
}

Result<Response> unpair_by(store::State& state, const Order& order) {
    const auto before = decisions::plan_unpair(state, order.name);
    if (!before) return refused_or_failed(kNoSuchThing, before.error());
    const std::string what = "the replacement of " + order.name + " is found by the other rules again";
    if (order.preview) return answer(kDone, what, {}, true);
    if (auto done = decisions::save_unpair(state, order.name); !done) return done.error();
    note_decided("unpair", order.name, order);
    return answer(kDone, what + kTakesEffect, {}, false);
}

Result<Response> acknowledge_by(const config::Config& config, store::State& state, const Order& order) {
    const auto now = decisions::decision_time(state);
    if (!now) return now.error();
    const auto item = decisions::find_item(state, order.text("key"));
    if (!item) return refused_or_failed(kConflict, item.error());
    const auto before = decisions::find_acknowledgement(state, item->id);
    if (!before) return before.error();
    if (*before)
        return answer(kDone, item->id + " is acknowledged already, by " + (*before)->by, {}, order.preview);
    const std::string refusal =
        decisions::refuse_acknowledgement(*item, journal::judging(config).windows, *now);
    if (!refusal.empty())
        return http::problem(kConflict, "Nothing was acknowledged: key " + item->id + ": " + refusal + ".");
    const std::string what = item->id + " (" + decisions::idle_text(*item, *now) + ") is acknowledged";
    if (order.preview) return answer(kDone, what, {}, true);
    const std::vector<decisions::Item> one{*item};
    if (auto saved = decisions::save_acknowledgements(state, one, *now, order.by, order.text("note")); !saved)
        return saved.error();
    note_decided("ack", item->id, order);
    return answer(kCreated, what + kTakesEffect, {}, false);
}

Result<Response> unacknowledge_by(store::State& state, const Order& order) {
    const auto before = decisions::find_acknowledgement(state, order.name);
    if (!before) return before.error();
    if (!*before) return http::problem(kNoSuchThing, "Nobody has acknowledged this key.");
    const std::string what = order.name + " is not acknowledged any more";
    if (order.preview) return answer(kDone, what, {}, true);
    decisions::Item item;
    item.id = order.name;
    if (auto done = decisions::undo_acknowledgements(state, std::vector{item}); !done) return done.error();
    note_decided("unack", order.name, order);
    return answer(kDone, what + kTakesEffect, {}, false);
}

Result<Response> mark_by(const config::Config& config, store::State& state, const Order& order,
                         domain::MarkKind kind) {
    std::string summary;
    std::vector<std::string> doubts;
    const auto look = [&](const decisions::Moment& now) {
        summary = decisions::said(kind) + ", from " + base::format_rfc3339(now.at) + " on";
        if (kind != domain::MarkKind::brownout_end && now.sources.empty())
            doubts.emplace_back("no configured source has counted failures: who fails now cannot be told");
    };
    const auto set = decisions::set_mark(config, state, kind, order.by, order.text("note"),
                                         order.preview ? Deed::previewed : Deed::done, look);
    if (!set) return refused_or_failed(kConflict, set.error());
    if (!order.preview) note_decided("mark", order.text("kind"), order);
    return answer(order.preview ? kDone : kCreated, summary, doubts, order.preview);
}

Result<Response> unmark_by(const config::Config& config, store::State& state, const Order& order) {
    const auto marks = state.load_marks();
    if (!marks) return marks.error();
    const auto named = std::find_if(marks->begin(), marks->end(), [&](const domain::Mark& mark) {
        return std::to_string(mark.id) == order.name;
    });
    if (named == marks->end()) return http::problem(kNoSuchThing, "There is no mark of this number.");
    const std::string what = decisions::as_word(mark_name(named->kind)) + " of " +
                             base::format_rfc3339(named->at) + " by " + named->by + " is taken back";
    const auto taken = decisions::take_back_mark(config, state, named->kind, named->id,
                                                 order.preview ? Deed::previewed : Deed::done,
                                                 [](const domain::Mark&, const decisions::Moment&) {});
    if (!taken) return refused_or_failed(kConflict, taken.error());
    if (!order.preview) note_decided("unmark", order.name, order);
    return answer(kDone, what, {}, order.preview);
}

std::optional<domain::MarkKind> kind_of_mark(std::string name) {
    if (name.find('_') != std::string::npos) return std::nullopt;
    std::replace(name.begin(), name.end(), '-', '_');
    return domain::mark_named(name);
}

}  // namespace

Response Actions::decide(Do work) {
    if (!worker_) worker_.emplace(loop_, open_());
    return worker_->ask([work = std::move(work)](store::State& state) -> Result<Response> {
        auto done = work(state);
        if (done) return done;
        base::log::error("nothing was decided", {{"error", done.error().what}, {"hint", done.error().hint}});
        return http::problem(kNotNow,
                             "It cannot be decided now: the key table or the state cannot be used; the "
                             "daemon's log says why.");
    });
}

Response Actions::pair(const Request& request) {
    Order order = posted(*config_, request,
                         {{"legacy", Kind::id, true},
                          {"modern", Kind::id, true},
                          {"note", Kind::note, false},
                          {"force", Kind::flag, false}});
    if (order.refused) return *std::move(order.refused);
    return decide([config = config_, order](store::State& state) { return pair_by(*config, state, order); });
}

Response Actions::unpair(const Request& request) {
    Order order = removing(*config_, request);
    if (order.refused) return *std::move(order.refused);
    return decide([order](store::State& state) { return unpair_by(state, order); });
}

Response Actions::acknowledge(const Request& request) {
    Order order = posted(*config_, request, {{"key", Kind::id, true}, {"note", Kind::note, false}});
    if (order.refused) return *std::move(order.refused);
    return decide(
        [config = config_, order](store::State& state) { return acknowledge_by(*config, state, order); });
}

Response Actions::unacknowledge(const Request& request) {
    Order order = removing(*config_, request);
    if (order.refused) return *std::move(order.refused);
    return decide([order](store::State& state) { return unacknowledge_by(state, order); });
}

Response Actions::mark(const Request& request) {
    Order order = posted(*config_, request, {{"kind", Kind::kind, true}, {"note", Kind::note, false}});
    if (order.refused) return *std::move(order.refused);
    const auto kind = kind_of_mark(order.text("kind"));
    if (!kind) return http::problem(kBad, "'kind' is none of brownout-begin, brownout-end and cutover.");
    return decide([config = config_, order, kind = *kind](store::State& state) {
        return mark_by(*config, state, order, kind);
    });
}

Response Actions::unmark(const Request& request) {
    Order order = removing(*config_, request);
    if (order.refused) return *std::move(order.refused);
    return decide(
        [config = config_, order](store::State& state) { return unmark_by(*config, state, order); });
}

}  // namespace keyshift::daemon
