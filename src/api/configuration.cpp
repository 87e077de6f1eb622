// SPDX-License-Identifier: Apache-2.0
#include "api/configuration.hpp"

#include "base/json.hpp"

namespace keyshift::api {
namespace {

constexpr const char* kDatabaseUrl = "DATABASE_URL";

/// "host:port/db", without the user.
std::string_view place(std::string_view database) {
    return database.substr(0, database.rfind(" as "));
}

std::string database_said_by(const Configuration& asked) {
    return asked.file && !asked.database_by_environment ? *asked.file : kDatabaseUrl;
}

std::string shown(const std::string& text) {
    return text;
}
std::string shown(bool truth) {
    return truth ? "true" : "false";
}
std::string shown(double number) {
    return base::JsonWriter().value(number).take();
}
std::string shown(const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
    return out;
}
std::string shown(const std::map<std::string, std::string>& columns) {
    std::string out;
    for (const auto& [what, column] : columns) out += (out.empty() ? "" : ", ") + what + ": " + column;
    return out;
}

}  // namespace

std::vector<Difference> differences(const Configuration& daemon, const Configuration& asked) {
    std::vector<Difference> out;
    const auto compare = [&](const char* setting, const auto& here, const auto& there) {
        if (here != there) out.push_back({setting, *asked.file, shown(here), shown(there)});
    };
    if (asked.file) {
        compare("drain_window", asked.drain_window, daemon.drain_window);
        compare("dormant_after", asked.dormant_after, daemon.dormant_after);
        compare("inventory", asked.inventory, daemon.inventory);
        compare("fallback", asked.fallback, daemon.fallback);
        compare("last_used_delay", asked.last_used_delay, daemon.last_used_delay);
        compare("quiet_period", asked.quiet_period, daemon.quiet_period);
        compare("promotes_in_place", asked.promotes_in_place, daemon.promotes_in_place);
        compare("failure_budget", asked.failure_budget, daemon.failure_budget);
        compare("table", asked.table, daemon.table);
        compare("columns", asked.columns, daemon.columns);
        if (!asked.collectors.empty()) compare("collectors", asked.collectors, daemon.collectors);
    }
    if (asked.database && daemon.database && place(*asked.database) != place(*daemon.database))
        out.push_back({"database", database_said_by(asked), *asked.database, *daemon.database});
    return out;
}

std::string difference_text(const Difference& difference) {
    const bool other_database = difference.says == kDatabaseUrl;
    return difference.says + " says " + difference.setting + " " + difference.configured +
           ", the daemon judges by " + difference.daemon +
           (other_database ? ": unset it, or name the configuration of the daemon meant (--config)"
                           : ": reload it (systemctl reload keyshift)");
}

}  // namespace keyshift::api
