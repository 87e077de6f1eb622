// SPDX-License-Identifier: Apache-2.0
#include "inventory/owners.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/ascii.hpp"
#include "inventory/cursor_text.hpp"

namespace keyshift::inventory {
namespace {

using base::Errc;
using base::Error;
using base::Result;

struct Sum {
    std::uint32_t owner = 0;  ///< its rank
    std::uint64_t keys = 0;
    std::uint64_t gone = 0;
    std::uint32_t last_used = 0;
    std::array<std::uint64_t, domain::kPhases.size()> phases{};
};

std::vector<Sum> sums_of(const KeyIndex& index) {
    std::vector<Sum> sums(index.owners().size() + 1);
    for (std::size_t rank = 0; rank < sums.size(); ++rank)
        sums[rank].owner = static_cast<std::uint32_t>(rank);
    for (const KeyRecord& record : index.records()) {
        Sum& sum = sums[record.owner];
        const bool gone = record.phase && !is_live(*record.phase);
        ++(gone ? sum.gone : sum.keys);
        if (!gone) sum.last_used = std::max(sum.last_used, record.last_used);
        if (record.phase) ++sum.phases.at(static_cast<std::size_t>(*record.phase));
    }
    return sums;
}

std::uint64_t sum_value(const Sum& sum, OwnerOrder order) {
    return order == OwnerOrder::keys ? sum.keys : order == OwnerOrder::last_used ? sum.last_used : 0;
}

constexpr std::array<std::pair<std::string_view, OwnerOrder>, 3> kOwnerOrders{
    {{"keys", OwnerOrder::keys}, {"owner", OwnerOrder::owner}, {"last_used", OwnerOrder::last_used}}};

std::string owner_sort_text(const OwnerQuery& query) {
    std::string out = query.descending ? "-" : "";
    for (const auto& [name, order] : kOwnerOrders)
        if (order == query.order) out += name;
    return out;
}

Error bad_owner_parameter(const char* what, const char* hint) {
    return {Errc::usage, what, hint};
}

Result<void> read_owner_parameter(const std::string& name, std::string_view text, OwnerQuery& query) {
    if (name == "search") {
        query.search = text;
    } else if (name == "gone") {
        if (text != "yes" && text != "no")
            return bad_owner_parameter("gone is neither yes nor no", "write one");
        query.gone = text == "yes";
    } else if (name == "limit") {
        const auto limit = parse_limit(text, kMostLimit);
        if (!limit) return limit.error();
        query.limit = *limit;
    } else if (name == "sort") {
        query.descending = text.starts_with('-');
        if (query.descending) text.remove_prefix(1);
        const auto* const found = std::find_if(kOwnerOrders.begin(), kOwnerOrders.end(),
                                               [&](const auto& one) { return one.first == text; });
        if (found == kOwnerOrders.end())
            return bad_owner_parameter("sort names no order",
                                       "write keys, owner or last_used, with - before it: backwards");
        query.order = found->second;
    } else if (name != "cursor") {
        return bad_owner_parameter("there is no such parameter",
                                   "there are search, gone, sort, limit, cursor and format");
    }
    return {};
}

Result<OwnerCursor> parse_owner_cursor(const std::string& text, const OwnerQuery& query) {
    const auto parts = parse_cursor_text(text, owner_sort_text(query), 2);
    if (!parts) return parts.error();
    OwnerCursor cursor;
    const auto value = whole_number(parts->at(0), UINT64_MAX);
    if (!value) return bad_cursor();
    cursor.value = *value;
    const std::string& owner = parts->at(1);
    if (owner == "n") return cursor;
    cursor.owner = owner.starts_with('o') ? from_hex(std::string_view(owner).substr(1)) : std::nullopt;
    if (!cursor.owner) return bad_cursor();
    return cursor;
}

std::string owner_cursor(const KeyIndex& index, const OwnerQuery& query, const Sum& last) {
    const bool owned = last.owner < index.owners().size();
    return cursor_text(owner_sort_text(query), {std::to_string(sum_value(last, query.order)),
                                                owned ? "o" + to_hex(index.owners()[last.owner]) : "n"});
}

api::Owner owner_of(const KeyIndex& index, const Sum& sum) {
    api::Owner out;
    if (sum.owner < index.owners().size()) out.owner = index.owners()[sum.owner];
    out.keys = sum.keys;
    out.gone = sum.gone;
    for (const domain::Phase phase : domain::kPhases)
        if (const auto keys = sum.phases.at(static_cast<std::size_t>(phase)); keys > 0)
            out.phases[std::string(phase_name(phase))] = keys;
    if (sum.last_used != 0) out.last_used_at = base::Time{std::chrono::seconds{sum.last_used}};
    return out;
}

/// Ascending in the query's order; owners of the same value in alphabetical order either way.
struct Before {
    const OwnerQuery& query;
    bool operator()(const std::pair<std::uint64_t, std::uint32_t>& a,
                    const std::pair<std::uint64_t, std::uint32_t>& b) const {
        if (a.first != b.first) return query.descending ? a.first > b.first : a.first < b.first;
        const bool backwards = query.order == OwnerOrder::owner && query.descending;
        return backwards ? a.second > b.second : a.second < b.second;
    }
};

/// Behind which the page begins.
std::pair<std::uint64_t, std::uint32_t> after_owner(const KeyIndex& index, const OwnerQuery& query) {
    const auto& owners = index.owners();
    const auto found = query.after->owner
                           ? std::lower_bound(owners.begin(), owners.end(), *query.after->owner)
                           : owners.end();
    return {query.after->value, static_cast<std::uint32_t>(found - owners.begin())};
}

}  // namespace

Result<OwnerQuery> OwnerQuery::parse(const Parameters& parameters) {
    OwnerQuery query;
    std::string cursor;
    for (const auto& [name, text] : parameters) {
        if (auto done = read_owner_parameter(name, text, query); !done) return done.error();
        if (name == "cursor") cursor = text;
    }
    if (cursor.empty()) return query;
    auto after = parse_owner_cursor(cursor, query);
    if (!after) return after.error();
    query.after = *std::move(after);
    return query;
}

api::OwnerPage owner_page(const KeyIndex& index, const OwnerQuery& query, const JudgedBy& by) {
    const std::string needle = base::lower(query.search);
    const Before before{query};
    const auto place = [&](const Sum& sum) { return std::pair(sum_value(sum, query.order), sum.owner); };
    api::OwnerPage page;
    page.read_at = by.read_at;
    std::vector<Sum> fitting;
    for (const Sum& sum : sums_of(index)) {
        if (sum.keys == 0 && (!query.gone || sum.gone == 0)) continue;
        const bool owned = sum.owner < index.owners().size();
        if (!needle.empty() &&
            (!owned || base::lower(index.owners()[sum.owner]).find(needle) == std::string::npos))
            continue;
        ++page.total;
        if (!query.after || before(after_owner(index, query), place(sum))) fitting.push_back(sum);
    }
    std::sort(fitting.begin(), fitting.end(),
              [&](const Sum& a, const Sum& b) { return before(place(a), place(b)); });
    if (fitting.size() > query.limit) {
        fitting.resize(query.limit);
        page.next = owner_cursor(index, query, fitting.back());
    }
    for (const Sum& sum : fitting) page.items.push_back(owner_of(index, sum));
    return page;
}

}  // namespace keyshift::inventory
