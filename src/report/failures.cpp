// SPDX-License-Identifier: Apache-2.0
#include "report/failures.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/people_time.hpp"
#include "report/append.hpp"
#include "report/escape.hpp"

namespace keyshift::report {
namespace {

using Row = FailuresBy;

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

void append_rows(std::string& out, const FailuresView& view) {
    const std::vector<Row>& rows = view.rows;
    const std::size_t most = view.most;
    const std::size_t count = most == 0 ? rows.size() : std::min(most, rows.size());
    const auto client = [](const Row& row) -> const std::string& { return row.client; };
    const auto path = [](const Row& row) -> const std::string& { return row.path; };
    const auto reason = [](const Row& row) { return std::string_view(row.reason); };
    const auto first = [&view](const Row& row) { return base::format_for_people(row.first, view.now); };
    const auto last = [&view](const Row& row) { return base::format_for_people(row.last, view.now); };
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
        append_right(out, rows[i].count, 10);
        out += "  ";
        append_cell(out, reason(rows[i]), reasons);
        append_cell(out, client(rows[i]), clients);
        append_cell(out, path(rows[i]), paths);
        append_cell(out, first(rows[i]), firsts);
        append_cell(out, last(rows[i]), lasts);
        append_visible(out, rows[i].user_agent.empty() ? "-" : rows[i].user_agent);
        out += '\n';
    }
    if (count == rows.size()) return;
    out += "  ... and ";
    append_count(out, rows.size() - count, "row");
    out += " more (--limit 0 shows all)\n";
}

}  // namespace

std::string failures_text(const FailuresView& view) {
    std::string out = "Failed authentications since ";
    out += base::format_for_people(view.since, view.now);
    out += ", by " + view.source + "\n";
    if (view.rows.empty()) return out + "\n  none\n";
    out += "\n";
    for (const FailuresOf& reason : view.reasons) {
        append_right(out, reason.count, 10);
        out += "  ";
        append_padded(out, reason.reason, 17);
        out += " from ";
        append_count(out, reason.clients, "client");
        out += '\n';
    }
    append_rows(out, view);
    return out;
}

}  // namespace keyshift::report
