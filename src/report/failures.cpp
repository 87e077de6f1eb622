// SPDX-License-Identifier: Apache-2.0
#include "report/failures.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/people_time.hpp"
#include "report/append.hpp"
#include "report/escape.hpp"

namespace keyshift::report {
namespace {

using domain::Event;
using domain::FailureKind;
using domain::FailureTimes;

struct Row {
    FailureKind kind;
    FailureTimes times;
};

struct Reason {
    Event event;
    FailureTimes times;
    std::set<std::string> clients;
};

void add(FailureTimes& to, const FailureTimes& times) {
    to.first = to.count == 0 ? times.first : std::min(to.first, times.first);
    to.last = to.count == 0 ? times.last : std::max(to.last, times.last);
    to.count += times.count;
}

bool is_more(const FailureTimes& a, const FailureTimes& b) {
    return std::pair(a.count, a.last) > std::pair(b.count, b.last);
}

/// Without the minutes, most frequent first.
std::vector<Row> rows_of(const FailuresView& view) {
    std::map<FailureKind, FailureTimes> sums;
    for (const auto& [exact, times] : view.failures->kinds()) {
        FailureKind kind = exact;
        kind.minute = 0;
        add(sums[kind], times);
    }
    std::vector<Row> rows;
    for (const auto& [kind, times] : sums) rows.push_back({kind, times});
    std::stable_sort(rows.begin(), rows.end(),
                     [](const Row& a, const Row& b) { return is_more(a.times, b.times); });
    return rows;
}

std::vector<Reason> reasons_of(const std::vector<Row>& rows) {
    std::map<Event, Reason> sums;
    for (const Row& row : rows) {
        Reason& reason = sums.try_emplace(row.kind.reason, Reason{row.kind.reason, {}, {}}).first->second;
        add(reason.times, row.times);
        if (!row.kind.client.empty()) reason.clients.insert(row.kind.client);
    }
    std::vector<Reason> reasons;
    for (const auto& [event, reason] : sums) reasons.push_back(reason);
    std::stable_sort(reasons.begin(), reasons.end(),
                     [](const Reason& a, const Reason& b) { return is_more(a.times, b.times); });
    return reasons;
}

void append_right(std::string& out, std::uint64_t number, std::size_t width) {
    std::string digits;
    append_number(digits, number);
    if (digits.size() < width) out.append(width - digits.size(), ' ');
    out += digits;
}

void append_cell(std::string& out, std::string_view text, std::size_t width) {
    append_padded(out, text.empty() ? std::string_view("-") : text, width);
    out += "  ";
}

/// As wide as the widest of them is shown, within bounds.
template <class Text>
std::size_t width_of(const std::vector<Row>& rows, std::size_t count, std::size_t least, const Text& text) {
    std::size_t width = least;
    for (std::size_t i = 0; i < count; ++i) {
        std::string shown;
        width = std::max(width, append_visible(shown, text(rows[i])));
    }
    return std::min(width, std::size_t{60});
}

void append_rows(std::string& out, const std::vector<Row>& rows, const FailuresView& view) {
    const std::size_t most = view.most;
    const std::size_t count = most == 0 ? rows.size() : std::min(most, rows.size());
    const auto client = [](const Row& row) -> const std::string& { return row.kind.client; };
    const auto path = [](const Row& row) -> const std::string& { return row.kind.path; };
    const auto reason = [](const Row& row) { return event_label(row.kind.reason); };
    const auto first = [&view](const Row& row) { return base::format_for_people(row.times.first, view.now); };
    const auto last = [&view](const Row& row) { return base::format_for_people(row.times.last, view.now); };
    const std::size_t reasons = width_of(rows, count, 6, reason);
    const std::size_t clients = width_of(rows, count, 6, client);
    const std::size_t paths = width_of(rows, count, 4, path);
    const std::size_t firsts = width_of(rows, count, 5, first);
    const std::size_t lasts = width_of(rows, count, 4, last);
    out += "\n     COUNT  ";
    append_cell(out, "REASON", reasons);
    append_cell(out, "CLIENT", clients);
    append_cell(out, "PATH", paths);
    append_cell(out, "FIRST", firsts);
    append_cell(out, "LAST", lasts);
    out += "USER AGENT\n";
    for (std::size_t i = 0; i < count; ++i) {
        append_right(out, rows[i].times.count, 10);
        out += "  ";
        append_cell(out, reason(rows[i]), reasons);
        append_cell(out, client(rows[i]), clients);
        append_cell(out, path(rows[i]), paths);
        append_cell(out, first(rows[i]), firsts);
        append_cell(out, last(rows[i]), lasts);
        append_visible(out, rows[i].kind.user_agent.empty() ? "-" : rows[i].kind.user_agent);
        out += '\n';
    }
    if (count == rows.size()) return;
    out += "  ... and ";
    append_count(out, rows.size() - count, "row");
    out += " more (--limit 0 shows all)\n";
}

void write_times(base::JsonWriter& json, const FailureTimes& times) {
    json.key("count").value(times.count);
    json.key("first").value(times.first);
    json.key("last").value(times.last);
}

void write_text(base::JsonWriter& json, std::string_view name, const std::string& text) {
    json.key(name);
    text.empty() ? json.null() : json.value(text);
}

}  // namespace

std::string failures_text(const FailuresView& view) {
    const auto rows = rows_of(view);
    std::string out = "Failed authentications since ";
    out += base::format_for_people(view.since, view.now);
    out += ", by " + view.source + "\n";
    if (rows.empty()) return out + "\n  none\n";
    out += "\n";
    for (const Reason& reason : reasons_of(rows)) {
        append_right(out, reason.times.count, 10);
        out += "  ";
        append_padded(out, event_label(reason.event), 17);
        out += " from ";
        append_count(out, reason.clients.size(), "client");
        out += '\n';
    }
    append_rows(out, rows, view);
    return out;
}

std::string failures_json(const FailuresView& view) {
    const auto rows = rows_of(view);
    base::JsonWriter json;
    json.begin_object();
    json.key("source").value(view.source);
    json.key("since").value(view.since);
    json.key("until").value(view.now);
    json.key("reasons").begin_array();
    for (const Reason& reason : reasons_of(rows)) {
        json.begin_object();
        json.key("reason").value(event_label(reason.event));
        json.key("clients").value(reason.clients.size());
        write_times(json, reason.times);
        json.end_object();
    }
    json.end_array();
    json.key("failures").begin_array();
    for (const Row& row : rows) {
        json.begin_object();
        json.key("reason").value(event_label(row.kind.reason));
        write_text(json, "client", row.kind.client);
        write_text(json, "path", row.kind.path);
        write_text(json, "user_agent", row.kind.user_agent);
        write_times(json, row.times);
        json.end_object();
    }
    json.end_array().end_object();
    return json.take() + "\n";
}

std::string failures_csv(const FailuresView& view) {
    std::string out = "reason,count,client,path,user_agent,first,last\r\n";
    for (const Row& row : rows_of(view)) {
        out += event_label(row.kind.reason);
        out += ',';
        append_number(out, row.times.count);
        for (const std::string* const text : {&row.kind.client, &row.kind.path, &row.kind.user_agent}) {
            out += ',';
            if (!text->empty()) append_csv_text(out, *text);
        }
        out += ',';
        base::append_rfc3339(out, row.times.first);
        out += ',';
        base::append_rfc3339(out, row.times.last);
        out += "\r\n";
    }
    return out;
}

}  // namespace keyshift::report
