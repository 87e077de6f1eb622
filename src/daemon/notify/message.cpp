// SPDX-License-Identifier: Apache-2.0
#include "daemon/notify/message.hpp"

#include <chrono>
#include <utility>

#include "api/archive.hpp"
#include "drivers/host/keyed_hash.hpp"

namespace keyshift::daemon {
namespace {

/// What all documents have.
struct Envelope {
    std::string id;
    std::string kind;
    std::string instance;
    std::optional<base::Time> history_began_at;
    base::Time at;

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        a("id", self.id);
        a("kind", self.kind);
        a("instance", self.instance);
        a("history_began_at", self.history_began_at);
        a("at", self.at);
    }
};

/// The events that were too many.
struct More {
    std::uint64_t events = 0;
    std::string ask;  ///< the API's path that lists them

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        a("events", self.events);
        a("ask", self.ask);
    }
};

struct EventsDocument : Envelope {
    std::vector<api::Event> events;
    std::optional<More> more;

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        Envelope::describe(a, self);
        a("events", self.events);
        a("more", self.more);
    }
};

struct VerdictDocument : Envelope {
    VerdictChange verdict;

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        Envelope::describe(a, self);
        a("verdict", self.verdict);
    }
};

std::int64_t unix_seconds(base::Time t) {
    return std::chrono::floor<std::chrono::seconds>(t.time_since_epoch()).count();
}

/// Ids of another history are others.
std::string id_of(const Sender& from, const std::string& what) {
    return (from.history_began_at ? std::to_string(unix_seconds(*from.history_began_at)) : "0") + "-" + what;
}

Envelope envelope(const Sender& from, std::string id, std::string kind, base::Time now) {
    return {std::move(id), std::move(kind), from.instance, from.history_began_at, now};
}

/// The outcome by which the checks come to this verdict.
std::string deciding_outcome(const std::string& verdict) {
    return verdict == verdict_name(domain::Verdict::safe) ? "pass" : verdict;
}

}  // namespace

VerdictChange verdict_seen(const api::Judged& judged) {
    VerdictChange seen;
    seen.to = judged.answer.verdict;
    seen.at = judged.at;
    seen.earliest_safe = judged.answer.earliest_safe;
    const std::string deciding = deciding_outcome(seen.to);
    for (const api::CheckedItem& check : judged.answer.checks) {
        if (check.outcome == outcome_name(domain::CheckOutcome::pass) ||
            check.outcome == outcome_name(domain::CheckOutcome::not_measured))
            continue;
        if (seen.reason.empty() && check.outcome == deciding)
            seen.reason = check.check + ": " + check.evidence;
        seen.checks.push_back(check);
    }
    if (seen.checks.empty()) seen.reason = "every check passes";
    return seen;
}

Message events_message(const Sender& from, inventory::NewEvents events, base::Time now) {
    Message out;
    out.told = events.first.size();
    out.left_out = events.count - events.first.size();
    out.events_end = events.newest;
    const api::Event& last = events.first.back();
    const std::string ids = std::to_string(events.first.front().id) + "-" + std::to_string(last.id);
    out.id = id_of(from, "events-" + ids);
    EventsDocument document{envelope(from, out.id, "events", now), {}, {}};
    if (out.left_out > 0)
        document.more = More{out.left_out, "/api/v1/events?since=" + base::format_rfc3339(last.at)};
    document.events = std::move(events.first);
    if (!from.names_keys) {
        for (api::Event& event : document.events) {
            event.key.reset();
            event.owner.reset();
            event.detail.clear();
        }
    }
    out.body = api::ArchiveWriter::document(document);
    return out;
}

Message verdict_message(const Sender& from, const VerdictChange& change, std::uint64_t number,
                        base::Time now) {
    Message out;
    // With what it has become: after a kill -9 the same number may be of another change.
    out.id = id_of(from, "verdict-" + std::to_string(number) + "-" + change.from + "-" + change.to);
    out.verdict = change.to;
    out.body = api::ArchiveWriter::document(VerdictDocument{envelope(from, out.id, "verdict", now), change});
    return out;
}

Message ping_message(const Sender& from, base::Time now) {
    Message out;
    out.told = 0;
    out.id = id_of(from, "ping-" + std::to_string(now.time_since_epoch().count()));
    out.body = api::ArchiveWriter::document(envelope(from, out.id, "ping", now));
    return out;
}

std::string signature(const base::Secret& key, std::string_view body, base::Time now) {
    const std::string seconds = std::to_string(unix_seconds(now));
    return "t=" + seconds + ",v1=" + drivers::hmac_sha256(key, seconds + "." + std::string(body));
}

}  // namespace keyshift::daemon
