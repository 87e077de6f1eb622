// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/api_pages.hpp"

#include <memory>
#include <utility>

#include "api/hours.hpp"
#include "api/lists.hpp"
#include "api/openapi.hpp"
#include "api/status.hpp"
#include "api/verdict.hpp"
#include "daemon/api/access.hpp"
#include "http/problem.hpp"
#include "http/query.hpp"
#include "inventory/documents.hpp"
#include "inventory/lists.hpp"
#include "inventory/owners.hpp"

namespace keyshift::daemon {
namespace {

using base::Result;
using http::Request;
using http::Response;
using inventory::JudgedBy;
using inventory::TimeQuery;
using store::State;

constexpr int kMultipleChoices = 300;
constexpr int kNotFound = 404;
constexpr int kPreconditionFailed = 412;
constexpr std::string_view kRequireSafe = "require=SAFE";
constexpr std::string_view kKeyPath = "/api/v1/keys/";

/// Of the moment: it is never the same again.
Response of_now(std::string body) {
    Response response;
    response.content_type = "application/json";
    response.body = std::move(body);
    response.headers.emplace_back("Cache-Control", "no-store");
    return response;
}

Response no_parameters(const char* which) {
    return http::problem(400, std::string(which));
}

/// A list in the order of time.
template <class Item>
Result<Response> time_list(Result<api::List<Item>> (*load)(State&, const TimeQuery&), State& state,
                           const JudgedBy& by, const Asked& asked) {
    const auto query = TimeQuery::parse(asked.parameters, by.now);
    if (!query) return query.error();
    const auto list = load(state, *query);
    if (!list) return list.error();
    return list_answer(*list, asked);
}

Result<Response> history_answer(State& state, const JudgedBy& by, const Asked& asked) {
    return time_list(inventory::history, state, by, asked);
}

Result<Response> events_answer(State& state, const JudgedBy& by, const Asked& asked) {
    return time_list(inventory::events, state, by, asked);
}

Result<Response> failures_answer(State& state, const JudgedBy& by, const Asked& asked) {
    auto query = TimeQuery::parse(asked.parameters, by.now, inventory::kMostFailuresListed);
    if (!query) return query.error();
    query->since = std::max(query->since, by.now - store::kFailuresKept);
    const auto list = inventory::failures(state, *query, by.failure_logs);
    if (!list) return list.error();
    return list_answer(*list, asked);
}

template <class Item>
Result<Response> decision_list(Result<api::List<Item>> (*load)(State&), State& state, const Asked& asked) {
    if (!asked.parameters.empty())
        return base::Error{base::Errc::usage, "there is no such parameter", "there is format"};
    const auto list = load(state);
    if (!list) return list.error();
    return list_answer(*list, asked);
}

Result<Response> pairs_answer(State& state, const JudgedBy& /*by*/, const Asked& asked) {
    return decision_list(inventory::pairs, state, asked);
}

Result<Response> acks_answer(State& state, const JudgedBy& /*by*/, const Asked& asked) {
    return decision_list(inventory::acks, state, asked);
}

Result<Response> marks_answer(State& state, const JudgedBy& /*by*/, const Asked& asked) {
    return decision_list(inventory::marks, state, asked);
}

/// The one key that is meant, or those that may be.
Result<Response> key_answer(State& state, const inventory::KeyIndex& index, const JudgedBy& by,
                            const std::string& name, const Asked& asked) {
    const auto rows = rows_named(index, name);
    if (rows.empty())
        return http::problem(kNotFound, "No legacy key, living or gone, has this id, prefix or name.");
    const auto found = keys_of_rows(state, rows, by);
    if (!found) return found.error();
    if (found->items.size() != 1) {
        Response choices = list_answer(*found, asked);
        if (choices.status == 200) choices.status = kMultipleChoices;
        return choices;
    }
    const auto details = key_details(state, found->items.front().id, by);
    if (!details) return details.error();
    if (!*details) return http::problem(kNotFound, "It has just been forgotten.");
    return answer_with(api::ArchiveWriter::document(**details), "application/json", asked);
}

}  // namespace

std::vector<http::Route> ApiPages::routes() {
    return {
        route("/api/v1/status", "api_status", &ApiPages::status),
        route("/api/v1/verdict", "api_verdict", &ApiPages::verdict),
        route("/api/v1/sources", "api_sources", &ApiPages::sources),
        route("/api/v1/hours", "api_hours", &ApiPages::hours),
        route("/api/v1/keys", "api_keys", &ApiPages::keys),
        route(kKeyPath.data(), "api_key", &ApiPages::key, http::Match::below),
        route("/api/v1/owners", "api_owners", &ApiPages::owners),
        state_route("/api/v1/history", "api_history", history_answer),
        state_route("/api/v1/events", "api_events", events_answer),
        state_route("/api/v1/failures", "api_failures", failures_answer),
        adding_route("/api/v1/pairs", "api_pairs", pairs_answer, &Actions::pair),
        adding_route("/api/v1/acks", "api_acks", acks_answer, &Actions::acknowledge),
        adding_route("/api/v1/marks", "api_marks", marks_answer, &Actions::mark),
        removing_route("/api/v1/pairs/", "api_pairs", &Actions::unpair),
        removing_route("/api/v1/acks/", "api_acks", &Actions::unacknowledge),
        removing_route("/api/v1/marks/", "api_marks", &Actions::unmark),
        route("/api/v1/openapi.json", "api_openapi", &ApiPages::openapi),
    };
}

void ApiPages::configure(api::Configuration configuration, const config::Config& config) {
    configuration_ = std::move(configuration);
    inventory_ = config.web.inventory;
    actions_.configure(config);
}

http::Route ApiPages::route(const char* path, const char* name, Handler handler, http::Match match) {
    return {{http::Method::get},
            path,
            name,
            [this, handler](const Request& request) {
                return guarded(request, [&](const Request& same) { return (this->*handler)(same); });
            },
            match};
}

http::Route ApiPages::state_route(const char* path, const char* name, StateWork work) {
    const auto handler = [this, work](const Request& request) {
        auto asked = Asked::from(request);
        if (!asked) return problem_of(asked.error());
        return worker_.ask([work, asked = *std::move(asked)](State& state, const JudgedBy& by) {
            return work(state, by, asked);
        });
    };
    return {{http::Method::get}, path, name, [this, handler](const Request& request) {
                return guarded(request, handler);
            }};
}

http::Route ApiPages::adding_route(const char* path, const char* name, StateWork work, Action add) {
    http::Route out = state_route(path, name, work);
    out.methods.push_back(http::Method::post);
    out.handler = [this, list = std::move(out.handler), add](const Request& request) {
        return request.method == http::Method::post ? (actions_.*add)(request) : list(request);
    };
    return out;
}

http::Route ApiPages::removing_route(const char* path, const char* name, Action remove) {
    const auto handler = [this, remove](const Request& request) { return (actions_.*remove)(request); };
    return {{http::Method::del}, path, name, handler, http::Match::below};
}

Response ApiPages::guarded(const Request& request,
                           const std::function<Response(const Request&)>& handler) const {
    if (auto refused = refuse_inventory(inventory_, request)) return *std::move(refused);
    return handler(request);
}

Response ApiPages::status(const Request& request) {
    if (!request.query.empty()) return no_parameters("There are no parameters here.");
    auto document = api::status(model_, database_now(model_, base::now()), "daemon");
    document.configuration = configuration_;
    return of_now(encode(document));
}

/// With ?require=SAFE it can be asked by a program that reads no more than the status.
Response ApiPages::verdict(const Request& request) {
    if (!request.query.empty() && request.query != kRequireSafe)
        return no_parameters("The only parameter here is require=SAFE.");
    auto document = api::verdict(model_, database_now(model_, base::now()), "daemon");
    document.configuration = configuration_;
    Response response = of_now(encode(document));
    if (!request.query.empty() && verdict_of(document.answer) != domain::Verdict::safe)
        response.status = kPreconditionFailed;
    return response;
}

Response ApiPages::sources(const Request& request) {
    const auto asked = Asked::from(request);
    if (!asked) return problem_of(asked.error());
    if (!asked->parameters.empty()) return no_parameters("The only parameter here is format.");
    api::List<api::SourceReport> list;
    list.items = api::status(model_, database_now(model_, base::now()), "daemon").sources;
    return list_answer(list, *asked);
}

Response ApiPages::hours(const Request& request) {
    const auto asked = Asked::from(request);
    if (!asked) return problem_of(asked.error());
    if (!asked->parameters.empty()) return no_parameters("The only parameter here is format.");
    api::List<api::Hour> list;
    list.items = api::hours(model_);
    return list_answer(list, *asked);
}

Response ApiPages::keys(const Request& request) {
    auto asked = Asked::from(request);
    if (!asked) return problem_of(asked.error());
    auto query = inventory::KeyQuery::parse(asked->parameters, database_now(model_, base::now()));
    if (!query) return problem_of(query.error());
    return worker_.ask_keys(
        [query = *std::move(query), asked = *std::move(asked)](State& state, const inventory::KeyIndex& index,
                                                               const JudgedBy& judged) -> Result<Response> {
            const auto page = key_page(state, index, query, judged);
            if (!page) return page.error();
            return list_answer(*page, asked);
        });
}

Response ApiPages::key(const Request& request) {
    auto asked = Asked::from(request);
    if (!asked) return problem_of(asked.error());
    if (!asked->parameters.empty()) return no_parameters("The only parameter here is format.");
    auto name = http::decode_path_part(request.path.substr(kKeyPath.size()));
    if (!name) return problem_of(name.error());
    return worker_.ask_keys([name = *std::move(name), asked = *std::move(asked)](
                                State& state, const inventory::KeyIndex& index, const JudgedBy& by) {
        return key_answer(state, index, by, name, asked);
    });
}

Response ApiPages::owners(const Request& request) {
    auto asked = Asked::from(request);
    if (!asked) return problem_of(asked.error());
    auto query = inventory::OwnerQuery::parse(asked->parameters);
    if (!query) return problem_of(query.error());
    return worker_.ask_keys(
        [query = *std::move(query), asked = *std::move(asked)](State&, const inventory::KeyIndex& index,
                                                               const JudgedBy& by) -> Result<Response> {
            return list_answer(owner_page(index, query, by), asked);
        });
}

Response ApiPages::openapi(const Request& request) {
    const auto asked = Asked::from(request);
    if (!asked) return problem_of(asked.error());
    return answer_with(api::openapi(base_), "application/json", *asked);
}

}  // namespace keyshift::daemon
