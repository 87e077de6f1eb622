// SPDX-License-Identifier: Apache-2.0
// What a statement means for keys: its tree, and what the gateway calls its table and columns. A value: safe
// to read from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "formats/statements/pattern.hpp"
#include "formats/statements/tree.hpp"

namespace keyshift::collectors {

enum class StatementClass : std::uint8_t {
    lookup,         ///< reads the key with a lookup hash
    by_id,          ///< reads a key by its id
    touch,          ///< sets when a key was last used
    promote,        ///< gives a row that is there a lookup hash
    legacy_lookup,  ///< reads the key with an old hash: its rows are uses of the fallback
    scan,           ///< reads or compares the old hashes of keys that nothing identifies
    block,          ///< changes one key otherwise
    remove,
    insert,
    by_prefix,  ///< reads one key by its prefix, where requests of all keys do
    owned,      ///< reads hashes of keys of one owner, or of one name
    exported,   ///< COPY, pg_dump, DDL, maintenance
    other,      ///< reads no hash, and so is no fallback
    ignored,    ///< as gateway.statements.ignore says
    unclassified,
};
inline constexpr std::size_t kStatementClasses = 15;
/// "lookup", "by_id"; of the first six, the configuration's key for their patterns.
std::string_view class_name(StatementClass of);

struct Classified {
    StatementClass of = StatementClass::other;
    /// Beside that it is a lookup, as in UPDATE ... WHERE lookup_hash = $1 RETURNING *.
    bool looks_up = false;
    bool touches = false;    ///< of a promotion: it sets the last use, too
    bool throttled = false;  ///< of a touch: a condition lets it change nothing, now and then
    bool returns = false;    ///< of a block: the gateway reads what it has changed
    bool cursor = false;     ///< its rows are counted elsewhere
    bool fits_more = false;  ///< more than one of the configuration's patterns fit it
    bool operator==(const Classified&) const = default;
};

class StatementClasses {
 public:
    /// `tables`: what the gateway's statements may call the key table, without a schema; not empty.
    StatementClasses(const config::Gateway& gateway, std::vector<std::string> tables);
    /// Functions of the database that read the key table: what calls one shows no table, and may be the
    /// fallback.
    void know_functions(const std::vector<std::string>& names);
    /// For who has no database to ask: the table is called what the configuration calls it.
    static StatementClasses presumed(const config::Gateway& gateway);

    /// Of a statement as it was sent, or as pg_stat_statements shows it; empty: it has nothing to do with the
    /// key table. Where PostgreSQL's parser is not installed, all that names the table is unclassified.
    std::optional<Classified> of(std::string_view sql) const;
    /// False where the configuration leaves it open what such a statement would look like, or says that the
    /// gateway sends none.
    bool knows(StatementClass of) const;
    /// False where the configuration says that the gateway sends none.
    bool is_sent(StatementClass of) const;
    /// Whether a pattern says what such a statement is.
    bool is_declared(StatementClass of) const;
    /// Whether lookups that find a key, or none, are of modern keys.
    bool lookups_are_modern() const { return !lookup_serves_all_; }
    /// Whether a promotion is a use, also where it does not set a last use.
    bool promotions_are_uses() const { return promotes_; }
    /// A text without any of these names is of no class, whatever the case of its letters. Empty: it may be.
    std::vector<std::string> needed_names() const { return needed_names_; }
    const std::vector<std::string>& tables() const { return tables_; }
    /// Differs where the same text may be of another class.
    std::string scope() const { return scope_; }
    /// Short, of scope(), and the same in every release.
    std::string fingerprint() const;

 private:
    using Table = formats::StatementTable;

    void read_patterns(const config::StatementTexts& given);
    std::optional<Classified> by_pattern(std::string_view normalised,
                                         const formats::StatementTree* tree) const;
    bool is_equality_of_its_own(const formats::StatementTree& tree) const;
    Classified by_tree(const formats::StatementTree& tree) const;
    StatementClass read(const formats::StatementTree& tree, const Table& table) const;
    StatementClass unidentified(const Table& table) const;
    Classified written(const Table& table) const;
    bool is_by_own_column(const Table& table) const;
    bool is_key_table(const Table& table) const;
    bool names_table(std::string_view text) const;
    bool names_hash(std::string_view text) const;
    bool calls_function(std::string_view text) const;
    bool reads_hash(const Table& table) const;
    bool is_by(const Table& table, const std::vector<std::string>& columns) const;
    bool is_by_owner(const formats::StatementTree& tree, const Table& table, int depth) const;
    bool is_of_modern_keys(const Table& table) const;
    bool is_of_legacy_keys(const Table& table) const;
    StatementClass declared_or(StatementClass of) const;

    std::vector<std::string> tables_, functions_;
    std::string schema_;  // empty: any
    std::string id_, lookup_hash_, legacy_, last_used_at_, prefix_, owner_, name_;
    std::vector<std::string> old_hashes_;     // what a slow path reads
    std::vector<std::string> legacy_hashes_;  // by which one finds a legacy key
    std::vector<std::string> plain_;          // columns that are known and identify nothing
    std::optional<config::LegacyWhen> legacy_when_;
    std::optional<config::Users> users_;
    bool promotes_ = false;
    bool lookup_serves_all_ = false;
    bool prefix_serves_all_ = false;
    std::map<StatementClass, std::vector<formats::StatementPattern>> patterns_;
    std::vector<formats::StatementPattern> ignored_;
    std::vector<std::string> needed_names_;
    std::string scope_;
};

/// Why zeros are none where a statement that fits no class ran; `shown` is its text, as it may be shown.
std::string doubt_about(const std::string& shown);

}  // namespace keyshift::collectors
