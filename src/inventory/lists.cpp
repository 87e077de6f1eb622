// SPDX-License-Identifier: Apache-2.0
#include "inventory/lists.hpp"

#include <algorithm>
#include <map>
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
                              std::string(event_label(client.reason)), client.client, client.since,
                              client.before, client.first_at, client.last_at});
    }
}

std::optional<std::string> name_of(const std::optional<domain::Phase>& phase) {
    return phase ? std::optional(std::string(phase_name(*phase))) : std::nullopt;
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

Result<TimeQuery> TimeQuery::parse(const Parameters& parameters, base::Time now) {
    TimeQuery query;
    for (const auto& [name, text] : parameters) {
        if (name == "since") {
            const auto since = parse_since(text, now);
            if (!since) return since.error();
            query.since = *since;
        } else if (name == "limit") {
            const auto limit = parse_limit(text);
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
        api::Event& item = out.items.emplace_back();
        item.id = static_cast<std::uint64_t>(event.id);
        item.at = event.at;
        item.kind = event.kind;
        item.was = name_of(event.was);
        item.phase = name_of(event.phase);
        item.keys = event.keys;
        item.detail = event.detail;
        if (!event.row) continue;
        const auto texts = state.load_texts(*event.row);
        if (!texts) return texts.error();
        if (!*texts) continue;
        item.key = (*texts)->id;
        if (!(*texts)->owner.empty()) item.owner = (*texts)->owner;
    }
    return out;
}

Result<api::List<api::FailingClient>> failures(store::State& state, const TimeQuery& query) {
    const auto loaded = state.load_failures(query.since);
    if (!loaded) return loaded.error();
    api::List<api::FailingClient> out;
    for (const auto& [source, tally] : *loaded) {
        std::map<std::tuple<domain::Event, std::string, std::string, std::string>, api::FailingClient> sums;
        for (const auto& [kind, times] : tally.kinds()) {
            api::FailingClient& sum = sums[{kind.reason, kind.client, kind.user_agent, kind.path}];
            if (sum.failures == 0) {
                sum = {source,      std::string(event_label(kind.reason)),
                       kind.client, kind.user_agent,
                       kind.path,   0,
                       times.first, times.last};
            }
            sum.failures += times.count;
            sum.first_at = std::min(sum.first_at, times.first);
            sum.last_at = std::max(sum.last_at, times.last);
        }
        for (auto& [kind, sum] : sums) out.items.push_back(std::move(sum));
    }
    std::stable_sort(out.items.begin(), out.items.end(),
                     [](const auto& a, const auto& b) { return a.failures > b.failures; });
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
