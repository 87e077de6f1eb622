// SPDX-License-Identifier: Apache-2.0
// /api/v1/keys, /api/v1/keys/ID and /api/v1/owners: legacy keys, living and gone. Pure values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace keyshift::api {

struct KeyReplacement {
    std::string id = {};                     ///< of the modern key
    std::string rule = {};                   ///< see domain::rule_name
    base::Time found_at = {};                ///< when it was recognised
    std::optional<base::Time> used_at = {};  ///< when it was first found used: its last use then

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        a("id", self.id);
        a("rule", self.rule);
        a("found_at", self.found_at);
        a("used_at", self.used_at);
    }
};

struct Key {
    std::string id = {};
    std::optional<std::string> name = {};
    std::string prefix = {};
    std::optional<std::string> owner = {};  ///< empty: nobody's, or the system's
    std::optional<std::string> phase = {};  ///< see domain::phase_name; empty: not known before the next poll
    std::optional<base::Time> since = {};   ///< when the phase was entered
    std::optional<base::Time> created_at = {};
    std::optional<base::Time> last_used_at = {};
    std::optional<base::Time> expires_at = {};
    bool blocked = false;
    bool over_budget = false;
    bool acknowledged = false;
    base::Time first_seen_at = {};
    std::optional<base::Time> gone_at = {};
    std::optional<std::string> gone_as = {};  ///< removed, upgraded; empty: it is there
    std::optional<KeyReplacement> replacement = {};
    std::optional<std::string> next_step =
        {};  ///< for people; empty: nothing is to be done, or not known what

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        a("id", self.id);
        a("name", self.name);
        a("prefix", self.prefix);
        a("owner", self.owner);
        a("phase", self.phase);
        a("since", self.since);
        a("created_at", self.created_at);
        a("last_used_at", self.last_used_at);
        a("expires_at", self.expires_at);
        a("blocked", self.blocked);
        a("over_budget", self.over_budget);
        a("acknowledged", self.acknowledged);
        a("first_seen_at", self.first_seen_at);
        a("gone_at", self.gone_at);
        a("gone_as", self.gone_as);
        a("replacement", self.replacement);
        a("next_step", self.next_step);
    }
};

/// What every page of a list has beside its items.
struct Page {
    std::optional<base::Time> read_at = {};  ///< as of which it is: the last poll of the key table
    std::uint64_t total = 0;                 ///< items on all pages
    std::optional<std::string> next = {};    ///< the cursor of the page behind; empty: it is the last

    template <class Archive, class Self>
    static void describe_page(Archive& a, Self& self) {
        a("read_at", self.read_at);
        a("total", self.total);
        a("next", self.next);
    }
};

struct KeyPage : Page {
    std::vector<Key> items = {};

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        Page::describe_page(a, self);
        a("keys", self.items);
    }
};

/// Something that has happened to a key, or was decided about it.
struct KeyEvent {
    base::Time at = {};
    std::string kind = {};  ///< first_seen, gone, upgraded, acknowledged, operator_pair, or an event's
    std::string text = {};  ///< for people

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        a("at", self.at);
        a("kind", self.kind);
        a("text", self.text);
    }
};

struct KeyDetails : Key {
    std::optional<base::Time> read_at = {};  ///< the last poll of the key table
    base::Time at = {};                      ///< now, by the database's clock
    std::string phase_means = {};   ///< in words that hold for this key; empty: the phase is not known
    std::string drain_window = {};  ///< its own, as a duration
    std::optional<std::string> longest_gap = {};  ///< between two uses; empty: fewer than two were seen
    bool used_within_drain_window = false;
    std::string dormant_after = {};
    std::string fallback = {};           ///< present, absent, unknown
    std::vector<KeyEvent> history = {};  ///< oldest first

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        Key::describe(a, self);
        a("read_at", self.read_at);
        a("at", self.at);
        a("phase_means", self.phase_means);
        a("drain_window", self.drain_window);
        a("longest_gap", self.longest_gap);
        a("used_within_drain_window", self.used_within_drain_window);
        a("dormant_after", self.dormant_after);
        a("fallback", self.fallback);
        a("history", self.history);
    }
};

/// The keys of one owner.
struct Owner {
    std::optional<std::string> owner = {};  ///< empty: nobody
    std::uint64_t keys = 0;                 ///< legacy keys that are there
    std::uint64_t gone = 0;                 ///< ... that were
    std::map<std::string, std::uint64_t> phases = {};
    std::optional<base::Time> last_used_at = {};  ///< of those that are there

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        a("owner", self.owner);
        a("keys", self.keys);
        a("gone", self.gone);
        a("phases", self.phases);
        a("last_used_at", self.last_used_at);
    }
};

struct OwnerPage : Page {
    std::vector<Owner> items = {};

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        Page::describe_page(a, self);
        a("owners", self.items);
    }
};

}  // namespace keyshift::api
