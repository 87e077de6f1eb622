// SPDX-License-Identifier: Apache-2.0
#include "inventory/key_query.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <numeric>

#include "inventory/cursor_text.hpp"

namespace keyshift::inventory {
namespace {

using base::Errc;
using base::Error;
using base::Result;

struct OrderName {
    std::string_view name;
    KeyOrder order;
};
constexpr std::array<OrderName, 6> kOrders{{{"created", KeyOrder::created},
                                            {"last_used", KeyOrder::last_used},
                                            {"since", KeyOrder::since},
                                            {"owner", KeyOrder::owner},
                                            {"phase", KeyOrder::phase},
                                            {"name", KeyOrder::name}}};

Error bad_parameter(std::string what, std::string hint) {
    return {Errc::usage, std::move(what), std::move(hint)};
}

std::string phase_names() {
    std::string out;
    for (const domain::Phase phase : domain::kPhases) out += std::string(phase_name(phase)) + ", ";
    return out + "live, gone and all";
}

/// "pending,issued", "live", "gone", "all".
Result<std::vector<domain::Phase>> parse_phases(std::string_view text) {
    std::vector<domain::Phase> out;
    const auto add_all_that = [&](auto&& fits) {
        for (const domain::Phase phase : domain::kPhases)
            if (fits(phase)) out.push_back(phase);
    };
    if (text == "all") return out;
    for (bool more = true; more;) {
        const std::size_t comma = text.find(',');
        const std::string_view name = text.substr(0, comma);
        more = comma != std::string_view::npos;
        if (more) text.remove_prefix(comma + 1);
        if (name == "live") {
            add_all_that([](domain::Phase phase) { return is_live(phase); });
        } else if (name == "gone") {
            add_all_that([](domain::Phase phase) { return !is_live(phase); });
        } else if (const auto phase = domain::parse_phase(name)) {
            out.push_back(*phase);
        } else {
            return bad_parameter("phase names a phase that there is none", "it may name " + phase_names());
        }
    }
    return out;
}

Result<base::Duration> parse_span(const std::string& name, const std::string& text) {
    const auto span = base::parse_duration(text);
    if (span && *span > base::Duration::zero()) return *span;
    return bad_parameter(name + " is not a duration", "write for example 30m, 24h or 90d");
}

Result<void> parse_sort(std::string_view text, KeyQuery& query) {
    query.descending = text.starts_with('-');
    if (query.descending) text.remove_prefix(1);
    for (const OrderName& known : kOrders) {
        if (known.name != text) continue;
        query.order = known.order;
        return {};
    }
    return bad_parameter(
        "sort names no order",
        "write created, last_used, since, owner, phase or name, with - before it: backwards");
}

std::string sort_text(const KeyQuery& query) {
    const auto found = std::find_if(kOrders.begin(), kOrders.end(),
                                    [&](const OrderName& one) { return one.order == query.order; });
    return (query.descending ? "-" : "") + std::string(found->name);
}

Result<void> read(const std::string& name, const std::string& text, base::Time now, KeyQuery& query,
                  std::string& cursor) {
    if (name == "phase") {
        auto phases = parse_phases(text);
        if (!phases) return phases.error();
        query.phases = *std::move(phases);
    } else if (name == "owner") {
        query.owner = text;
    } else if (name == "search") {
        query.search = text;
    } else if (name == "sort") {
        return parse_sort(text, query);
    } else if (name == "cursor") {
        cursor = text;
    } else if (name == "limit") {
        auto limit = parse_limit(text, kMostLimit);
        if (!limit) return limit.error();
        query.limit = *limit;
    } else if (name == "used_within" || name == "idle_longer_than") {
        const auto span = parse_span(name, text);
        if (!span) return span.error();
        (name == "used_within" ? query.used_since : query.unused_since) = now - *span;
    } else {
        return bad_parameter("there is no such parameter",
                             "there are phase, owner, search, used_within, idle_longer_than, sort, limit, "
                             "cursor and format");
    }
    return {};
}

std::uint32_t seconds_since_epoch(base::Time time) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(seconds, 0, UINT32_MAX));
}

std::uint64_t value_of(const KeyRecord& record, KeyOrder order) {
    switch (order) {
        case KeyOrder::last_used:
            return record.last_used;
        case KeyOrder::since:
            return record.since;
        case KeyOrder::owner:
            return record.owner;
        case KeyOrder::phase:
            return record.phase ? static_cast<std::uint64_t>(*record.phase) : domain::kPhases.size();
        case KeyOrder::name:
            return record.name;
        case KeyOrder::created:
            break;
    }
    return record.created;
}

/// What a query asks of one key, made ready for a million of them.
class Filter {
 public:
    Filter(const KeyIndex& index, const KeyQuery& query)
        : used_since_(query.used_since ? seconds_since_epoch(*query.used_since) : 0),
          unused_since_(query.unused_since ? std::optional(seconds_since_epoch(*query.unused_since))
                                           : std::nullopt) {
        phases_.fill(query.phases.empty());
        for (const domain::Phase phase : query.phases) phases_.at(static_cast<std::size_t>(phase)) = true;
        any_phase_ = query.phases.empty();
        if (!query.owner) return;
        const auto nobody = static_cast<std::uint32_t>(index.owners().size());
        owner_ = query.owner->empty() ? nobody : index.rank_of(*query.owner).value_or(nobody + 1);
    }

    bool fits(const KeyRecord& record) const {
        if (!(record.phase ? phases_.at(static_cast<std::size_t>(*record.phase)) : any_phase_)) return false;
        if (owner_ && record.owner != *owner_) return false;
        if (record.last_used < used_since_) return false;
        return !unused_since_ || record.last_used < *unused_since_;
    }

 private:
    std::array<bool, domain::kPhases.size()> phases_{};
    bool any_phase_ = true;
    std::optional<std::uint32_t> owner_;
    std::uint32_t used_since_;
    std::optional<std::uint32_t> unused_since_;
};

/// The place of a key in the query's order: ascending, and no two the same.
struct Place {
    std::uint64_t value;
    std::uint32_t row;
    std::uint32_t at;  ///< in the index
    auto operator<=>(const Place& other) const {
        return std::pair(value, row) <=> std::pair(other.value, other.row);
    }
    bool operator==(const Place&) const = default;
};

Place place_of(const KeyIndex& index, std::uint32_t at, const KeyQuery& query) {
    const KeyRecord& record = index.records()[at];
    const std::uint64_t value = value_of(record, query.order);
    return query.descending ? Place{~value, ~record.row, at} : Place{value, record.row, at};
}

/// Behind which the page begins. An owner or name that no key has any more lies before the one that follows.
std::pair<std::uint64_t, std::uint32_t> begin_of(const KeyIndex& index, const KeyQuery& query) {
    const KeyCursor& cursor = *query.after;
    std::uint64_t value = cursor.value;
    std::uint32_t row = cursor.row;
    if (query.order == KeyOrder::owner) {
        const auto& owners = index.owners();
        const auto found =
            cursor.owner ? std::lower_bound(owners.begin(), owners.end(), *cursor.owner) : owners.end();
        value = static_cast<std::uint64_t>(found - owners.begin());
        const bool is_there = !cursor.owner || (found != owners.end() && *found == *cursor.owner);
        if (!is_there) row = 0;
    }
    if (query.order == KeyOrder::name) {
        value = index.names_before(cursor.name);
        if (!index.has_name(cursor.name)) row = 0;
    }
    return query.descending ? std::pair(~value, ~row) : std::pair(value, row);
}

std::string cursor_of(const KeyIndex& index, const KeyQuery& query, const Place& last) {
    const KeyRecord& record = index.records()[last.at];
    const bool owned = record.owner < index.owners().size();
    const std::string value = query.order == KeyOrder::name    ? "o" + to_hex(index.name_at(last.at))
                              : query.order != KeyOrder::owner ? std::to_string(value_of(record, query.order))
                              : owned                          ? "o" + to_hex(index.owners()[record.owner])
                                                               : "n";
    return cursor_text(sort_text(query), {value, std::to_string(record.row)});
}

Result<KeyCursor> parse_cursor(const std::string& text, const KeyQuery& query) {
    const auto parts = parse_cursor_text(text, sort_text(query), 2);
    if (!parts) return parts.error();
    const auto bad = bad_cursor();
    KeyCursor cursor;
    const auto row = whole_number(parts->at(1), UINT32_MAX);
    if (!row) return bad;
    cursor.row = static_cast<std::uint32_t>(*row);
    const std::string& value = parts->at(0);
    if (query.order == KeyOrder::owner) {
        if (value == "n") return cursor;
        cursor.owner = value.starts_with('o') ? from_hex(std::string_view(value).substr(1)) : std::nullopt;
        if (!cursor.owner) return bad;
        return cursor;
    }
    if (query.order == KeyOrder::name) {
        const auto name = value.starts_with('o') ? from_hex(std::string_view(value).substr(1)) : std::nullopt;
        if (!name) return bad;
        cursor.name = *name;
        return cursor;
    }
    const auto number = whole_number(value, UINT64_MAX);
    if (!number) return bad;
    cursor.value = *number;
    return cursor;
}

}  // namespace

Result<KeyQuery> KeyQuery::parse(const Parameters& parameters, base::Time now) {
    KeyQuery query;
    for (const domain::Phase phase : domain::kPhases)
        if (is_live(phase)) query.phases.push_back(phase);
    std::string cursor;
    for (const auto& [name, text] : parameters)
        if (auto done = read(name, text, now, query, cursor); !done) return done.error();
    if (cursor.empty()) return query;
    auto after = parse_cursor(cursor, query);
    if (!after) return after.error();
    query.after = *std::move(after);
    return query;
}

KeySelection select(const KeyIndex& index, const KeyQuery& query) {
    const Filter filter(index, query);
    const auto begin = query.after ? std::optional(begin_of(index, query)) : std::nullopt;
    KeySelection out;
    std::vector<Place> places;
    const auto add = [&](std::uint32_t at) {
        if (!filter.fits(index.records()[at])) return;
        ++out.total;
        const Place place = place_of(index, at, query);
        if (!begin || std::pair(place.value, place.row) > *begin) places.push_back(place);
    };
    if (query.search.empty()) {
        for (std::uint32_t at = 0; at < index.records().size(); ++at) add(at);
    } else {
        for (const std::uint32_t at : index.containing(query.search)) add(at);
    }
    const std::size_t size = std::min(query.limit, places.size());
    const auto end = places.begin() + static_cast<std::ptrdiff_t>(size);
    if (places.size() > size) std::nth_element(places.begin(), end, places.end());
    std::sort(places.begin(), end);
    for (auto place = places.begin(); place != end; ++place)
        out.rows.push_back(index.records()[place->at].row);
    if (size > 0 && places.size() > size) out.next = cursor_of(index, query, *std::prev(end));
    return out;
}

}  // namespace keyshift::inventory
