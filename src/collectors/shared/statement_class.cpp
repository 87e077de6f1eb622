// SPDX-License-Identifier: Apache-2.0
#include "collectors/shared/statement_class.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/ascii.hpp"
#include "config/presets/preset.hpp"

namespace keyshift::collectors {
namespace {

using config::Identifier;
using formats::StatementPattern;
using formats::StatementTree;
using Class = StatementClass;

template <class List, class Value>
bool has(const List& list, const Value& value) {
    return std::find(list.begin(), list.end(), value) != list.end();
}

std::string name_of(const std::optional<Identifier>& column) {
    return column ? column->name : "";
}

bool in_name(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' ||
           static_cast<unsigned char>(c) >= 0x80;
}

/// Whether `name` stands there as a word, with what `accepts` behind it.
template <class Accepts>
bool finds(std::string_view text, std::string_view name, const Accepts& accepts) {
    const auto same = [](char a, char b) { return base::lower(a) == base::lower(b); };
    for (auto at = text.begin();; ++at) {
        at = std::search(at, text.end(), name.begin(), name.end(), same);
        if (at == text.end()) return false;
        const auto end = at + static_cast<std::ptrdiff_t>(name.size());
        const bool begins = at == text.begin() || !in_name(*(at - 1));
        if (begins && (end == text.end() || !in_name(*end)) &&
            accepts(text.substr(static_cast<std::size_t>(end - text.begin()))))
            return true;
    }
}

bool names(std::string_view text, std::string_view name) {
    return finds(text, name, [](std::string_view) { return true; });
}

bool calls(std::string_view text, std::string_view name) {
    return finds(text, name, [](std::string_view rest) {
        const std::size_t next = rest.find_first_not_of("\" \t\n\r");
        return next != std::string_view::npos && rest[next] == '(';
    });
}

/// Where several uses of the table make one statement, the first of these is what it is.
constexpr std::array kFirst{Class::promote,       Class::scan,   Class::unclassified, Class::touch,
                            Class::legacy_lookup, Class::lookup, Class::by_id,        Class::by_prefix,
                            Class::block,         Class::remove, Class::insert,       Class::owned,
                            Class::exported,      Class::other};

}  // namespace

std::string_view class_name(StatementClass of) {
    constexpr std::array<std::string_view, kStatementClasses> kNames{
        "lookup", "by_id",     "touch", "promote",  "legacy_lookup", "scan",    "block",       "remove",
        "insert", "by_prefix", "owned", "exported", "other",         "ignored", "unclassified"};
    return kNames.at(static_cast<std::size_t>(of));
}

StatementClasses::StatementClasses(const config::Gateway& gateway, std::vector<std::string> tables)
    : tables_(std::move(tables)) {
    config::Columns columns = gateway.columns;
    const config::StatementTexts& given = gateway.statements;
    // A view without hashes has no such columns; the gateway's own table does.
    const config::Gateway& presumed = config::facts_of(gateway.preset).gateway;
    if (!columns.lookup_hash) columns.lookup_hash = presumed.columns.lookup_hash;
    if (!columns.bcrypt_hash) columns.bcrypt_hash = presumed.columns.bcrypt_hash;
    if (!columns.legacy_hash) columns.legacy_hash = presumed.columns.legacy_hash;
    id_ = columns.id.name;
    lookup_hash_ = name_of(columns.lookup_hash);
    legacy_ = name_of(columns.legacy);
    last_used_at_ = name_of(columns.last_used_at);
    prefix_ = name_of(columns.prefix);
    owner_ = name_of(columns.owner);
    name_ = name_of(columns.name);
    legacy_when_ = gateway.legacy_when;
    users_ = gateway.users;
    promotes_ = gateway.promotes_in_place;
    lookup_serves_all_ = given.lookup_serves == config::Serves::all;
    prefix_serves_all_ = given.prefix_serves == config::Serves::all;
    for (const auto& hash : {columns.bcrypt_hash, columns.legacy_hash})
        if (hash) legacy_hashes_.push_back(hash->name);
    old_hashes_ = legacy_hashes_;
    // One column holds both kinds of hash.
    if (lookup_serves_all_ && !lookup_hash_.empty()) old_hashes_.push_back(lookup_hash_);
    std::erase(legacy_hashes_, lookup_hash_);
    plain_ = {prefix_, owner_, name_, last_used_at_, columns.created_at.name, name_of(columns.expires_at),
              legacy_};
    if (columns.blocked) plain_.push_back(columns.blocked->column.name);
    if (given.table) schema_ = given.table->schema;
    scope_ = schema_;
    for (const auto& list : {tables_, old_hashes_, legacy_hashes_, plain_})
        for (const auto& name : list) scope_ += " " + name;
    scope_ += " " + id_ + " " + lookup_hash_;
    if (promotes_) scope_ += " promotes";
    if (lookup_serves_all_) scope_ += " lookups of all";
    if (prefix_serves_all_) scope_ += " prefixes of all";
    read_patterns(given);
    // A pattern of someone's own may name another table.
    const config::StatementTexts& known = presumed.statements;
    const bool own = given.lookup != known.lookup || given.by_id != known.by_id ||
                     given.touch != known.touch || given.scan != known.scan ||
                     given.legacy_lookup != known.legacy_lookup || given.promote != known.promote;
    if (!own) needed_names_ = tables_;
}

StatementClasses StatementClasses::presumed(const config::Gateway& gateway) {
    return {gateway, {gateway.statements.table ? gateway.statements.table->name : gateway.table.name}};
}

void StatementClasses::know_functions(const std::vector<std::string>& names) {
    functions_ = names;
    for (const std::string& name : names) scope_ += "\ncalls " + name;
    if (!needed_names_.empty()) needed_names_.insert(needed_names_.end(), names.begin(), names.end());
}

bool StatementClasses::calls_function(std::string_view text) const {
    return std::any_of(functions_.begin(), functions_.end(),
                       [text](const std::string& function) { return calls(text, function); });
}

void StatementClasses::read_patterns(const config::StatementTexts& given) {
    const auto add = [this](std::vector<StatementPattern>& to, std::string_view what,
                            const std::vector<std::string>& texts) {
        for (const std::string& text : texts) {
            scope_ += "\n" + std::string(what) + " " + text;
            if (auto pattern = StatementPattern::parse(text)) to.push_back(*std::move(pattern));
        }
    };
    for (const auto& [of, texts] :
         {std::pair{Class::lookup, &given.lookup}, std::pair{Class::by_id, &given.by_id},
          std::pair{Class::touch, &given.touch}, std::pair{Class::scan, &given.scan},
          std::pair{Class::legacy_lookup, &given.legacy_lookup}, std::pair{Class::promote, &given.promote}})
        if (*texts) add(patterns_[of], class_name(of), **texts);
    add(ignored_, "ignore", given.ignore);
    for (const std::string& role : given.roles) scope_ += "\nrole " + role;
}

bool StatementClasses::is_sent(StatementClass of) const {
    const auto given = patterns_.find(of);
    return given == patterns_.end() || !given->second.empty();
}

bool StatementClasses::is_declared(StatementClass of) const {
    const auto given = patterns_.find(of);
    return given != patterns_.end() && !given->second.empty();
}

bool StatementClasses::knows(StatementClass of) const {
    if (!is_sent(of)) return false;
    if (is_declared(of)) return true;
    if (of == Class::lookup || of == Class::promote) return !lookup_hash_.empty();
    if (of == Class::scan) return !old_hashes_.empty();
    if (of == Class::legacy_lookup) return !legacy_hashes_.empty();
    return of != Class::touch || !last_used_at_.empty();
}

std::optional<Classified> StatementClasses::of(std::string_view sql) const {
    const bool named = names_table(sql);
    const bool called = !named && calls_function(sql);
    if (!named && !called && patterns_.empty()) return std::nullopt;
    const std::string normalised =
        patterns_.empty() && ignored_.empty() ? std::string() : formats::normalise_statement(sql);
    const auto matches = [&](const StatementPattern& pattern) { return pattern.match(normalised); };
    if (!normalised.empty() && std::any_of(ignored_.begin(), ignored_.end(), matches))
        return Classified{Class::ignored};
    const auto tree = named ? formats::read_statement(sql) : base::Error{};
    if (!normalised.empty())
        if (const auto found = by_pattern(normalised, tree ? &*tree : nullptr)) return found;
    if (called) return Classified{Class::unclassified};
    if (!named) return std::nullopt;
    if (!tree) return Classified{Class::unclassified};
    if (tree->kind == StatementTree::Kind::definition) return Classified{Class::exported};
    if (tree->kind == StatementTree::Kind::block)
        return Classified{names_hash(tree->body) ? Class::unclassified : Class::other};
    if (std::none_of(tree->tables.begin(), tree->tables.end(),
                     [this](const Table& table) { return is_key_table(table); }))
        return std::nullopt;
    Classified out = by_tree(*tree);
    out.of = declared_or(out.of);
    return out;
}

/// What is of a class by its structure, where the configuration gives patterns for that class, and none fits.
StatementClass StatementClasses::declared_or(StatementClass of) const {
    const auto given = patterns_.find(of);
    if (given == patterns_.end()) return of;
    const bool fallback = of == Class::scan || of == Class::legacy_lookup;
    return fallback && !given->second.empty() ? Class::unclassified : Class::other;
}

std::optional<Classified> StatementClasses::by_pattern(std::string_view normalised,
                                                       const StatementTree* tree) const {
    std::vector<Class> fit;
    for (const Class of :
         {Class::promote, Class::legacy_lookup, Class::scan, Class::lookup, Class::touch, Class::by_id}) {
        const auto given = patterns_.find(of);
        if (given == patterns_.end()) continue;
        if (std::any_of(given->second.begin(), given->second.end(),
                        [&](const StatementPattern& pattern) { return pattern.match(normalised); }))
            fit.push_back(of);
    }
    if (fit.empty()) return std::nullopt;
    Classified by_structure = tree == nullptr ? Classified{} : by_tree(*tree);
    Classified out{fit.front()};
    out.fits_more = fit.size() > 1;
    out.touches = by_structure.touches;
    out.throttled = by_structure.throttled;
    out.cursor = by_structure.cursor;
    // What gives a key its lookup hash is a promotion before it is a touch, whoever's pattern takes it for
    // one.
    if (out.of == Class::touch && by_structure.of == Class::promote && patterns_.count(Class::promote) == 0) {
        out.of = Class::promote;
        out.fits_more = true;
    }
    if (out.of == Class::scan && tree != nullptr && is_equality_of_its_own(*tree))
        out.of = Class::legacy_lookup;
    return out;
}

/// Finds one key by a column that means nothing else: such a "scan" has compared no key where it found none.
bool StatementClasses::is_equality_of_its_own(const StatementTree& tree) const {
    if (tree.kind != StatementTree::Kind::plain || tree.tables.size() != 1) return false;
    const Table& table = tree.tables.front();
    const auto own = [this](const std::string& column) { return !has(plain_, column); };
    return is_key_table(table) && table.rows_tell &&
           std::any_of(table.equal.begin(), table.equal.end(), [&](const Table::Equality& columns) {
               return std::all_of(columns.begin(), columns.end(), own);
           });
}

Classified StatementClasses::by_tree(const StatementTree& tree) const {
    Classified out{Class::other};
    out.cursor = tree.kind == StatementTree::Kind::cursor;
    std::vector<Class> found;
    for (const Table& table : tree.tables) {
        if (!is_key_table(table)) continue;
        Classified use{Class::other};
        if (table.role == Table::Role::read) use.of = read(tree, table);
        if (table.role == Table::Role::inserted) use.of = Class::insert;
        if (table.role == Table::Role::deleted || table.role == Table::Role::updated) use = written(table);
        out.looks_up = out.looks_up || use.looks_up;
        out.touches = out.touches || use.touches;
        out.throttled = out.throttled || use.throttled;
        out.returns = out.returns || use.returns;
        found.push_back(use.of);
    }
    for (const Class of : kFirst) {
        if (!has(found, of)) continue;
        out.of = of;
        break;
    }
    const bool both = has(found, Class::lookup) && has(found, Class::legacy_lookup);
    if (both) out.of = Class::unclassified;
    out.looks_up = out.looks_up || (out.of != Class::lookup && has(found, Class::lookup));
    return out;
}

StatementClass StatementClasses::read(const StatementTree& tree, const Table& table) const {
    using Kind = StatementTree::Kind;
    if (tree.kind == Kind::explained) return Class::other;
    if (tree.kind == Kind::stored || tree.cursor == "_pg_dump_cursor") return Class::exported;
    if (!lookup_hash_.empty() && is_by(table, {lookup_hash_}))
        return table.rows_tell ? Class::lookup : Class::other;
    if (!legacy_hashes_.empty() && is_by(table, legacy_hashes_))
        return table.rows_tell ? Class::legacy_lookup : Class::unclassified;
    if (is_by(table, {id_})) return table.rows_tell && !table.returned.empty() ? Class::by_id : Class::other;
    if (is_by_owner(tree, table, 0)) return reads_hash(table) ? Class::owned : Class::other;
    return unidentified(table);
}

StatementClass StatementClasses::unidentified(const Table& table) const {
    if (!reads_hash(table) || is_of_modern_keys(table)) return Class::other;
    std::vector<std::string> hashes = legacy_hashes_;
    hashes.push_back(lookup_hash_);
    for (const Table::Equality& columns : table.equal)
        for (const std::string& column : columns)
            if (has(hashes, column)) return Class::unclassified;  // by one of several columns, or by another
    for (const Table::Join& join : table.joins)
        if (has(hashes, join.column)) return Class::unclassified;
    const bool by_prefix = !prefix_.empty() && (is_by(table, {prefix_}) || has(table.like, prefix_));
    return by_prefix && prefix_serves_all_ && !is_of_legacy_keys(table) ? Class::by_prefix : Class::scan;
}

Classified StatementClasses::written(const Table& table) const {
    const auto given = [&](const std::string& column) {
        return !column.empty() &&
               std::any_of(table.writes.begin(), table.writes.end(), [&](const formats::StatementWrite& w) {
                   return w.column == column && w.value == formats::StatementWrite::Value::given;
               });
    };
    std::vector<std::string> identifying = legacy_hashes_;
    identifying.insert(identifying.end(), {id_, lookup_hash_});
    const auto join_on_id = [this](const Table::Join& join) { return join.column == id_; };
    const bool one =
        is_by(table, identifying) || std::any_of(table.joins.begin(), table.joins.end(), join_on_id);
    Classified out{Class::other};
    out.looks_up = !lookup_hash_.empty() && is_by(table, {lookup_hash_}) && table.rows_tell;
    out.throttled = !last_used_at_.empty() && has(table.conditions, last_used_at_);
    out.returns = !table.returned.empty();
    if (table.role == Table::Role::deleted) {
        out.of = one ? Class::remove : Class::other;
        return out;
    }
    // With another old hash it would be another key.
    const bool rotated = std::any_of(legacy_hashes_.begin(), legacy_hashes_.end(), given);
    out.touches = given(last_used_at_);
    if (given(lookup_hash_) && !rotated) {
        out.of = one || !table.equal.empty() ? Class::promote : Class::exported;
    } else if (!one && reads_hash(table)) {
        out.of = Class::scan;
    } else if (out.touches && (one || is_by_own_column(table))) {
        out.of = Class::touch;
    } else if (is_by(table, {id_})) {
        out.of = Class::block;
    }
    return out;
}

bool StatementClasses::is_by_own_column(const Table& table) const {
    return std::any_of(table.equal.begin(), table.equal.end(), [this](const Table::Equality& columns) {
        return std::none_of(columns.begin(), columns.end(), [this](const std::string& column) {
            return column != prefix_ && has(plain_, column);
        });
    });
}

bool StatementClasses::is_key_table(const Table& table) const {
    return has(tables_, table.name) && (schema_.empty() || table.schema.empty() || table.schema == schema_);
}

bool StatementClasses::names_table(std::string_view text) const {
    return std::any_of(tables_.begin(), tables_.end(), [&](const std::string& table) {
        // In quotation marks a quotation mark is doubled.
        const std::size_t quote = table.find('"');
        return quote == std::string::npos ? names(text, table) : names(text, table.substr(0, quote));
    });
}

bool StatementClasses::names_hash(std::string_view text) const {
    return names_table(text) && std::any_of(old_hashes_.begin(), old_hashes_.end(),
                                            [&](const std::string& hash) { return names(text, hash); });
}

bool StatementClasses::reads_hash(const Table& table) const {
    if (old_hashes_.empty()) return false;
    const auto hash = [this](const std::string& column) { return column == "*" || has(old_hashes_, column); };
    return std::any_of(table.returned.begin(), table.returned.end(), hash) ||
           std::any_of(table.computed.begin(), table.computed.end(), hash);
}

bool StatementClasses::is_by(const Table& table, const std::vector<std::string>& columns) const {
    return std::any_of(table.equal.begin(), table.equal.end(), [&](const Table::Equality& any_of) {
        return std::all_of(any_of.begin(), any_of.end(), [&](const std::string& column) {
            return !column.empty() && has(columns, column);
        });
    });
}

/// Also by the id or the address of a user to whom it is joined.
bool StatementClasses::is_by_owner(const StatementTree& tree, const Table& table, int depth) const {
    constexpr int kDeepest = 4;
    if (is_by(table, {owner_, name_, id_})) return true;
    if (depth == kDeepest) return false;
    return std::any_of(table.joins.begin(), table.joins.end(), [&](const Table::Join& join) {
        if (join.column != owner_ && join.column != id_) return false;
        const Table& other = tree.tables.at(join.table);
        if (is_key_table(other)) return &other != &table && is_by_owner(tree, other, depth + 1);
        const bool user = users_ && users_->table.name == other.name;
        return is_by(other, {join.of}) || (user && is_by(other, {users_->id.name, users_->email.name}));
    });
}

bool StatementClasses::is_of_modern_keys(const Table& table) const {
    if (has(table.not_null, lookup_hash_) || has(table.no, legacy_)) return true;
    if (!legacy_when_ || !legacy_when_->is) return false;
    const std::string& column = legacy_when_->column.name;
    if (legacy_when_->is == config::FlagIs::null) return has(table.not_null, column);
    return has(legacy_when_->is == config::FlagIs::yes ? table.no : table.yes, column);
}

bool StatementClasses::is_of_legacy_keys(const Table& table) const {
    if (has(table.null, lookup_hash_) || has(table.yes, legacy_)) return true;
    if (!legacy_when_) return false;
    const std::string& column = legacy_when_->column.name;
    if (!legacy_when_->is) return !legacy_when_->begins_with.empty() && has(table.like, column);
    if (legacy_when_->is == config::FlagIs::null) return has(table.null, column);
    return has(legacy_when_->is == config::FlagIs::yes ? table.yes : table.no, column);
}

std::string StatementClasses::fingerprint() const {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (const char c : scope()) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    std::string out;
    for (int shift = 60; shift >= 0; shift -= 4) out += "0123456789abcdef"[(hash >> shift) & 0xFU];
    return out;
}

std::string doubt_about(const std::string& shown) {
    return "a statement on the key table fits no class, and may be the fallback: " + shown +
           " (give a pattern for it in gateway.statements.scan, or, if it is none, in "
           "gateway.statements.ignore)";
}

}  // namespace keyshift::collectors
