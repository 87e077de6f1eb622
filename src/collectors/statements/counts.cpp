// SPDX-License-Identifier: Apache-2.0
#include "collectors/statements/counts.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/utf8.hpp"
#include "formats/statements/text.hpp"

namespace keyshift::collectors {
namespace {

using domain::Contribution;
using domain::Event;
using Class = StatementClass;

/// Of many roles that are left out, so many are named.
constexpr std::size_t kRolesShown = 8;

/// What the gateway is known by, and what its requests send.
bool is_at_work(Class of) {
    constexpr std::array kWork{Class::lookup,        Class::by_id, Class::touch,    Class::promote,
                               Class::legacy_lookup, Class::scan,  Class::by_prefix};
    return std::find(kWork.begin(), kWork.end(), of) != kWork.end();
}

/// What would count as a use of the fallback, or might hide one.
bool matters(Class of) {
    return of == Class::scan || of == Class::legacy_lookup || of == Class::promote ||
           of == Class::unclassified || of == Class::ignored;
}

/// What is counted, or would be if another role sent it.
bool is_counted(Class of) {
    return is_at_work(of) || matters(of) || of == Class::block || of == Class::remove;
}

void add(std::vector<Contribution>& to, std::initializer_list<Contribution> counts) {
    to.insert(to.end(), counts);
}

}  // namespace

bool StatementCounts::needs_texts(const StatementStatistics& statistics) const {
    return std::any_of(statistics.entries.begin(), statistics.entries.end(),
                       [&](const StatementEntry& entry) { return known_.count(entry.id) == 0; });
}

void StatementCounts::learn(const StatementStatistics& statistics, const std::vector<StatementText>& texts) {
    std::map<std::string, const StatementText*> by_id;
    for (const StatementText& text : texts) by_id[text.id] = &text;
    for (const StatementEntry& entry : statistics.entries) {
        const auto found = by_id.find(entry.id);
        if (found == by_id.end()) continue;  // gone since; should it come back, it is asked for again
        const auto [at, is_new] = known_.try_emplace(entry.id);
        if (!is_new) continue;
        Known& known = at->second;
        const StatementText& text = *found->second;
        known.own = statistics.is_own(entry.id);
        known.lost_text = !text.text;
        if (!text.text || text.text->empty()) continue;
        known.is = classes_.of(*text.text);
        known.role = text.role;
        if (known.is && known.is->of == Class::unclassified)
            known.shown = formats::shown_statement(*text.text);
    }
}

/// Who sends the gateway's own statements is the gateway.
void StatementCounts::learn_role(const Known& known) {
    if (roles_given_ || !known.is || known.calls.value_or(0) == 0) return;
    if (known.is->of == Class::lookup || known.is->of == Class::touch) roles_.insert(known.role);
}

bool StatementCounts::is_left_out(const Known& known) const {
    return !roles_.empty() && roles_.count(known.role) == 0;
}

bool StatementCounts::is_use(const Classified& promotion) const {
    return promotion.touches || classes_.promotions_are_uses();
}

/// A lookup that returns no row was of a legacy or unknown key; a key that was accepted on the full path is
/// touched; and each that was accepted, also by the cache, is read again by its id. Who manages keys reads
/// them by id too, and then changes them. Rows are counted, not calls, where no row means that nothing was.
StatementCounts::Weights StatementCounts::weights(const Known& known) const {
    Weights out;
    if (!known.is || is_left_out(known)) return out;
    const Classified& is = *known.is;
    const bool promotion = is.of == Class::promote && is_use(is);
    if ((is.of == Class::lookup || is.looks_up) && classes_.lookups_are_modern() && !is.cursor) {
        add(out.calls,
            {{Event::lookup_not_found, 1}, {Event::failure_unknown_key, 1}, {Event::auth_attempt, 1}});
        add(out.rows, {{Event::lookup_found, 1},
                       {Event::lookup_not_found, -1},
                       {Event::failure_unknown_key, -1},
                       {Event::auth_attempt, -1}});
    }
    if (is.of == Class::by_id) add(out.rows, {{Event::auth_cache_hit, 1}, {Event::auth_attempt, 1}});
    // One that changes nothing now and then is sent for each use all the same.
    if (is.of == Class::touch || (promotion && is.touches))
        add(is.throttled ? out.calls : out.rows,
            {{Event::verification, 1}, {Event::auth_cache_miss, 1}, {Event::auth_cache_hit, -1}});
    if (is.of == Class::block ? is.returns : is.of == Class::remove)
        add(out.rows, {{Event::auth_cache_hit, -1}, {Event::auth_attempt, -1}});
    if (is.of == Class::scan) {
        add(out.calls, {{Event::fallback_scan, 1}});
        add(out.rows, {{Event::fallback_scanned_key, 1}});
    }
    if (is.of == Class::legacy_lookup || promotion) add(out.rows, {{Event::fallback, 1}});
    // The touch of the same request is its verification.
    if (promotion && !is.touches && !classes_.knows(Class::touch)) add(out.rows, {{Event::verification, 1}});
    if (is.of == Class::unclassified) add(out.calls, {{Event::statement_unclassified, 1}});
    return out;
}

Counted StatementCounts::count(const StatementStatistics& statistics) {
    Counted counted;
    counted.readings.scope = statistics.database + " " + classes_.scope();
    domain::Instance& instance = counted.readings.instances.emplace_back();
    counted.lossy = statistics.may_have_evicted;
    bool fell_back = false;
    bool at_work = false;
    bool path_seen = false;
    std::map<std::string, Known> present;
    for (const StatementEntry& entry : statistics.entries) {
        const auto before = known_.find(entry.id);
        if (before == known_.end()) continue;
        Known& known = present[entry.id] = std::move(before->second);
        const bool ran = known.calls ? *known.calls != entry.calls : counted_before_ && entry.calls > 0;
        counted.lossy = counted.lossy || (known.lost_text && ran);
        known.calls = entry.calls;
        if (!known.is) continue;
        learn_role(known);
        at_work = at_work || (ran && is_at_work(known.is->of) && !is_left_out(known));
        const bool fallback = known.is->of == Class::scan || known.is->of == Class::legacy_lookup;
        fell_back = fell_back || (fallback && entry.calls > 0 && !is_left_out(known));
        const bool declared = classes_.is_declared(Class::legacy_lookup) || classes_.is_declared(Class::scan);
        path_seen =
            path_seen || (known.is->of == Class::legacy_lookup && declared && ran && !is_left_out(known));
    }
    known_ = std::move(present);
    for (const StatementEntry& entry : statistics.entries) {
        const auto known = known_.find(entry.id);
        if (known == known_.end() || !known->second.is) continue;
        const std::string name(class_name(known->second.is->of));
        const std::string epoch = statistics.reset_at + "/" + entry.since;
        const Weights of = weights(known->second);
        // What is left out now may count later: its counters are known then.
        if (!is_counted(known->second.is->of)) continue;
        instance.readings.push_back({name + ".calls/" + entry.id, entry.calls, epoch, of.calls});
        instance.readings.push_back({name + ".rows/" + entry.id, entry.rows, epoch, of.rows});
    }
    // What takes counts along, whether or not a statement of the gateway is known: a reset, an eviction, and,
    // where the server tells of neither, that keyshift's own calls have become fewer. That this has happened
    // shows as a counter that began anew, since it is saved: what came while keyshift was down is noticed
    // too.
    instance.readings.push_back({"own/" + statistics.user, statistics.own_calls, statistics.reset_at, {}});
    if (statistics.evictions)
        instance.readings.push_back({"evictions", 0, std::to_string(*statistics.evictions), {}});
    counted.countable = measures(classes_);
    // With a fallback a lookup that finds nothing may be of a legacy key, which is then accepted.
    if (fell_back) {
        counted.countable.reset(index_of(Event::failure_unknown_key));
        counted.countable.reset(index_of(Event::auth_attempt));
    }
    counted.ground = ground(at_work);
    counted.ground.path_seen = path_seen;
    counted_before_ = true;
    return counted;
}

domain::Ground StatementCounts::ground(bool at_work) const {
    domain::Ground out{at_work, classes_.fingerprint(), {}};
    out.left_out = left_out();
    for (const auto& [id, known] : known_) {
        if (!known.is || known.is->of != Class::unclassified || known.calls.value_or(0) == 0) continue;
        if (is_left_out(known)) continue;
        out.doubt = doubt_about(known.shown);
        break;
    }
    return out;
}

std::string StatementCounts::left_out() const {
    std::size_t of_roles = 0;
    std::size_t ignored = 0;
    std::set<std::string> roles;
    for (const auto& [id, known] : known_) {
        if (!known.is || !matters(known.is->of) || known.calls.value_or(0) == 0) continue;
        if (known.is->of == Class::ignored) {
            ++ignored;
        } else if (is_left_out(known)) {
            ++of_roles;
            roles.insert(known.role);
        }
    }
    std::string out;
    if (of_roles > 0) {
        std::size_t shown = 0;
        for (const std::string& role : roles)
            if (++shown <= kRolesShown) out += (out.empty() ? "" : ", ") + base::escape_unsafe(role);
        if (shown > kRolesShown) out += " and " + std::to_string(shown - kRolesShown) + " more roles";
        out = "by role (gateway.statements.roles) " + std::to_string(of_roles) +
              (of_roles == 1 ? " statement of " : " statements of ") + out;
    }
    if (ignored > 0)
        out += (out.empty() ? "" : ", and ") + ("by gateway.statements.ignore " + std::to_string(ignored));
    return out;
}

StatementCounts::Seen StatementCounts::seen(StatementClass of) const {
    Seen out;
    for (const auto& [id, known] : known_) {
        if (!known.is || known.is->of != of) continue;
        if (of == Class::unclassified && is_left_out(known)) continue;
        ++out.statements;
        if (known.is->fits_more) ++out.fit_more;
        if (!known.shown.empty()) out.unclassified.push_back(known.shown);
    }
    return out;
}

std::size_t StatementCounts::others() const {
    return static_cast<std::size_t>(std::count_if(known_.begin(), known_.end(), [](const auto& entry) {
        const Known& known = entry.second;
        return known.is && !known.own && known.is->of != Class::insert && known.is->of != Class::exported;
    }));
}

domain::Events StatementCounts::measures(const StatementClasses& classes) {
    domain::Events events;
    const auto offer = [&](bool known, std::initializer_list<Event> all) {
        for (const Event event : all) events.set(index_of(event), known);
    };
    const bool lookups = classes.knows(Class::lookup) && classes.lookups_are_modern();
    // Where one lookup serves all keys, legacy ones need neither a scan nor another lookup.
    const bool scans = classes.knows(Class::scan) && classes.lookups_are_modern();
    const bool legacy = classes.knows(Class::legacy_lookup) && classes.lookups_are_modern();
    const bool accepted = classes.knows(Class::by_id);  // also those that a cache has answered
    const bool touches = classes.knows(Class::touch);
    const bool promotes = classes.knows(Class::promote) && classes.promotions_are_uses();
    // One that sets the last use, too, is a use whatever is declared.
    const bool upgrades = promotes || (classes.knows(Class::promote) && touches);
    offer(scans || upgrades || legacy, {Event::fallback});
    offer(scans, {Event::fallback_scan, Event::fallback_scanned_key});
    offer(lookups, {Event::lookup_found, Event::lookup_not_found});
    // A lookup that finds nothing may be of a legacy key, which is then promoted.
    offer(lookups && accepted && !promotes, {Event::failure_unknown_key, Event::auth_attempt});
    offer(touches || promotes, {Event::verification});
    // Who logs in by other means reads keys by id, too, where they are managed. Only who knows the gateway
    // can say that this statement is a key's check.
    offer(touches && classes.is_declared(Class::by_id), {Event::auth_cache_hit, Event::auth_cache_miss});
    offer(true, {Event::statement_unclassified});
    return events;
}

}  // namespace keyshift::collectors
