// SPDX-License-Identifier: Apache-2.0
#include "config/reading/columns.hpp"

#include <charconv>

namespace keyshift::config {
namespace {

constexpr std::uint32_t kLongest = 1'000'000;

/// An identifier, but not what people write who mean `null`.
base::Result<Identifier> parse_optional_column(std::string_view text) {
    for (const std::string_view no : {"false", "no", "off", "none"}) {
        if (text == no) {
            return base::Error{base::Errc::config, "is not a column",
                               "write null when the table has no such column"};
        }
    }
    return parse_identifier(text);
}

using Column = std::optional<Identifier>;

std::string written(const Column& column) {
    return column && !column->name.empty() ? column->name : "null";
}

/// A column that must be named where the preset names none.
Identifier required(OptionsReader& options, std::string_view key, const Identifier& preset,
                    const std::string& hint) {
    if (preset.name.empty() && !options.has(key)) options.problem(key, "is not given", hint);
    return options.parsed<Identifier>(key, preset, written(preset), parse_identifier);
}

void column(OptionsReader& options, std::string_view key, Identifier& value) {
    value = required(options, key, value, "give it: the preset custom has no default");
}

void column(OptionsReader& options, std::string_view key, Column& value) {
    value = options.parsed_or_null<Identifier>(key, value, written(value), parse_optional_column);
}

/// The column that a mapping is about.
Identifier subject(OptionsReader& options) {
    return required(options, "column", {}, "name the column");
}

std::optional<std::uint32_t> read_length(OptionsReader& options) {
    const auto parse = [](std::string_view text) -> base::Result<std::uint32_t> {
        std::uint32_t length = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
        if (error == std::errc{} && end == text.data() + text.size() && length >= 1 && length <= kLongest)
            return length;
        return base::Error{base::Errc::config, "is no length",
                           "give octets, 1 to " + std::to_string(kLongest)};
    };
    return options.parsed_or_null<std::uint32_t>("length", std::nullopt, "null", parse);
}

/// `null` is one of the values.
std::optional<FlagIs> read_is(OptionsReader& options) {
    const auto parse = [](std::string_view text) -> base::Result<FlagIs> {
        if (text == "set") return FlagIs::set;
        if (text == "true") return FlagIs::yes;
        if (text == "false") return FlagIs::no;
        return base::Error{base::Errc::config, "is not one of set, null, true, false", "give one of them"};
    };
    const auto is = options.parsed_or_null<FlagIs>("is", std::nullopt, "null", parse);
    if (is || !options.has("is")) return is;
    return options.has_value("is") ? std::nullopt : std::optional(FlagIs::null);
}

FlagIs opposite(FlagIs is) {
    switch (is) {
        case FlagIs::set:
            return FlagIs::null;
        case FlagIs::null:
            return FlagIs::set;
        case FlagIs::yes:
            return FlagIs::no;
        case FlagIs::no:
            break;
    }
    return FlagIs::yes;
}

std::optional<FlagTest> read_flag(OptionsReader& options, std::string_view key,
                                  const std::optional<FlagTest>& preset) {
    if (!options.is_mapping(key)) {
        Column named = preset ? Column(preset->column) : std::nullopt;
        column(options, key, named);
        if (!named) return std::nullopt;
        return FlagTest{*named, options.has(key) ? FlagIs::yes : preset->is};
    }
    OptionsReader test = options.section(key);
    FlagTest flag{subject(test), FlagIs::yes};
    const auto is = read_is(test);
    if (!is && !test.has("is")) {
        test.problem("is", "is not given",
                     "say what stands in the column of such a key: set, null, true or false");
    }
    flag.is = is.value_or(flag.is);
    return flag;
}

/// `active` is `blocked` the other way round.
void read_blocked(OptionsReader& options, Columns& columns) {
    const auto active = read_flag(options, "active", std::nullopt);
    if (active && options.has("blocked")) {
        options.problem("active", "is given beside blocked",
                        "keep one of them: a key that is not active is blocked");
    }
    columns.blocked = read_flag(options, "blocked", columns.blocked);
    if (active) columns.blocked = FlagTest{active->column, opposite(active->is)};
}

void read_lookup_hash(OptionsReader& options, Columns& columns) {
    if (!options.is_mapping("lookup_hash")) return column(options, "lookup_hash", columns.lookup_hash);
    OptionsReader test = options.section("lookup_hash");
    columns.lookup_hash =
        required(test, "column", columns.lookup_hash.value_or(Identifier{}), "name the column");
    HashShape shape;
    shape.length = read_length(test);
    shape.characters = test.choice<HashShape::Characters>(
        "characters", {{"any", HashShape::Characters::any}, {"hex", HashShape::Characters::hex}},
        HashShape::Characters::any);
    shape.begins_with = test.optional_text("begins_with");
    if (shape != HashShape{}) columns.lookup_shape = shape;
    if (shape.length && *shape.length <= shape.begins_with.size()) {
        test.problem("length", "leaves nothing behind begins_with",
                     "give the length of the whole value, its beginning included");
    }
}

std::optional<LegacyWhen> read_legacy_when(OptionsReader& options) {
    auto test = options.optional_section("legacy_when");
    if (!test) return std::nullopt;
    LegacyWhen when;
    when.column = subject(*test);
    when.begins_with = test->optional_list_of_text("begins_with");
    when.length = read_length(*test);
    when.is = read_is(*test);
    if (when.is == FlagIs::set) {
        test->problem("is", "is not one of null, true, false", "give one of them");
    }
    const int given = static_cast<int>(test->has_value("begins_with")) +
                      static_cast<int>(test->has_value("length")) + static_cast<int>(test->has("is"));
    if (given != 1) {
        test->problem("", given == 0 ? "holds no test" : "holds more than one test",
                      "give exactly one of begins_with, length and is");
    }
    return when;
}

/// Without a table of users there is nothing else to read, but the keys stay known.
std::optional<Users> read_users(OptionsReader options, const std::optional<Users>& preset) {
    const Users fallback = preset.value_or(Users{});
    const std::optional<TableName> fallback_table =
        preset ? std::optional<TableName>(preset->table) : std::nullopt;
    const auto table =
        options.parsed_or_null<TableName>("table", fallback_table, fallback.table.name, parse_table_name);
    Users users;
    const auto read = [&](std::string_view key, const Identifier& name) {
        return options.parsed<Identifier>(key, name.name.empty() ? Identifier{std::string(key)} : name, key,
                                          parse_identifier);
    };
    users.id = read("id", fallback.id);
    users.email = read("email", fallback.email);
    if (!table) return std::nullopt;
    users.table = *table;
    return users;
}

/// The owner with the table that names him, which is `gateway.users` in one place.
std::optional<Users> read_owner(OptionsReader& options, Columns& columns) {
    if (!options.is_mapping("owner")) {
        column(options, "owner", columns.owner);
        return std::nullopt;
    }
    OptionsReader owner = options.section("owner");
    columns.owner = required(owner, "column", columns.owner.value_or(Identifier{}), "name the column");
    const auto table = owner.parsed_or_null<TableName>("table", std::nullopt, "null", parse_table_name);
    const auto id = owner.parsed<Identifier>("id", {"id"}, "id", parse_identifier);
    const auto label = owner.parsed_or_null<Identifier>("label", std::nullopt, "null", parse_identifier);
    if (table.has_value() != label.has_value()) {
        owner.problem(
            table ? "label" : "table", "is not given",
            table ? "name the column that people know an owner by" : "name the table that holds owners");
    }
    if (!table || !label) return std::nullopt;
    return Users{*table, id, *label};
}

void check(OptionsReader& options, OptionsReader& columns, const Gateway& gateway) {
    const Columns& named = gateway.columns;
    if (!named.lookup_hash && !named.legacy && !gateway.legacy_when) {
        columns.problem("", "has neither lookup_hash nor legacy",
                        "name the column that tells legacy keys from modern ones");
    }
    if (named.legacy && gateway.legacy_when) {
        options.problem("legacy_when", "is given beside columns.legacy",
                        "keep one of them: either tells legacy keys");
    }
    if (named.max_budget.has_value() != named.current_spend.has_value()) {
        columns.problem(named.max_budget ? "max_budget" : "current_spend", "is of no use alone",
                        "name both max_budget and current_spend, or set both to null");
    }
}

}  // namespace

void read_columns(OptionsReader& options, Gateway& gateway) {
    OptionsReader reader = options.section("columns");
    Columns& columns = gateway.columns;
    const bool presumed = !columns.id.name.empty();
    column(reader, "id", columns.id);
    read_lookup_hash(reader, columns);
    column(reader, "legacy", columns.legacy);
    column(reader, "bcrypt_hash", columns.bcrypt_hash);
    column(reader, "bcrypt_cost", columns.bcrypt_cost);
    column(reader, "legacy_hash", columns.legacy_hash);
    const auto users = read_owner(reader, columns);
    column(reader, "name", columns.name);
    column(reader, "prefix", columns.prefix);
    column(reader, "created_at", columns.created_at);
    if (!columns.last_used_at && !presumed && !reader.has("last_used_at")) {
        reader.problem("last_used_at", "is not given",
                       "give it, or write null where the table does not tell when a key was used");
    }
    column(reader, "last_used_at", columns.last_used_at);
    column(reader, "expires_at", columns.expires_at);
    read_blocked(reader, columns);
    column(reader, "max_budget", columns.max_budget);
    column(reader, "current_spend", columns.current_spend);
    const auto when = read_legacy_when(options);
    if (options.has("legacy_when")) gateway.legacy_when = when;
    if (users && options.has("users")) {
        options.problem("users", "is given beside columns.owner.table",
                        "keep one of them: either says where owners are looked up");
    }
    gateway.users = read_users(options.section("users"), gateway.users);
    if (users) gateway.users = users;
    check(options, reader, gateway);
}

}  // namespace keyshift::config
