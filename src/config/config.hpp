// SPDX-License-Identifier: Apache-2.0
// The whole configuration as one typed tree, and what reads it. docs/configuration.md describes each key.
// Values: safe to move between threads. Loading reads files and is not for the loop thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/listen_address.hpp"
#include "base/log/log.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"
#include "config/options/options.hpp"
#include "config/options/reading.hpp"
#include "config/options/secret_source.hpp"
#include "config/tree/environment.hpp"
#include "config/tree/identifier.hpp"
#include "config/tree/problem.hpp"
#include "config/web_paths.hpp"

namespace keyshift::config {

/// What is presumed about the gateway: presets.def.
enum class Preset {
#define PRESET(name) name,
#include "config/presets.def"
#undef PRESET
};

/// What a value of a modern key looks like. Lengths are octets of the whole value; of a `bytea` that is
/// described in hex, two digits are one octet.
struct HashShape {
    enum class Characters { any, hex };        ///< hex: lower-case digits
    std::optional<std::uint32_t> length = {};  ///< empty: any
    Characters characters = Characters::any;   ///< behind `begins_with`
    std::string begins_with = {};
    bool operator==(const HashShape&) const = default;
};

/// What a column holds when it says yes.
enum class FlagIs { set, null, yes, no };

struct FlagTest {
    Identifier column;
    FlagIs is = FlagIs::yes;
    bool operator==(const FlagTest&) const = default;
};

/// A test on one column that is true of legacy keys. Exactly one of the three is given.
struct LegacyWhen {
    Identifier column;
    std::vector<std::string> begins_with = {};  ///< any of them
    std::optional<std::uint32_t> length = {};   ///< octets
    std::optional<FlagIs> is = {};              ///< not `set`
    bool operator==(const LegacyWhen&) const = default;
};

/// The columns of the key table; an empty one does not exist there. What tells legacy keys, at least one of
/// them, first one wins: `legacy`, Gateway::legacy_when, `lookup_hash`. The cost comes from `bcrypt_cost`, or
/// else from the cost field of `bcrypt_hash`. `max_budget` and `current_spend` come together.
struct Columns {
    Identifier id;
    std::optional<Identifier> lookup_hash;
    std::optional<HashShape> lookup_shape = {};  ///< of `lookup_hash`; empty: nothing is known of it
    std::optional<Identifier> legacy;
    std::optional<Identifier> bcrypt_hash;
    std::optional<Identifier> legacy_hash = {};  ///< by which legacy keys are found: equality on it is a use
    std::optional<Identifier> bcrypt_cost;
    std::optional<Identifier> owner;
    std::optional<Identifier> name;
    std::optional<Identifier> prefix;
    Identifier created_at;
    std::optional<Identifier> last_used_at;  ///< empty: the table does not tell of uses
    std::optional<Identifier> expires_at;
    std::optional<FlagTest> blocked;
    std::optional<Identifier> max_budget;
    std::optional<Identifier> current_spend;
    bool operator==(const Columns&) const = default;
};

/// Where an owner's address is looked up.
struct Users {
    TableName table;
    Identifier id;
    Identifier email;
    bool operator==(const Users&) const = default;
};

/// Whether the operator says that the gateway accepts legacy keys, or leaves it to be found out.
enum class FallbackAssertion { detect, present, absent };

/// Of which keys a request sends a statement.
enum class Serves {
    one_kind,  ///< lookups: of modern keys; reads by prefix: of legacy ones
    all,       ///< of both, so that the statement tells neither
};

/// How the gateway writes the statements that tell what it does with keys.
struct StatementTexts {
    using Patterns = std::optional<std::vector<std::string>>;

    /// What its statements call the key table; empty: the name of `Gateway::table`, or of the table below
    /// that view.
    std::optional<TableName> table;
    /// Patterns as formats::StatementPattern reads them; empty: told by their structure. A list of none: the
    /// gateway sends no such statements.
    Patterns lookup = {}, by_id = {}, touch = {}, scan = {}, legacy_lookup = {}, promote = {};
    std::vector<std::string> ignore = {};  ///< patterns of what is nobody's use of a key
    /// Database roles of the gateway; empty: those that send lookups or touches.
    std::vector<std::string> roles = {};
    Serves lookup_serves = Serves::one_kind;
    Serves prefix_serves = Serves::all;
    bool operator==(const StatementTexts&) const = default;
};

struct Gateway {
    Preset preset = Preset::inferxgate;
    TableName table;
    Columns columns;
    std::optional<LegacyWhen> legacy_when = {};  ///< empty: by the columns alone
    std::optional<Users> users;                  ///< empty: the gateway has no such table
    StatementTexts statements = {};
    base::Duration last_used_delay = std::chrono::hours{1};  ///< how late it may write a last use
    bool promotes_in_place = false;  ///< a legacy key gets its lookup hash, in its row, when it is used
    FallbackAssertion fallback = FallbackAssertion::detect;
    /// The id of a key that keyshift alone uses, as the collector `probe` has it; empty: none. Filled when
    /// all collectors have been read.
    std::string canary = {};
    bool operator==(const Gateway&) const = default;
};

struct Migration {
    std::optional<base::Time> start = {};     ///< empty: when the oldest modern key was created
    std::optional<base::Time> deadline = {};  ///< empty: none; later than `start`
    base::Duration drain_window{};            ///< W
    base::Duration dormant_after{};           ///< D; at least W
    base::Duration quiet_period =
        std::chrono::hours{24};     ///< longest time in which nobody may use a modern key
    bool strict_inventory = false;  ///< the verdict wants no legacy row left at all
    double failure_budget = 0.01;   ///< a share of failed authentications that is always normal
    bool operator==(const Migration&) const = default;
};

/// When a collector runs. The runtime keeps to it; the collector only sees its deadline.
struct Schedule {
    base::Duration interval{};
    base::Duration timeout{};  ///< bounds one cheap, regular pass
    bool operator==(const Schedule&) const = default;
};

/// What a collector was told in its own section. Only those who know the collector know more of it.
class CollectorOptions {
 public:
    virtual ~CollectorOptions() = default;
    CollectorOptions(const CollectorOptions&) = delete;
    CollectorOptions& operator=(const CollectorOptions&) = delete;

 protected:
    CollectorOptions() = default;
};

struct CollectorConfig {
    std::string type;  ///< a CollectorType's name; at most one collector of each
    Schedule schedule;
    std::shared_ptr<const CollectorOptions> options;  ///< what that type's `read` returned; not null
    /// It comes along with another one by the environment variable that both use: nobody has asked for it,
    /// and where it cannot work, less is measured.
    bool implicit = false;
    /// All that the file says of it. A collector of which the same is written, for the same Gateway and in
    /// the same environment, is the same.
    base::Secret written = {};
};

struct State {
    /// Absolute, unless the file's own path was relative. Empty: there is no file, and the environment names
    /// no place.
    std::filesystem::path directory;
    base::Duration retention{};  ///< how long history is kept
    bool operator==(const State&) const = default;
};

/// Who may see keys, owners and addresses over HTTP. Whoever may open the Unix socket always may.
enum class Inventory {
    loopback,       ///< who asks from this machine, and not through a proxy
    authenticated,  ///< who has logged in
    off,            ///< nobody
};

struct Web {
    std::vector<base::ListenAddress> listen;  ///< at least one, no two the same
    Inventory inventory = Inventory::loopback;
    bool per_key_series = false;             ///< /metrics names keys, 200 at most
    std::filesystem::path config_file = {};  ///< TLS, users and more (web_file.hpp); empty: none
    bool actions = false;                    ///< who has logged in may decide: pairs, acknowledgements, marks
    WebPaths paths = {};                     ///< what is served where; stays as it was at the start
    bool operator==(const Web&) const = default;
};

/// Where changes are announced by HTTP.
struct Notify {
    SecretSource url = {};               ///< not given: nowhere
    SecretSource secret = {};            ///< signs what is sent; may not be given
    std::string instance = {};           ///< what this keyshift is called there; empty: as its host
    std::filesystem::path ca_file = {};  ///< PEM; empty: the system's authorities
};

struct Log {
    base::log::Level level = base::log::Level::info;
    base::log::Format format = base::log::Format::logfmt;
    bool operator==(const Log&) const = default;
};

struct Config {
    Gateway gateway;
    /// `gateway.owners_file`: who the owners are, where the database has no addresses (tree/owners_file.hpp);
    /// empty: nobody says. No collector reads it.
    std::filesystem::path owners_file = {};
    Migration migration;
    std::vector<CollectorConfig> collectors;  ///< in the file's order; not empty when there are no problems
    State state;
    Web web;
    Notify notify;
    Log log;

    /// The types of all collectors.
    std::set<std::string> types() const {
        std::set<std::string> out;
        for (const CollectorConfig& collector : collectors) out.insert(collector.type);
        return out;
    }
};

/// Reads one collector's own options ("interval" and "timeout" are read already), whose defaults may depend
/// on the gateway. Never null, and never throws over what the file says: problems go to the reader, whose
/// fallbacks make what is returned complete.
using ReadCollector = std::function<std::shared_ptr<const CollectorOptions>(OptionsReader&, const Gateway&)>;

/// What `config` must know of a collector. It knows no collector by itself: app hands in the catalog.
struct CollectorType {
    std::string name;          ///< the YAML `type`
    SecretNames default_when;  ///< while it is given, a configuration that lists no collectors has this one;
                               ///< literals. Empty: only when listed.
    Schedule schedule;         ///< the defaults of interval and timeout
    ReadCollector read;
};
using CollectorTypes = std::vector<CollectorType>;

struct Loaded {
    Config config;                  ///< to be used only when there are no problems
    std::vector<Problem> problems;  ///< sorted; never a secret in it
    std::vector<Problem> warnings;  ///< likewise; they keep nobody from using it
    std::vector<KnownKey> known;    ///< sorted; of the collectors' keys, those of the types in use
    std::vector<std::filesystem::path> secret_files;  ///< sorted; those that the file names
};

/// Reads a configuration file, at most 1 MiB of UTF-8. Every failure is a problem, also a file that is not
/// there. Secrets are read once, to find out whether they can be.
Loaded load(const std::filesystem::path& file, const Environment& environment, const CollectorTypes& types);

/// The same for a text that is already in memory; `file` stands in messages, and relative paths start from
/// its directory.
Loaded parse(std::string_view text, const std::filesystem::path& file, const Environment& environment,
             const CollectorTypes& types);

/// The configuration without a file: the collectors whose `default_when` is given, on 127.0.0.1:11947,
/// state under $XDG_STATE_HOME (or $HOME/.local/state). That none is given is a problem.
Loaded defaults(const Environment& environment, const CollectorTypes& types);

}  // namespace keyshift::config
