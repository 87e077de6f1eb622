// SPDX-License-Identifier: Apache-2.0
#include "inventory/lists.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "domain/counts/event.hpp"
#include "domain/counts/log_facts.hpp"
#include "domain/marks/effect.hpp"
#include "inventory/cursor_text.hpp"

namespace keyshift::inventory {
namespace {

using base::Errc;
using base::Error;
using base::Result;

constexpr std::string_view kByTime = "time";

std::string time_cursor(std::int64_t last) {
    return cursor_text(kByTime, {std::to_string(last)});
}

/// A time, or a duration before `now`.
Result<base::Time> parse_since(const std::string& text, base::Time now) {
    if (const auto time = base::parse_rfc3339(text)) return *time;
    const auto span = base::parse_duration(text);
    if (span && *span >= base::Duration::zero()) return now - *span;
    return Error{Errc::usage, "since is neither a duration nor a time",
                 "write for example 24h, 30d or 2026-01-10T00:00:00Z"};
}

api::Mark mark_item(const domain::Mark& mark) {
    api::Mark out;
    out.id = static_cast<std::uint64_t>(mark.id);
    out.kind = mark_name(mark.kind);
    out.at = mark.at;
    out.by = mark.by;
    out.note = mark.note;
    return out;
}

api::MarkedSource marked_source(const domain::MarkedSource& source) {
    api::MarkedSource out{source.base.source, source.base.read_at, source.now.read_at, {}};
    for (std::size_t i = 0; i < domain::kFailureReasons; ++i) {
        if (source.now.counts.at(i) > source.base.counts.at(i))
            out.failures[std::string(event_label(after(domain::kFirstFailure, i)))] =
                source.now.counts.at(i) - source.base.counts.at(i);
    }
    return out;
}

void add_effect(const domain::MarkWindow& window, base::Time now, api::Mark& to) {
    domain::MarkEffect effect = effect_of(window, now);
    if (window.end) to.ended_at = window.end->at;
    to.answer = answer_name(effect.answer);
    to.summary = sentence(window, effect);
    to.settled = window.settled;
    to.why_unknown = std::move(effect.why);
    to.new_clients = effect.new_clients;
    to.known_clients = effect.known_clients;
    for (const domain::MarkedSource& source : window.sources) to.sources.push_back(marked_source(source));
    for (const auto& [client, novelty] : effect.clients) {
        if (to.clients.size() == api::Mark::kMostClients) break;
        to.clients.push_back({std::string(novelty_name(novelty)), client.source,
                              std::string(event_label(client.reason)), client.client,
                              domain::key_of_client(client.client), client.since, client.before,
                              client.first_at, client.last_at});
    }
}

std::optional<std::string> name_of(const std::optional<domain::Phase>& phase) {
    return phase ? std::optional(std::string(phase_name(*phase))) : std::nullopt;
}

/// With the texts of a key that the journal still knows.
Result<api::Event> item_of(store::State& state, const store::Event& event) {
    api::Event item;
    item.id = static_cast<std::uint64_t>(event.id);
    item.at = event.at;
    item.kind = event.kind;
    item.was = name_of(event.was);
    item.phase = name_of(event.phase);
    item.keys = event.keys;
    item.detail = event.detail;
    if (!event.row) return item;
    const auto texts = state.load_texts(*event.row);
    if (!texts) return texts.error();
    if (!*texts) return item;
    item.key = (*texts)->id;
    if (!(*texts)->owner.empty()) item.owner = (*texts)->owner;
    return item;
}

template <class Sum>
void add(Sum& to, const domain::FailureTimes& times) {
    to.first_at = to.failures == 0 ? times.first : std::min(to.first_at, times.first);
    to.last_at = to.failures == 0 ? times.last : std::max(to.last_at, times.last);
    to.failures += times.count;
}

template <class Sum>
bool is_more(const Sum& a, const Sum& b) {
    return std::pair(a.failures, a.last_at) > std::pair(b.failures, b.last_at);
}

/// The minutes put together.
void append_clients(const std::string& source, const domain::FailureTally& tally,
                    std::vector<api::FailingClient>& out) {
    std::map<std::tuple<domain::Event, std::string, std::string, std::string>, api::FailingClient> sums;
    for (const auto& [kind, times] : tally.kinds()) {
        const api::FailingClient none{source,          std::string(event_label(kind.reason)),
                                      kind.client,     domain::key_of_client(kind.client),
                                      kind.user_agent, kind.path};
        add(sums.try_emplace({kind.reason, kind.client, kind.user_agent, kind.path}, none).first->second,
            times);
    }
    for (auto& [kind, sum] : sums) out.push_back(std::move(sum));
}

void append_reasons(const std::string& source, const domain::FailureTally& tally,
                    std::vector<api::FailureReason>& out) {
    std::map<domain::Event, std::pair<api::FailureReason, std::set<std::string_view>>> sums;
    for (const auto& [kind, times] : tally.kinds()) {
        auto& [sum, clients] = sums[kind.reason];
        sum.source = source;
        sum.reason = event_label(kind.reason);
        add(sum, times);
        if (!kind.client.empty()) clients.insert(kind.client);
    }
    for (auto& [reason, found] : sums) {
        found.first.clients = found.second.size();
        out.push_back(std::move(found.first));
    }
}

}  // namespace

api::PairDecision pair_decision(const store::OperatorPair& pair) {
    return {pair.legacy, pair.replacement, pair.at, pair.by};
}

api::AckDecision ack_decision(const store::Acknowledgement& acknowledgement) {
    return {acknowledgement.id, acknowledgement.at, acknowledgement.by, acknowledgement.note};
}

api::HistoryPoint history_point(const store::ProgressPoint& point) {
    return {point.at, point.live, point.removed, point.drained};
}

Result<TimeQuery> TimeQuery::parse(const Parameters& parameters, base::Time now, std::size_t most) {
    TimeQuery query;
    for (const auto& [name, text] : parameters) {
        if (name == "since") {
            const auto since = parse_since(text, now);
            if (!since) return since.error();
            query.since = *since;
        } else if (name == "limit") {
            const auto limit = parse_limit(text, most);
            if (!limit) return limit.error();
            query.limit = *limit;
        } else if (name == "cursor") {
            const auto parts = parse_cursor_text(text, kByTime, 1);
            const auto last = parts ? whole_number(parts->front(), INT64_MAX) : std::nullopt;
            if (!last) return bad_cursor();
            query.after = static_cast<std::int64_t>(*last);
        } else {
            return Error{Errc::usage, "there is no such parameter",
                         "there are since, limit, cursor and format"};
        }
    }
    return query;
}

Result<api::List<api::HistoryPoint>> history(store::State& state, const TimeQuery& query) {
    base::Time since = query.since;
    if (query.after) since = std::max(since, base::Time{base::Duration{*query.after + 1}});
    const auto points = state.load_progress(since, query.limit + 1);
    if (!points) return points.error();
    api::List<api::HistoryPoint> out;
    for (const store::ProgressPoint& point : *points) {
        if (out.items.size() == query.limit) {
            out.next = time_cursor(out.items.back().at.time_since_epoch().count());
            break;
        }
        out.items.push_back(history_point(point));
    }
    return out;
}

Result<api::List<api::Event>> events(store::State& state, const TimeQuery& query) {
    const auto loaded = state.load_events(query.limit + 1, query.since, query.after);
    if (!loaded) return loaded.error();
    api::List<api::Event> out;
    for (const store::Event& event : *loaded) {
        if (out.items.size() == query.limit) {
            out.next = time_cursor(static_cast<std::int64_t>(out.items.back().id));
            break;
        }
        auto item = item_of(state, event);
        if (!item) return item.error();
        out.items.push_back(*std::move(item));
    }
    return out;
}

Result<NewEvents> new_events(store::State& state, std::int64_t after, std::size_t limit) {
    const auto loaded = state.load_new_events(after, limit);
    if (!loaded) return loaded.error();
    NewEvents out{{}, loaded->count, loaded->newest};
    for (const store::Event& event : loaded->first) {
        auto item = item_of(state, event);
        if (!item) return item.error();
        out.first.push_back(*std::move(item));
    }
    return out;
}

Result<api::FailureList> failures(store::State& state, const TimeQuery& query,
                                  std::vector<api::FailureSource> logs) {
    const auto loaded = state.load_failures(query.since);
    if (!loaded) return loaded.error();
    api::FailureList out;
    out.since = query.since;
    out.sources = std::move(logs);
    for (const auto& [source, tally] : *loaded) {
        append_clients(source, tally, out.items);
        append_reasons(source, tally, out.reasons);
    }
    const auto most_first = [](const auto& a, const auto& b) { return is_more(a, b); };
    std::stable_sort(out.items.begin(), out.items.end(), most_first);
    std::stable_sort(out.reasons.begin(), out.reasons.end(), most_first);
    out.total = out.items.size();
    if (out.items.size() > query.limit) out.items.resize(query.limit);
    return out;
}

Result<api::List<api::PairDecision>> pairs(store::State& state) {
    const auto decisions = state.load_decisions();
    if (!decisions) return decisions.error();
    api::List<api::PairDecision> out;
    for (const store::OperatorPair& pair : decisions->pairs) out.items.push_back(pair_decision(pair));
    std::stable_sort(out.items.begin(), out.items.end(),
                     [](const auto& a, const auto& b) { return a.at < b.at; });
    return out;
}

Result<api::List<api::AckDecision>> acks(store::State& state) {
    const auto decisions = state.load_decisions();
    if (!decisions) return decisions.error();
    api::List<api::AckDecision> out;
    for (const store::Acknowledgement& ack : decisions->acknowledgements)
        out.items.push_back(ack_decision(ack));
    std::stable_sort(out.items.begin(), out.items.end(),
                     [](const auto& a, const auto& b) { return a.at < b.at; });
    return out;
}

Result<api::List<api::Mark>> marks(store::State& state) {
    const auto marks = state.load_marks();
    if (!marks) return marks.error();
    const auto windows = state.load_mark_windows();
    if (!windows) return windows.error();
    api::List<api::Mark> out;
    for (const domain::Mark& mark : *marks) {
        api::Mark& item = out.items.emplace_back(mark_item(mark));
        for (const domain::MarkWindow& window : *windows)
            if (window.mark.id == mark.id) add_effect(window, base::now(), item);
    }
    return out;
}

}  // namespace keyshift::inventory
