// SPDX-License-Identifier: Apache-2.0
#include "formats/statements/sql_value.hpp"

#include <algorithm>
#include <array>

namespace keyshift::formats {
namespace {

template <std::size_t Size>
bool is_one_of(std::string_view name, const std::array<std::string_view, Size>& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

constexpr std::array<std::string_view, 5> kSameValue{"lower", "upper", "encode", "decode", "convert_to"};
constexpr std::array<std::string_view, 22> kNoValue{
    "count",          "length",    "octet_length", "char_length", "character_length", "bit_length",
    "pg_column_size", "left",      "substr",       "substring",   "split_part",       "starts_with",
    "btrim",          "ltrim",     "rtrim",        "strpos",      "position",         "num_nulls",
    "num_nonnulls",   "pg_typeof", "regexp_match", "like_escape"};
constexpr std::array<std::string_view, 19> kAggregates{
    "count",   "max",       "min",        "sum",       "avg",       "bool_or",         "bool_and",
    "every",   "array_agg", "string_agg", "json_agg",  "jsonb_agg", "json_object_agg", "jsonb_object_agg",
    "bit_and", "bit_or",    "xmlagg",     "any_value", "stddev"};
constexpr std::array<std::string_view, 13> kComparisons{
    "=", "<>", "!=", "<", ">", "<=", ">=", "~", "~*", "!~", "!~*", "^@", "~~"};

}  // namespace

std::string_view last_name(SqlNode name) {
    return name.last().string();
}

SqlNode without_casts(SqlNode expression) {
    for (;;) {
        const std::string_view kind = expression.kind();
        const SqlNode body = expression.body();
        if (kind == "TypeCast" || kind == "CollateClause") {
            expression = body["arg"];
        } else if (kind == "FuncCall" && is_one_of(last_name(body["funcname"]), kSameValue)) {
            expression = body["args"].first();
        } else {
            return expression;
        }
    }
}

bool is_equality(SqlNode body) {
    const std::string_view kind = body.text("kind");
    const bool operation = kind == "AEXPR_OP" || kind == "AEXPR_OP_ANY" || kind == "AEXPR_IN";
    return operation && last_name(body["name"]) == "=";
}

bool is_like(SqlNode body) {
    const std::string_view kind = body.text("kind");
    const std::string_view name = last_name(body["name"]);
    if (kind == "AEXPR_LIKE" || kind == "AEXPR_ILIKE" || kind == "AEXPR_SIMILAR")
        return !name.starts_with('!');
    return kind == "AEXPR_OP" && (name == "~" || name == "~*" || name == "^@" || name == "~~");
}

bool is_comparison(SqlNode body) {
    const std::string_view kind = body.text("kind");
    return (kind != "AEXPR_OP" && kind != "AEXPR_NULLIF") || is_one_of(last_name(body["name"]), kComparisons);
}

bool tells_no_value(std::string_view function) {
    return is_one_of(function, kNoValue);
}

bool is_aggregate(std::string_view function) {
    return is_one_of(function, kAggregates);
}

bool is_null_constant(SqlNode expression) {
    const SqlNode value = without_casts(expression);
    return value.kind() == "A_Const" && value.body().yes("isnull");
}

bool is_blank_default(SqlNode coalesce_default, SqlNode compared_with) {
    const SqlNode value = without_casts(compared_with);
    const SqlNode blank = without_casts(coalesce_default);
    if (value.kind() == "A_Const") return true;  // a text that was not normalised: hashes are never constants
    // Constants are numbered behind the parameters that a client gave: of two constants the second is no hash
    // for certain.
    return value.kind() == "ParamRef" && blank.kind() == "ParamRef" &&
           value.body().number("number") > blank.body().number("number");
}

}  // namespace keyshift::formats
