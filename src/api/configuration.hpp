// SPDX-License-Identifier: Apache-2.0
// By which configuration the daemon judges, for whoever compares it with a file. Pure values; never a secret
// in them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace keyshift::api {

/// Texts as a configuration file would have them.
struct Configuration {
    std::optional<std::string> file = {};      ///< empty: there is none, the environment says the rest
    std::optional<base::Time> loaded_at = {};  ///< by the host's clock; empty: not by a daemon
    std::string drain_window = {};
    std::string dormant_after = {};
    std::string inventory = {};  ///< lenient, strict
    std::string fallback = {};   ///< detect, present, absent
    std::string last_used_delay = {};
    std::string quiet_period = {};
    bool promotes_in_place = false;
    double failure_budget = 0;
    std::string table = {};
    std::map<std::string, std::string> columns = {};  ///< those that the table has, by what they are
    std::optional<std::string> database = {};  ///< "host:port/db as user"; empty: not known, or none is read
    bool database_by_environment = false;      ///< DATABASE_URL says it, not the file; in no document
    /// Their types, in alphabetical order. Of the one who asks: empty where the environment says which.
    std::vector<std::string> collectors = {};

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        a("file", self.file);
        a("loaded_at", self.loaded_at);
        a("drain_window", self.drain_window);
        a("dormant_after", self.dormant_after);
        a("inventory", self.inventory);
        a("fallback", self.fallback);
        a("last_used_delay", self.last_used_delay);
        a("quiet_period", self.quiet_period);
        a("promotes_in_place", self.promotes_in_place);
        a("failure_budget", self.failure_budget);
        a("table", self.table);
        a("columns", self.columns);
        a("database", self.database);
        a("collectors", self.collectors);
    }
};

/// Something that the one who asks has configured otherwise. All that is compared changes what keys and
/// checks come to: two of them must not be mixed.
struct Difference {
    std::string setting = {};     ///< "drain_window"
    std::string says = {};        ///< who says otherwise: a file, DATABASE_URL
    std::string configured = {};  ///< what that says
    std::string daemon = {};      ///< what the daemon judges by

    bool operator==(const Difference&) const = default;

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        a("setting", self.setting);
        a("says", self.says);
        a("configured", self.configured);
        a("daemon", self.daemon);
    }
};

/// What `asked` says otherwise than `daemon`; the database may be said by DATABASE_URL. Where it has no file,
/// only the database can differ: defaults are not said by anybody. A database that is not known on either
/// side is not compared, and neither is the user, since who asks need not be who watches.
std::vector<Difference> differences(const Configuration& daemon, const Configuration& asked);

/// "FILE says drain_window 20s, the daemon judges by 5s: reload it (systemctl reload keyshift)"; of another
/// database what else there is to do.
std::string difference_text(const Difference& difference);

}  // namespace keyshift::api
