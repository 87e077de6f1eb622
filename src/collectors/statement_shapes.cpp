// SPDX-License-Identifier: Apache-2.0
#include "collectors/statement_shapes.hpp"

#include <algorithm>
#include <utility>

#include "config/preset.hpp"

namespace keyshift::collectors {
namespace {

using config::Identifier;

/// As it stands in a normalised statement.
std::string normal(const std::optional<Identifier>& name) {
    return name ? formats::normalise_statement(name->sql()) : "";
}

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}

/// How long the token is that `text`, which is not empty, begins with.
std::size_t token_size(std::string_view text) {
    std::size_t size = 1;
    if (text[0] == '"' || text[0] == '\'') {
        // A doubled quotation mark does not close.
        for (std::size_t end = text.find(text[0], 1); end != std::string_view::npos;
             end = text.find(text[0], end + 2))
            if (end + 1 >= text.size() || text[end + 1] != text[0]) return end + 1;
        return text.size();
    }
    if (is_word(text[0]))
        while (size < text.size() && (is_word(text[size]) || text[size] == '$')) ++size;
    return size;
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), text) != words.end();
}

bool is_name(std::string_view text) {
    return is_word(text[0]) || text[0] == '"';
}

}  // namespace

std::string_view shape_name(Shape shape) {
    constexpr std::array<std::string_view, kShapes.size()> kNames{"lookup", "by_id",  "touch",
                                                                  "scan",   "manage", "promote"};
    return kNames.at(static_cast<std::size_t>(shape));
}

/// `a.b.c` is one token: "c" of "b".
struct StatementShapes::Token {
    std::string_view text;
    std::string_view qualifier = {};
};

/// A SELECT of plain columns from the key table alone.
struct StatementShapes::Select {
    std::vector<std::string_view> columns;
    std::vector<std::string_view> rest;  ///< what stands behind the table
};

StatementShapes::StatementShapes(const config::Gateway& gateway, std::vector<std::string> tables) {
    config::Columns columns = gateway.columns;
    const config::StatementTexts& given = gateway.statements;
    // A view without hashes has no such columns; the gateway's own table does.
    const config::Gateway& presumed = config::facts_of(gateway.preset).gateway;
    if (!columns.lookup_hash) columns.lookup_hash = presumed.columns.lookup_hash;
    if (!columns.bcrypt_hash) columns.bcrypt_hash = presumed.columns.bcrypt_hash;
    promotes_ = gateway.promotes_in_place;
    id_ = normal(columns.id);
    lookup_hash_ = normal(columns.lookup_hash);
    legacy_ = normal(columns.legacy);
    bcrypt_hash_ = normal(columns.bcrypt_hash);
    last_used_at_ = normal(columns.last_used_at);
    prefix_ = normal(columns.prefix);
    for (const auto& column :
         {std::optional(columns.id), columns.lookup_hash, columns.bcrypt_hash, columns.owner, columns.name})
        if (column) identifying_.push_back(normal(column));
    if (given.table && !given.table->schema.empty()) schema_ = normal(Identifier{given.table->schema});
    for (const auto& table : tables) tables_.push_back(normal(Identifier{table}));
    scope_ = schema_;
    for (const auto& name : tables_) scope_ += " " + name;
    for (const auto& name : {id_, lookup_hash_, legacy_, bcrypt_hash_, last_used_at_, prefix_})
        scope_ += " " + name;
    if (promotes_) scope_ += " promotes";
    read_patterns(given);
    // A pattern of someone's own may name another table.
    config::StatementTexts own = given;
    own.table = presumed.statements.table;
    if (own == presumed.statements) needed_names_ = std::move(tables);
}

void StatementShapes::read_patterns(const config::StatementTexts& given) {
    for (const auto& [shape, texts] :
         {std::pair{Shape::lookup, &given.lookup}, std::pair{Shape::by_id, &given.by_id},
          std::pair{Shape::touch, &given.touch}, std::pair{Shape::scan, &given.scan},
          std::pair{Shape::promote, &given.promote}}) {
        if (!*texts) continue;
        auto& patterns = patterns_[shape];
        for (const std::string& text : **texts) {
            scope_ += "\n" + std::string(shape_name(shape)) + " " + text;
            if (auto pattern = formats::StatementPattern::parse(text))
                patterns.push_back(*std::move(pattern));
        }
    }
}

std::vector<std::string> StatementShapes::needed_names() const {
    return needed_names_;
}

std::string StatementShapes::scope() const {
    return scope_;
}

bool StatementShapes::is_sent(Shape shape) const {
    const auto given = patterns_.find(shape);
    return (shape != Shape::promote || promotes_) && (given == patterns_.end() || !given->second.empty());
}

bool StatementShapes::knows(Shape shape) const {
    if (!is_sent(shape)) return false;
    if (patterns_.count(shape) != 0) return true;
    if (shape == Shape::lookup || shape == Shape::promote) return !lookup_hash_.empty();
    return shape != Shape::scan || !bcrypt_hash_.empty();
}

std::optional<Shape> StatementShapes::of(std::string_view sql) const {
    const std::string normalised = formats::normalise_statement(sql);
    for (const auto& [shape, patterns] : patterns_) {
        if (shape == Shape::promote && !promotes_) continue;
        for (const auto& pattern : patterns)
            if (pattern.match(normalised)) return shape;
    }
    const auto shape = by_structure(normalised);
    return shape && patterns_.count(*shape) != 0 ? std::nullopt : shape;
}

std::optional<Shape> StatementShapes::by_structure(std::string_view normalised) const {
    const auto all = tokens(normalised);
    if (is_touch(all)) return Shape::touch;
    if (is_promotion(all)) return Shape::promote;
    if (is_management(all)) return Shape::manage;
    const auto found = select(all);
    if (!found) return std::nullopt;
    if (is_select_by(*found, lookup_hash_)) return Shape::lookup;
    if (is_select_by(*found, id_)) return Shape::by_id;
    if (is_scan(*found)) return Shape::scan;
    return std::nullopt;
}

std::vector<StatementShapes::Token> StatementShapes::tokens(std::string_view normalised) const {
    std::vector<Token> out;
    bool qualified = false;
    while (!normalised.empty()) {
        const std::size_t size = token_size(normalised);
        const std::string_view text = normalised.substr(0, size);
        normalised.remove_prefix(size);
        if (text == " ") continue;
        if (text == "." && !out.empty()) {
            qualified = true;
        } else if (std::exchange(qualified, false)) {
            out.back() = {text, out.back().text};
        } else {
            out.push_back({text});
        }
    }
    return out;
}

/// Behind the name of the key table at `at` and its alias.
std::optional<std::size_t> StatementShapes::after_table(const std::vector<Token>& tokens,
                                                        std::size_t at) const {
    if (at < tokens.size() && tokens[at].text == "only") ++at;
    if (at >= tokens.size()) return std::nullopt;
    const Token& table = tokens[at];
    if (std::find(tables_.begin(), tables_.end(), table.text) == tables_.end()) return std::nullopt;
    if (!schema_.empty() && !table.qualifier.empty() && table.qualifier != schema_) return std::nullopt;
    ++at;
    if (at < tokens.size() && tokens[at].text == "as") return at + 2;
    const bool alias =
        at < tokens.size() && is_name(tokens[at].text) &&
        !is_one_of(tokens[at].text,
                   {"where",  "order", "limit",     "offset",  "fetch",       "for",    "group",
                    "having", "union", "intersect", "except",  "join",        "inner",  "left",
                    "right",  "full",  "cross",     "natural", "tablesample", "window", "set"});
    return alias ? at + 1 : at;
}

std::optional<StatementShapes::Select> StatementShapes::select(const std::vector<Token>& tokens) const {
    if (tokens.empty() || tokens[0].text != "select") return std::nullopt;
    const auto text = [&](std::size_t i) { return i < tokens.size() ? tokens[i].text : std::string_view{}; };
    Select select;
    std::size_t at = 1;
    for (;; ++at) {
        if (text(at) != "*" && (text(at).empty() || !is_name(text(at)))) return std::nullopt;
        select.columns.push_back(text(at++));
        if (text(at) == ":" && text(at + 1) == ":") at += 3;
        if (text(at) == "as") at += 2;
        if (text(at) != ",") break;
    }
    if (text(at) != "from") return std::nullopt;
    const auto rest = after_table(tokens, at + 1);
    if (!rest) return std::nullopt;
    for (std::size_t i = *rest; i < tokens.size(); ++i) select.rest.push_back(tokens[i].text);
    return select;
}

/// ... WHERE column = $1, with no more than a LIMIT or a lock behind it.
bool StatementShapes::is_select_by(const Select& select, const std::string& column) const {
    const auto& rest = select.rest;
    if (column.empty() || rest.size() < 4) return false;
    if (rest[0] != "where" || rest[1] != column || rest[2] != "=" || rest[3] != "$") return false;
    std::size_t at = 4;
    if (at < rest.size() && rest[at] == ":") at += 3;  // $1::uuid
    return at >= rest.size() || is_one_of(rest[at], {"limit", "for"});
}

/// Reads hashes of keys that it does not identify: all, the legacy ones, or those with a prefix.
bool StatementShapes::is_scan(const Select& select) const {
    const auto has = [](const std::vector<std::string_view>& in, std::string_view text) {
        return std::find(in.begin(), in.end(), text) != in.end();
    };
    if (bcrypt_hash_.empty() || !(has(select.columns, bcrypt_hash_) || has(select.columns, "*")))
        return false;
    const auto& rest = select.rest;
    const bool page = has(rest, "limit") || has(rest, "offset") || has(rest, "fetch");
    if (rest.empty() || rest[0] == "order") return !page;
    if (rest[0] != "where") return rest[0] == "for";
    bool of_legacy_keys = false;
    for (std::size_t i = 1; i < rest.size(); ++i) {
        const auto next = [&](std::size_t by) {
            return i + by < rest.size() ? rest[i + by] : std::string_view{};
        };
        if (rest[i] == "order") break;
        const bool compared = next(1) == "=";
        if (compared && std::find(identifying_.begin(), identifying_.end(), rest[i]) != identifying_.end())
            return false;
        of_legacy_keys = of_legacy_keys ||
                         (rest[i] == lookup_hash_ && next(1) == "is" && next(2) == "null") ||
                         (rest[i] == legacy_ && rest[i - 1] != "not") || (rest[i] == prefix_ && compared);
    }
    return of_legacy_keys;
}

/// UPDATE table SET last_used_at = NOW() WHERE id = $1
bool StatementShapes::is_touch(const std::vector<Token>& tokens) const {
    if (tokens.empty() || tokens[0].text != "update") return false;
    const auto begin = after_table(tokens, 1);
    if (!begin) return false;
    std::vector<std::string_view> rest;
    for (std::size_t i = *begin; i < tokens.size(); ++i)
        if (!is_one_of(tokens[i].text, {"(", ")"})) rest.push_back(tokens[i].text);
    const auto text = [&](std::size_t i) { return i < rest.size() ? rest[i] : std::string_view{}; };
    if (text(0) != "set" || text(1) != last_used_at_ || text(2) != "=") return false;
    if (!is_one_of(text(3), {"now", "$", "current_timestamp", "clock_timestamp", "statement_timestamp",
                             "transaction_timestamp", "localtimestamp"}))
        return false;
    const std::size_t at = text(4) == ":" ? 7 : 4;
    const std::size_t end = text(at + 4) == ":" ? at + 7 : at + 4;
    return text(at) == "where" && text(at + 1) == id_ && text(at + 2) == "=" && text(at + 3) == "$" &&
           rest.size() == end;
}

/// UPDATE table SET ..., lookup_hash = $1, ... WHERE ...: with another bcrypt hash it would be another key.
bool StatementShapes::is_promotion(const std::vector<Token>& tokens) const {
    if (!promotes_ || lookup_hash_.empty() || tokens.empty() || tokens[0].text != "update") return false;
    const auto begin = after_table(tokens, 1);
    if (!begin || *begin >= tokens.size() || tokens[*begin].text != "set") return false;
    bool promotes = false;
    for (std::size_t i = *begin + 1; i < tokens.size() && tokens[i].text != "where"; ++i) {
        const bool set = i + 2 < tokens.size() && tokens[i + 1].text == "=";
        if (set && tokens[i].text == bcrypt_hash_) return false;
        promotes = promotes || (set && tokens[i].text == lookup_hash_ && tokens[i + 2].text == "$");
    }
    return promotes;
}

/// UPDATE table SET ... WHERE id = $1 RETURNING ..., without last_used_at; DELETE FROM table WHERE id = $1.
/// An administrator's UPDATE asks for nothing back.
bool StatementShapes::is_management(const std::vector<Token>& tokens) const {
    const auto text = [&](std::size_t i) { return i < tokens.size() ? tokens[i].text : std::string_view{}; };
    const bool removal = text(0) == "delete" && text(1) == "from";
    if (!removal && text(0) != "update") return false;
    const auto begin = after_table(tokens, removal ? 2 : 1);
    if (!begin) return false;
    const auto where = std::find_if(tokens.begin() + static_cast<std::ptrdiff_t>(*begin), tokens.end(),
                                    [](const Token& token) { return token.text == "where"; });
    const bool uses =
        std::any_of(tokens.begin(), where, [&](const Token& token) { return token.text == last_used_at_; });
    const auto at = static_cast<std::size_t>(where - tokens.begin());
    if (uses || text(at + 1) != id_ || text(at + 2) != "=" || text(at + 3) != "$") return false;
    const std::size_t end = text(at + 4) == ":" ? at + 7 : at + 4;
    return removal ? end == tokens.size() : text(end) == "returning";
}

}  // namespace keyshift::collectors
