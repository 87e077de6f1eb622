// SPDX-License-Identifier: Apache-2.0
#include "collectors/key_table/expressions.hpp"

#include <algorithm>
#include <array>

#include "domain/keys/plausible.hpp"

namespace keyshift::collectors {
namespace {

using config::FlagIs;
using config::HashShape;
using config::Identifier;
using domain::HashKind;

constexpr std::string_view kWithoutZone = "timestamp without time zone";
constexpr std::string_view kWithZone = "timestamp with time zone";

std::string number_of(HashKind kind) {
    return std::to_string(static_cast<int>(kind));
}

bool is_text(std::string_view type) {
    return type.empty() || type == "text" || type == "character varying" || type == "character";
}

/// Characters of UTF-8.
std::size_t length_of(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

std::string sql_text(std::string_view text) {
    const bool escapes = text.find('\\') != std::string_view::npos;
    std::string out = escapes ? "E'" : "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') out += c;
        out += c;
    }
    return out + "'";
}

bool KeyExpressions::is_bytes(const Identifier& column) const {
    return type_of_(column) == "bytea";
}

std::string KeyExpressions::text(const Identifier& column) const {
    return is_text(type_of_(column)) ? name(column) : name(column) + "::text";
}

std::optional<Identifier> KeyExpressions::hash_column() const {
    if (gateway_.columns.legacy) return std::nullopt;
    if (gateway_.columns.lookup_hash) return gateway_.columns.lookup_hash;
    const auto& when = gateway_.legacy_when;
    return when && !when->is ? std::optional(when->column) : std::nullopt;
}

bool KeyExpressions::is_shapeless() const {
    return !gateway_.columns.legacy && !gateway_.legacy_when && !gateway_.columns.lookup_shape;
}

/// Empty, or nothing but white space.
std::string KeyExpressions::blank(const Identifier& column) const {
    const std::string empty = "octet_length(" + (is_bytes(column) ? name(column) : text(column)) + ") = 0";
    if (is_bytes(column)) return empty;
    return "(" + empty + " OR btrim(" + name(column) + "::text, E' \\t\\r\\n') = '')";
}

/// A negated class is found by the first character that does not fit, and in the C locale at once:
/// '^[0-9a-f]{64}$' costs a multiple of it.
std::string KeyExpressions::well_formed(const Identifier& column, const HashShape& shape) const {
    const bool hex = shape.characters == HashShape::Characters::hex;
    std::string out;
    const auto add = [&out](const std::string& test) { out += (out.empty() ? "" : " AND ") + test; };
    if (is_bytes(column)) {
        if (shape.length) {
            add("octet_length(" + name(column) + ") = " + std::to_string(*shape.length / (hex ? 2 : 1)));
        }
        return out.empty() ? "NOT " + blank(column) : out;
    }
    if (shape.length) add("octet_length(" + text(column) + ") = " + std::to_string(*shape.length));
    std::string rest = text(column);
    if (!shape.begins_with.empty()) {
        add("starts_with(" + name(column) + "::text, " + sql_text(shape.begins_with) + ")");
        rest = "substr(" + rest + ", " + std::to_string(length_of(shape.begins_with) + 1) + ")";
    }
    if (hex) add("NOT " + rest + " COLLATE \"C\" ~ '[^0-9a-f]'");
    if (!shape.length) add("NOT " + blank(column));
    return out;
}

std::string KeyExpressions::beginning(const Identifier& column) const {
    return is_bytes(column) ? "encode(substr(" + name(column) + ", 1, 8), 'escape')"
                            : "left(" + text(column) + ", 8)";
}

std::string KeyExpressions::slow() const {
    const auto column = hash_column();
    if (!column) return "false";
    return beginning(*column) +
           " COLLATE \"C\" ~ '^([$]2[abxy]?[$]|[$]argon2|[$]scrypt|[$][567][$]|pbkdf2|scrypt|sha512[$][$])'";
}

std::string KeyExpressions::legacy_when() const {
    const config::LegacyWhen& when = *gateway_.legacy_when;
    if (when.is == FlagIs::null) return name(when.column) + " IS NULL";
    if (when.is) return (when.is == FlagIs::no ? "NOT " : "") + name(when.column);
    if (when.length)
        return "octet_length(" + (is_bytes(when.column) ? name(when.column) : text(when.column)) +
               ") = " + std::to_string(*when.length);
    std::string out;
    for (const std::string& beginning : when.begins_with)
        out += (out.empty() ? "" : " OR ") + ("starts_with(" + name(when.column) + "::text, ") +
               sql_text(beginning) + ")";
    return when.begins_with.size() == 1 ? out : "(" + out + ")";
}

LegacySql KeyExpressions::by_flag() const {
    const std::string flag = name(*gateway_.columns.legacy);
    return {"(" + flag + " IS NOT FALSE)", flag,
            "CASE WHEN " + flag + " THEN " + number_of(HashKind::legacy) + " WHEN " + flag +
                " IS NULL THEN " + number_of(HashKind::unknown) + " ELSE " + number_of(HashKind::modern) +
                " END"};
}

LegacySql KeyExpressions::by_test() const {
    const std::string test = legacy_when();
    const config::Columns& columns = gateway_.columns;
    std::string modern = "(" + test + ") IS FALSE";
    if (columns.lookup_hash) {
        modern = well_formed(*columns.lookup_hash, columns.lookup_shape.value_or(HashShape{}));
        modern = "(" + test + ") IS NOT TRUE AND " + modern;
    }
    return {"((" + modern + ") IS NOT TRUE)", test,
            "CASE WHEN " + test + " THEN " + number_of(HashKind::legacy) + " WHEN " + modern + " THEN " +
                number_of(HashKind::modern) + " ELSE " + number_of(HashKind::neither) + " END"};
}

LegacySql KeyExpressions::by_hash() const {
    const Identifier& hash = *gateway_.columns.lookup_hash;
    const std::string none = name(hash) + " IS NULL";
    const auto& shape = gateway_.columns.lookup_shape;
    const std::string kind = "CASE WHEN " + none + " THEN " + number_of(HashKind::legacy);
    if (!shape) {
        return {"(" + none + " OR " + blank(hash) + ")", none,
                kind + " WHEN " + blank(hash) + " THEN " + number_of(HashKind::empty) + " WHEN " + slow() +
                    " THEN " + number_of(HashKind::slow) + " ELSE " + std::to_string(domain::kPlainLength) +
                    " + octet_length(" + (is_bytes(hash) ? name(hash) : text(hash)) + ") END"};
    }
    const std::string fits = well_formed(hash, *shape);
    return {"(" + none + " OR NOT (" + fits + "))", none,
            kind + " WHEN " + fits + " THEN " + number_of(HashKind::modern) + " WHEN " + blank(hash) +
                " THEN " + number_of(HashKind::empty) + " ELSE " + number_of(HashKind::malformed) + " END"};
}

LegacySql KeyExpressions::legacy() const {
    if (gateway_.columns.legacy) return by_flag();
    return gateway_.legacy_when ? by_test() : by_hash();
}

LegacySql KeyExpressions::legacy_of_view() const {
    const auto column = [&](std::string_view view) { return name(Identifier{std::string(view)}); };
    return {column(kViewLegacy), column(kViewIndexed), column(kViewKind)};
}

std::string KeyExpressions::blocked() const {
    const auto& test = gateway_.columns.blocked;
    if (!test) return "false";
    switch (test->is) {
        case FlagIs::set:
            return name(test->column) + " IS NOT NULL";
        case FlagIs::null:
            return name(test->column) + " IS NULL";
        case FlagIs::no:
            return "NOT " + name(test->column);
        case FlagIs::yes:
            break;
    }
    return name(test->column);
}

std::string KeyExpressions::budget() const {
    const config::Columns& columns = gateway_.columns;
    const auto value = [](domain::Budget budget) { return std::to_string(static_cast<int>(budget)); };
    if (!columns.max_budget || !columns.current_spend) return value(domain::Budget::none);
    const std::string type = type_of_(*columns.max_budget);
    const std::string spent_type = type_of_(*columns.current_spend);
    const auto has_nan = [](std::string_view t) {
        return t == "numeric" || t == "double precision" || t == "real";
    };
    const auto is_whole = [](std::string_view t) {
        return t == "integer" || t == "bigint" || t == "smallint";
    };
    // Money is comparable with itself alone.
    const auto number = [&](const Identifier& column) {
        return name(column) + (type != spent_type && type_of_(column) == "money" ? "::numeric" : "");
    };
    const std::string budget = number(*columns.max_budget);
    const std::string spent = number(*columns.current_spend);
    std::string none;
    if (has_nan(type)) none = "(" + budget + " <= 0 OR " + budget + " = 'NaN')";
    if (is_whole(type)) none = budget + " <= 0";
    if (type == "money") none = name(*columns.max_budget) + "::numeric <= 0";
    std::string over = spent + " >= " + budget;
    if (has_nan(spent_type)) over += " AND " + spent + " <> 'NaN'";
    std::string out = "CASE ";
    if (!none.empty()) out += "WHEN " + none + " THEN " + value(domain::Budget::not_positive) + " ";
    return out + "WHEN " + over + " THEN " + value(domain::Budget::over) + " ELSE " +
           value(domain::Budget::within) + " END";
}

std::string KeyExpressions::time(const std::optional<Identifier>& column) const {
    if (!column) return "NULL::timestamptz";
    const std::string type = type_of_(*column);
    if (type == kWithoutZone) return name(*column) + " AT TIME ZONE 'UTC'";
    if (type == "date") return name(*column) + "::timestamp AT TIME ZONE 'UTC'";
    return name(*column);
}

/// Of two columns of one type the index holds that type; else both are brought to one, by what does not
/// depend on settings: only such an expression can be in an index.
std::string KeyExpressions::activity() const {
    const config::Columns& columns = gateway_.columns;
    const std::string created = type_of_(columns.created_at);
    if (!columns.last_used_at && created != "date") return name(columns.created_at);
    if (!columns.last_used_at) return "greatest(" + time(columns.created_at) + ")";
    if (created == type_of_(*columns.last_used_at) && created != "date")
        return "greatest(" + name(columns.created_at) + ", " + name(*columns.last_used_at) + ")";
    return "greatest(" + time(columns.created_at) + ", " + time(columns.last_used_at) + ")";
}

std::string KeyExpressions::activity_type() const {
    const config::Columns& columns = gateway_.columns;
    const bool without = type_of_(columns.created_at) == kWithoutZone &&
                         (!columns.last_used_at || type_of_(*columns.last_used_at) == kWithoutZone);
    return std::string(without ? kWithoutZone : kWithZone);
}

bool KeyExpressions::is_of_any_case(const Identifier& column) const {
    const std::string type = type_of_(column);
    return type == "citext" || type.ends_with(".citext");
}

std::string KeyExpressions::misfit() const {
    const config::Columns& columns = gateway_.columns;
    // The hash-free view has not all of them.
    const auto is_flag = [&](const Identifier& column) {
        return type_of_(column) == "boolean" || type_of_(column) == "absent";
    };
    const auto typed = [&](const Identifier& column) { return column.name + " (" + type_of_(column) + ")"; };
    if (columns.blocked && (columns.blocked->is == FlagIs::yes || columns.blocked->is == FlagIs::no) &&
        !is_flag(columns.blocked->column))
        return typed(columns.blocked->column);
    if (columns.legacy) return is_flag(*columns.legacy) ? "" : typed(*columns.legacy);
    const auto& when = gateway_.legacy_when;
    if (when && (when->is == FlagIs::yes || when->is == FlagIs::no) && !is_flag(when->column))
        return typed(when->column);
    return {};
}

}  // namespace keyshift::collectors
