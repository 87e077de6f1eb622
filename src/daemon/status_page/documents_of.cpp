// SPDX-License-Identifier: Apache-2.0
#include "daemon/status_page/documents_of.hpp"

#include <algorithm>
#include <utility>

#include "inventory/lists.hpp"
#include "page/answers/events.hpp"
#include "report/letters/template.hpp"

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

Result<api::KeyPage> failing_keys(State& state, const Result<const inventory::KeyIndex*>& index,
                                  const JudgedBy& by) {
    if (!index) return index.error();
    if (*index == nullptr) return api::KeyPage();
    KeyQuery query;
    query.phases.assign(domain::kLockedOut.begin(), domain::kLockedOut.end());
    query.order = inventory::KeyOrder::last_used;
    query.limit = kFailingShown;
    return key_page(state, **index, query, by);
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

/// Of a key without owner itself alone.
std::vector<api::Key> keys_of_owner(State& state, const inventory::KeyIndex& index, const JudgedBy& by,
                                    const api::Key& key) {
    if (!key.owner) return {key};
    KeyQuery query;
    query.owner = key.owner;
    query.limit = report::kKeysListed;
    const auto page = key_page(state, index, query, by);
    return page ? page->items : std::vector<api::Key>{key};
}

void add_to(report::Letter& letter, const api::Key& key, const JudgedBy& by) {
    const auto phase = key.phase ? domain::parse_phase(*key.phase) : std::nullopt;
    if (!phase) return;
    report::KeyPhase standing;
    standing.phase = *phase;
    if (key.replacement) standing.rule = domain::PairRule::name;  // there is one: which rule is not asked
    standing.use_upgrades = by.promotes_in_place && by.fallback != domain::FallbackMode::absent;
    standing.used = key.last_used_at && *key.last_used_at > by.now - by.windows.drain;
    // One that was deleted while in use has stopped working, too.
    const report::Ask ask = *phase == Phase::retired_in_use ? report::Ask::replace_now
                                                            : report::ask_of(standing, by.promotes_in_place);
    letter.add({key.name.value_or(""), key.prefix, key.id, key.created_at, key.last_used_at, ask});
}

}  // namespace

page::Overview read_overview(State& state, const Result<const inventory::KeyIndex*>& index,
                             const JudgedBy& by, std::string since) {
    since = page::known_since(since);
    auto events = events_since(state, by, since);
    auto past = past_of(state, events ? events->items : std::vector<api::Event>());
    return {failing_keys(state, index, by),
            failures_of(state, by),
            std::move(past),
            std::move(events),
            std::move(since),
            {},
            {}};
}

std::string letter_about(State& state, const inventory::KeyIndex& index, const JudgedBy& by,
                         const api::Key& key, const std::string& address, const report::LetterFacts& facts) {
    report::Letter letter;
    letter.owner = key.owner.value_or("");
    letter.address = address;
    for (const api::Key& each : keys_of_owner(state, index, by, key)) add_to(letter, each, by);
    if (letter.asked == 0) return {};
    static const auto wording = report::LetterTemplate::parse(report::LetterTemplate::usual());
    return "Subject: " + wording->subject(letter, facts) + "\n\n" + wording->text(letter, facts);
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
