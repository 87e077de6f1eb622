// SPDX-License-Identifier: Apache-2.0
#include "daemon/status_page/status_pages.hpp"

#include <memory>
#include <set>

#include "api/hours.hpp"
#include "api/status.hpp"
#include "config/presets/preset.hpp"
#include "daemon/api/access.hpp"
#include "daemon/status_page/documents_of.hpp"
#include "daemon/status_page/html_answers.hpp"
#include "formats/text/json_tree.hpp"
#include "http/query.hpp"
#include "inventory/owners.hpp"

namespace keyshift::daemon {
namespace {

using base::Result;
using http::Request;
using http::Response;
using inventory::JudgedBy;
using inventory::KeyIndex;
using store::State;

constexpr std::string_view kKeyPath = "/keys/";
constexpr std::size_t kItems = 50;
constexpr int kUnavailable = 503;

/// What the worker's refusal says, for people.
base::Error error_of(const Response& refused) {
    const auto tree = formats::parse_json(refused.body);
    const formats::JsonTree* const detail = tree ? tree->find("detail") : nullptr;
    return {base::Errc::other, detail != nullptr ? detail->text : "the state cannot be read now", {}};
}

/// Of what may have been sent as a form.
inventory::Parameters parameters_of(const Request& request) {
    auto parsed = http::parse_query(request.query);
    return parsed ? without_empty(*std::move(parsed)) : inventory::Parameters();
}

std::vector<std::string> owners_of(const std::vector<api::Key>& keys) {
    std::set<std::string> owners;
    for (const api::Key& key : keys)
        if (key.owner) owners.insert(*key.owner);
    return {owners.begin(), owners.end()};
}

struct KeyAnswer {
    page::Common common;
    std::string name;
    report::LetterFacts facts;
    AddressBook& addresses;

    Result<Response> operator()(State& state, const KeyIndex& index, const JudgedBy& by) const {
        const auto rows = rows_named(index, name);
        const auto found = keys_of_rows(state, rows, by);
        if (!found) return found.error();
        if (found->items.size() != 1)
            return html_answer(found->items.empty() ? 404 : 300, which_key(common, name, found->items));
        const auto details = key_details(state, found->items.front().id, by);
        if (!details) return details.error();
        if (!*details) return html_answer(404, which_key(common, name, {}));
        page::KeyExtras extras;
        if ((*details)->owner) {
            const auto known = addresses.known({*(*details)->owner});
            if (!known.empty()) extras.address = known.begin()->second;
        }
        extras.letter = letter_about(state, index, by, **details, extras.address, facts);
        return html_answer(200, key(common, **details, extras));
    }
};

}  // namespace

void StatusPages::configure(const config::Config& config) {
    inventory_ = config.web.inventory;
    actions_ = config.web.actions;
    create_request_ = config::facts_of(config.gateway.preset).requests.create;
    addresses_.configure(config);
}

std::vector<http::Route> StatusPages::routes(http::Handler index) {
    http::Route overview = route("/", "index", &StatusPages::overview);
    overview.handler = [index = std::move(index),
                        page = std::move(overview.handler)](const Request& request) {
        if (reads_html(request)) return page(request);
        Response response = index(request);
        response.headers.emplace_back("Vary", "Accept");
        return response;
    };
    return {std::move(overview),
            route("/keys", "page", &StatusPages::keys),
            route(kKeyPath.data(), "page", &StatusPages::key, http::Match::below),
            route("/owners", "page", &StatusPages::owners),
            {{http::Method::get}, "/assets/", "page", asset_answer, http::Match::below}};
}

http::Route StatusPages::route(const char* path, const char* name, Handler handler, http::Match match) {
    return {{http::Method::get},
            path,
            name,
            [this, handler](const Request& request) { return guarded(request, handler); },
            match};
}

Response StatusPages::guarded(const Request& request, Handler handler) {
    const auto refused = refuse_inventory(inventory_, request);
    if (!refused) return (this->*handler)(request);
    Response response = html_answer(refused->status, page::refusal(refused->status, error_of(*refused).what));
    // Such as the one that makes a browser ask for a password.
    for (const auto& header : refused->headers) response.headers.push_back(header);
    return response;
}

page::Common StatusPages::common(const Request& request) const {
    return {api::status(model_, database_now(model_, base::now()), "daemon"),
            {std::string(request.user), actions_ && !request.user.empty()}};
}

Response StatusPages::keys_answer(InventoryWorker::KeyWork work, Unread unread) {
    const auto meanwhile = [unread](State&, const JudgedBy&) -> Result<Response> {
        return unread(page::being_read());
    };
    return or_else(worker_.ask_keys(std::move(work), meanwhile),
                   [unread](const Response& refused) { return unread(error_of(refused)); });
}

Response StatusPages::overview(const Request& request) {
    const page::Common shown = common(request);
    const auto hours = api::hours(model_);
    std::string since;
    for (const auto& [name, value] : parameters_of(request))
        if (name == "since") since = value;
    const auto answer = [=, this](State& state, const Result<const KeyIndex*>& index,
                                  const JudgedBy& by) -> Result<Response> {
        page::Overview read = read_overview(state, index, by, since);
        if (read.failing) read.addresses = addresses_.known(owners_of(read.failing->items));
        read.hours = hours;
        return html_answer(200, page::overview(shown, read));
    };
    // The index of all keys costs memory: it is wanted only where there is something to look up.
    const bool any_failing = api::locked_out(shown.status) > 0;
    const auto without_keys = [=](State& state, const JudgedBy& by) {
        return answer(state, any_failing ? page::being_read() : Result<const KeyIndex*>(nullptr), by);
    };
    Response asked =
        any_failing ? worker_.ask_keys([answer](State& state, const KeyIndex& index,
                                                const JudgedBy& by) { return answer(state, &index, by); },
                                       without_keys)
                    : worker_.ask(without_keys);
    return or_else(std::move(asked), [shown, hours](const Response& refused) {
        return html_answer(200, page::overview(shown, page::without_state(error_of(refused), hours)));
    });
}

Response StatusPages::keys(const Request& request) {
    const page::Common shown = common(request);
    const auto parameters = parameters_of(request);
    const page::KeysAsked asked = keys_asked(parameters);
    auto query = inventory::KeyQuery::parse(parameters, database_now(model_, base::now()));
    if (!query) return html_answer(400, page::keys(shown, asked, query.error()));
    query->limit = kItems;
    const auto unread = [=](const base::Error& error) {
        return html_answer(kUnavailable, page::keys(shown, asked, error));
    };
    return keys_answer(
        [=](State& state, const KeyIndex& index, const JudgedBy& by) -> Result<Response> {
            return html_answer(200, page::keys(shown, asked, key_page(state, index, *query, by)));
        },
        unread);
}

Response StatusPages::key(const Request& request) {
    const page::Common shown = common(request);
    auto name = http::decode_path_part(request.path.substr(kKeyPath.size()));
    if (!name) return html_answer(404, page::which_key(shown, "this address", {}));
    const report::LetterFacts facts{shown.status.at, model_.policy.deadline, create_request_};
    return keys_answer(KeyAnswer{shown, *std::move(name), facts, addresses_}, [=](const base::Error& error) {
        return html_answer(kUnavailable, page::unread_key(shown, error));
    });
}

Response StatusPages::owners(const Request& request) {
    const page::Common shown = common(request);
    const auto parameters = parameters_of(request);
    const page::OwnersAsked asked = owners_asked(parameters);
    auto query = inventory::OwnerQuery::parse(parameters);
    if (!query) return html_answer(400, page::owners(shown, asked, query.error()));
    query->limit = kItems;
    const auto unread = [=](const base::Error& error) {
        return html_answer(kUnavailable, page::owners(shown, asked, error));
    };
    return keys_answer(
        [=](State&, const KeyIndex& index, const JudgedBy& by) -> Result<Response> {
            return html_answer(200, page::owners(shown, asked, owner_page(index, *query, by)));
        },
        unread);
}

}  // namespace keyshift::daemon
