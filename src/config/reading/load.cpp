// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "config/config.hpp"
#include "config/options/reading.hpp"
#include "config/reading/collectors.hpp"
#include "config/reading/gateway.hpp"
#include "config/reading/notify.hpp"
#include "config/tree/file.hpp"
#include "config/tree/yaml.hpp"

namespace keyshift::config {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxBytes = 1024UL * 1024;
constexpr std::uint16_t kPort = 11947;
constexpr base::Duration kDay = std::chrono::hours{24};

Migration read_migration(OptionsReader options) {
    Migration migration;
    migration.start = options.time("start");
    migration.deadline = options.time("deadline");
    if (migration.start && migration.deadline && *migration.deadline <= *migration.start)
        options.problem("deadline", "is not after start", "put the later time there");
    migration.drain_window = options.duration("drain_window", 7 * kDay, {.min = 1s, .max = 365 * kDay});
    migration.dormant_after = options.duration("dormant_after", 30 * kDay, {.min = 1s, .max = 3650 * kDay});
    if (migration.drain_window < kDay) {
        options.warning("drain_window",
                        "is shorter than a day: keys seldom used look idle, and SAFE means little",
                        "give it at least 1d, for a migration 7d");
    }
    if (migration.dormant_after < migration.drain_window)
        options.problem("dormant_after", "is shorter than drain_window", "make it at least as long");
    migration.quiet_period = options.duration("quiet_period", kDay, {.min = 1s, .max = 30 * kDay});
    migration.strict_inventory =
        options.choice<bool>("inventory", {{"lenient", false}, {"strict", true}}, false);
    migration.failure_budget = options.ratio("failure_budget", 0.01, {.min = 0, .max = 1});
    return migration;
}

State read_state(OptionsReader options) {
    return {options.path("directory", "/var/lib/keyshift"),
            options.duration("retention", 730 * kDay, {.min = 30 * kDay, .max = 36500 * kDay})};
}

Web read_web(OptionsReader options) {
    const base::ListenAddress everywhere{"", kPort};
    Web web;
    web.listen = options.parsed_list<base::ListenAddress>("listen", {everywhere}, everywhere.text(),
                                                          base::parse_listen_address);
    std::set<std::string> seen;
    web.per_key_series = options.choice<bool>("per_key_series", {{"false", false}, {"true", true}}, false);
    web.inventory = options.choice<Inventory>("inventory",
                                              {{"loopback", Inventory::loopback},
                                               {"authenticated", Inventory::authenticated},
                                               {"off", Inventory::off}},
                                              Inventory::loopback);
    web.config_file = options.optional_path("config_file");
    web.actions = options.choice<bool>("actions", {{"off", false}, {"on", true}}, false);
    web.paths.telemetry_path = options.parsed<std::string>("telemetry_path", web.paths.telemetry_path,
                                                           web.paths.telemetry_path, parse_telemetry_path);
    web.paths.route_prefix =
        options.parsed_or_null<std::string>("route_prefix", std::nullopt, "null", parse_route_prefix);
    web.paths.external_url =
        options.parsed_or_null<std::string>("external_url", std::nullopt, "null", parse_external_url)
            .value_or("");
    for (const base::ListenAddress& address : web.listen) {
        if (!seen.insert(address.text()).second)
            options.problem("listen", "has the same address twice", "remove one");
    }
    return web;
}

Log read_log(OptionsReader options) {
    using base::log::Format;
    using base::log::Level;
    Log log;
    log.level = options.choice<Level>(
        "level",
        {{"debug", Level::debug}, {"info", Level::info}, {"warn", Level::warn}, {"error", Level::error}},
        log.level);
    log.format =
        options.choice<Format>("format", {{"logfmt", Format::logfmt}, {"json", Format::json}}, log.format);
    return log;
}

/// Where the state belongs without a configuration, by the XDG base directory specification, in which a
/// relative path counts as none.
std::optional<std::filesystem::path> state_directory(const Environment& environment) {
    const std::filesystem::path given = non_empty(environment, "XDG_STATE_HOME").value_or("");
    if (given.is_absolute()) return given / "keyshift";
    const std::filesystem::path home = non_empty(environment, "HOME").value_or("");
    if (home.empty()) return std::nullopt;
    return home / ".local/state/keyshift";
}

/// `root` is null where there is no file.
Loaded read(Reading reading, const TreeNode* root, const CollectorTypes& types) {
    OptionsReader options(reading, root, root == nullptr ? Position{} : root->at, "");
    Loaded loaded;
    OptionsReader gateway = options.section("gateway");
    loaded.config.owners_file = gateway.optional_path("owners_file");
    loaded.config.gateway = read_gateway(std::move(gateway));
    loaded.config.migration = read_migration(options.section("migration"));
    loaded.config.collectors = read_collectors(reading, root, types, loaded.config.gateway);
    loaded.config.state = read_state(options.section("state"));
    loaded.config.web = read_web(options.section("web"));
    loaded.config.notify = read_notify(options.section("notify"));
    loaded.config.log = read_log(options.section("log"));
    report_unknown_keys(reading);
    sort_problems(reading.problems);
    sort_problems(reading.warnings);
    std::sort(reading.known.begin(), reading.known.end(), [](const KnownKey& a, const KnownKey& b) {
        return std::tie(a.path, a.fallback) < std::tie(b.path, b.fallback);
    });
    reading.known.erase(std::unique(reading.known.begin(), reading.known.end()), reading.known.end());
    loaded.problems = std::move(reading.problems);
    loaded.warnings = std::move(reading.warnings);
    loaded.known = std::move(reading.known);
    loaded.secret_files.assign(reading.secret_files.begin(), reading.secret_files.end());
    return loaded;
}

Loaded failed(Problem problem) {
    Loaded loaded;
    loaded.problems.push_back(std::move(problem));
    return loaded;
}

std::optional<TreeNode> parse_root(std::string_view text, std::vector<Problem>& problems) {
    if (text.size() > kMaxBytes) {
        problems.push_back({"", {}, "", "is larger than 1024 KiB", "check its path"});
        return std::nullopt;
    }
    auto root = parse_yaml(text, problems);
    if (!root || root->kind == TreeNode::Kind::map) return root;
    if (root->kind == TreeNode::Kind::null) {
        problems.push_back(
            {"", {}, "", "is empty", "list what to watch, such as 'collectors: [{type: keys}]'"});
    } else if (root->kind != TreeNode::Kind::broken) {
        problems.push_back({"", root->at, "", "is not a mapping", "start with a key, such as 'collectors:'"});
    }
    return std::nullopt;
}

}  // namespace

Loaded parse(std::string_view text, const std::filesystem::path& file, const Environment& environment,
             const CollectorTypes& types) {
    Reading reading;
    reading.file = file.native();
    reading.directory = file.parent_path();
    reading.environment = environment;
    const auto root = parse_root(text, reading.problems);
    for (Problem& problem : reading.problems) problem.file = reading.file;
    if (root) return read(std::move(reading), &*root, types);
    Loaded loaded;
    sort_problems(reading.problems);
    loaded.problems = std::move(reading.problems);
    return loaded;
}

Loaded load(const std::filesystem::path& file, const Environment& environment, const CollectorTypes& types) {
    auto text = read_small_file(file, kMaxBytes);
    if (!text) return failed({file.native(), {}, "", text.error().what, text.error().hint});
    return parse(*text, file, environment, types);
}

Loaded defaults(const Environment& environment, const CollectorTypes& types) {
    Reading reading;
    reading.environment = environment;
    Loaded loaded = read(std::move(reading), nullptr, types);
    loaded.config.web.listen = {{"127.0.0.1", kPort}};
    loaded.config.state.directory = state_directory(environment).value_or("");
    return loaded;
}

}  // namespace keyshift::config
