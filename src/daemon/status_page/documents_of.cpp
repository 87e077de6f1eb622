// SPDX-License-Identifier: Apache-2.0
#include "daemon/status_page/documents_of.hpp"

#include <algorithm>
#include <utility>

#include "inventory/lists.hpp"
#include "page/answers/events.hpp"

namespace keyshift::daemon {
namespace {

using base::Result;
using domain::Phase;
using inventory::JudgedBy;
using inventory::KeyQuery;
using inventory::TimeQuery;
using store::State;
using namespace std::chrono_literals;

constexpr std::size_t kFailingShown = 50;
constexpr std::size_t kClientsShown = 20;
constexpr std::size_t kEventsShown = 50;
constexpr std::size_t kMostPoints = 100'000;

Result<api::KeyPage> failing_keys(State& state, const inventory::KeyIndex* index, const JudgedBy& by) {
    if (index == nullptr) return api::KeyPage();
    KeyQuery query;
    query.phases = {Phase::stranded, Phase::retired_in_use};
    query.order = inventory::KeyOrder::last_used;
    query.limit = kFailingShown;
    return key_page(state, *index, query, by);
}

Result<page::Past> past_of(State& state, const std::vector<api::Event>& events) {
    TimeQuery query;
    query.limit = kMostPoints;
    auto points = inventory::history(state, query);
    if (!points) return points.error();
    auto marks = inventory::marks(state);
    if (!marks) return marks.error();
    return page::Past{std::move(points->items), std::move(marks->items), events};
}

Result<api::FailureList> failures_of(State& state, const JudgedBy& by) {
    TimeQuery query;
    query.since = by.now - 1h;
    query.limit = kClientsShown;
    return inventory::failures(state, query, by.failure_logs);
}

Result<api::List<api::Event>> events_since(State& state, const JudgedBy& by, const std::string& since) {
    TimeQuery query;
    query.since = by.now - base::parse_duration(since).value_or(24h);
    query.limit = kEventsShown;
    return inventory::events(state, query);
}

/// Takes the value of `name` into `to`.
void take(const inventory::Parameters& parameters, std::string_view name, std::string& to) {
    for (const auto& [known, value] : parameters)
        if (known == name) to = value;
}

}  // namespace

page::Overview read_overview(State& state, const inventory::KeyIndex* index, const JudgedBy& by,
                             std::string since) {
    since = page::known_since(since);
    auto events = events_since(state, by, since);
    auto past = past_of(state, events ? events->items : std::vector<api::Event>());
    return {failing_keys(state, index, by), failures_of(state, by), std::move(past), std::move(events),
            std::move(since)};
}

std::vector<api::Key> keys_of_owner(State& state, const inventory::KeyIndex& index, const JudgedBy& by,
                                    const api::Key& key) {
    constexpr std::size_t kMostInLetter = 100;
    if (!key.owner) return {key};
    KeyQuery query;
    query.owner = key.owner;
    query.limit = kMostInLetter;
    const auto page = key_page(state, index, query, by);
    return page ? page->items : std::vector<api::Key>{key};
}

page::KeysAsked keys_asked(const inventory::Parameters& parameters) {
    page::KeysAsked asked;
    take(parameters, "phase", asked.phase);
    take(parameters, "search", asked.search);
    take(parameters, "sort", asked.sort);
    take(parameters, "cursor", asked.cursor);
    take(parameters, "owner", asked.owner);
    asked.by_owner = std::any_of(parameters.begin(), parameters.end(),
                                 [](const auto& each) { return each.first == "owner"; });
    return asked;
}

page::OwnersAsked owners_asked(const inventory::Parameters& parameters) {
    page::OwnersAsked asked;
    take(parameters, "search", asked.search);
    take(parameters, "sort", asked.sort);
    take(parameters, "cursor", asked.cursor);
    return asked;
}

inventory::Parameters without_empty(inventory::Parameters parameters) {
    std::erase_if(parameters, [](const auto& each) { return each.second.empty() && each.first != "owner"; });
    return parameters;
}

}  // namespace keyshift::daemon
