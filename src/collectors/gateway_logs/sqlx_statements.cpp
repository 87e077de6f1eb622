// SPDX-License-Identifier: Apache-2.0
#include "collectors/gateway_logs/sqlx_statements.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "formats/statements/text.hpp"

namespace keyshift::collectors {
namespace {

using Class = StatementClass;
using domain::Event;
using formats::SqlxQuery;

constexpr std::string_view kStatements = "statements ";

/// What the gateway is known by.
constexpr std::array kOfRequests{Class::lookup,        Class::by_id, Class::touch,    Class::promote,
                                 Class::legacy_lookup, Class::scan,  Class::by_prefix};

bool is_of_requests(Class of) {
    return std::ranges::find(kOfRequests, of) != kOfRequests.end();
}

bool is_fallback(const Classified& is) {
    return is.of == Class::scan || is.of == Class::legacy_lookup;
}

}  // namespace

std::optional<Classified> SqlxStatements::classify(const SqlxQuery& query) {
    const auto make = [&](std::string_view text) {
        return query.escapes == SqlxQuery::Escapes::none ? classes_.of(text)
                                                         : classes_.of(formats::unescape_debug(text));
    };
    // MemoCache keys by less than all of a longer text.
    if (query.statement.size() > kLongestKept) return make(query.statement);
    return known_.get(query.statement, make);
}

/// As StatementCounts weighs the same statements, one by one.
domain::PerEvent<std::uint64_t> SqlxStatements::events_of(const Classified& is,
                                                          const SqlxQuery& query) const {
    domain::PerEvent<std::uint64_t> out{};
    const auto add = [&out](Event event, std::uint64_t by) { out.at(index_of(event)) += by; };
    const std::uint64_t returned = query.rows_returned;
    // PostgreSQL counts rows that are read as affected, too.
    const std::uint64_t rows = std::max(query.rows_affected, returned);
    if ((is.of == Class::lookup || is.looks_up) && classes_.lookups_are_modern()) {
        add(returned > 0 ? Event::lookup_found : Event::lookup_not_found, 1);
        if (returned == 0) add(Event::failure_unknown_key, 1);
        if (returned == 0) add(Event::auth_attempt, 1);
    }
    if (is.of == Class::by_id && returned > 0) add(Event::auth_attempt, 1);
    if (is.of == Class::scan) {
        add(Event::fallback_scan, 1);
        add(Event::fallback_scanned_key, returned);
    }
    if (is.of == Class::legacy_lookup) add(Event::fallback, returned);
    if (is.of == Class::touch && (rows > 0 || is.throttled)) add(Event::verification, 1);
    if (is.of == Class::promote && rows > 0 && (is.touches || classes_.promotions_are_uses())) {
        add(Event::fallback, rows);
        if (is.touches || !classes_.knows(Class::touch)) add(Event::verification, rows);
    }
    if (is.of == Class::unclassified) add(Event::statement_unclassified, 1);
    return out;
}

bool SqlxStatements::fell_back() const {
    return has(Class::scan) || has(Class::legacy_lookup);
}

SqlxStatements::Seen SqlxStatements::count(const SqlxQuery& query, const domain::Events& told,
                                           LogTally& tally) {
    const auto is = classify(query);
    if (!is) return {};
    Seen out;
    const auto events = events_of(*is, query);
    // With a fallback, a lookup that finds nothing may be of a legacy key, which is then accepted.
    if (is_fallback(*is)) seen_.set(static_cast<std::size_t>(is->of));
    for (std::size_t i = 0; i < domain::kEventCount; ++i) {
        if (events.at(i) == 0 || told.test(i)) continue;
        if (domain::event_at(i) == Event::failure_unknown_key) {
            if (fell_back()) continue;
            tally.failures.add(Event::failure_unknown_key, {}, {}, {}, tally.now);
        }
        tally.events.at(i) += events.at(i);
        out.counts = true;
    }
    if (is->of == Class::unclassified) seen_.set(static_cast<std::size_t>(is->of));
    if (is->of == Class::unclassified && unclassified_.size() < kMostShown)
        unclassified_.insert(formats::shown_statement(query.escapes == SqlxQuery::Escapes::none
                                                          ? std::string(query.statement)
                                                          : formats::unescape_debug(query.statement)));
    const bool use =
        events.at(index_of(Event::fallback)) > 0 || events.at(index_of(Event::fallback_scan)) > 0;
    if (query.pace == SqlxQuery::Pace::slow || !is_of_requests(is->of)) return out;
    seen_.set(static_cast<std::size_t>(is->of));
    out.shows = use ? Shows::fallback : Shows::gateway;
    return out;
}

domain::Events SqlxStatements::countable() const {
    domain::Events out;
    const auto offer = [&out](bool known, std::initializer_list<Event> events) {
        for (const Event event : events)
            if (known) out.set(index_of(event));
    };
    const bool modern = classes_.lookups_are_modern();
    const bool requests = has(Class::lookup) || has(Class::touch);
    const bool scans = requests && modern && classes_.knows(Class::scan);
    const bool promotes = requests && classes_.knows(Class::promote) && classes_.promotions_are_uses();
    offer(scans || promotes, {Event::fallback});
    offer(scans, {Event::fallback_scan, Event::fallback_scanned_key});
    offer(has(Class::lookup) && modern, {Event::lookup_found, Event::lookup_not_found});
    offer(has(Class::lookup) && modern && !fell_back() && !promotes, {Event::failure_unknown_key});
    offer(has(Class::lookup) && has(Class::by_id) && modern && !fell_back() && !promotes,
          {Event::auth_attempt});
    offer(has(Class::touch), {Event::verification});
    offer(requests || has(Class::unclassified), {Event::statement_unclassified});
    return out;
}

std::string SqlxStatements::doubt() const {
    if (!has(Class::unclassified)) return {};
    return doubt_about(unclassified_.empty() ? "its text is known when it comes again"
                                             : *unclassified_.begin());
}

void SqlxStatements::append_findings(std::vector<Finding>& out) const {
    std::string classes;
    for (std::size_t i = 0; i < kStatementClasses; ++i)
        if (seen_.test(i) && static_cast<Class>(i) != Class::unclassified)
            classes += (classes.empty() ? "" : ", ") + std::string(class_name(static_cast<Class>(i)));
    if (!classes.empty())
        out.push_back({Finding::Kind::ok, "statements of the gateway are in the log: " + classes});
    for (const std::string& text : unclassified_) {
        out.push_back({Finding::Kind::warning,
                       "a statement on the key table fits no class, and may be the fallback: " + text,
                       "give a pattern for it in gateway.statements.scan, or, if it is none, in "
                       "gateway.statements.ignore"});
    }
}

/// By their names: the numbers are of this release. What fits no class fits one as soon as the configuration
/// gives one.
std::string SqlxStatements::remembered(Class of) const {
    const std::string name(class_name(of));
    if (of != Class::unclassified) return name + " ";
    return name + '/' + classes_.fingerprint() + ' ';
}

std::string SqlxStatements::memory() const {
    if (seen_.none()) return {};
    std::string out(kStatements);
    for (std::size_t i = 0; i < kStatementClasses; ++i)
        if (seen_.test(i)) out += remembered(static_cast<Class>(i));
    return out + "\n";
}

void SqlxStatements::resume(std::string_view& text) {
    if (!text.starts_with(kStatements)) return;
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view names = text.substr(kStatements.size(), end - kStatements.size());
    for (std::size_t i = 0; i < kStatementClasses; ++i) {
        const std::string name = remembered(static_cast<Class>(i));
        const std::size_t at = names.find(name);
        if (at != std::string_view::npos && (at == 0 || names[at - 1] == ' ')) seen_.set(i);
    }
    text.remove_prefix(std::min(end + 1, text.size()));
}

}  // namespace keyshift::collectors
