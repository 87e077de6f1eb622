// SPDX-License-Identifier: Apache-2.0
// What parts of an expression are, whatever its tables. Pure. Kept inside src/formats.
#pragma once

#include <string_view>

#include "formats/statements/sql_node.hpp"

namespace keyshift::formats {

/// Without casts, collations, and functions that keep what a value is, such as lower() and encode().
SqlNode without_casts(SqlNode expression);
/// The last part of an operator's or a function's name.
std::string_view last_name(SqlNode name);
/// An A_Expr that says `left = right`, = ANY or IN.
bool is_equality(SqlNode body);
/// An A_Expr whose value is true or false: what it compares does not leave it.
bool is_comparison(SqlNode body);
bool is_like(SqlNode body);
/// count(), length(), left(): what they return cannot stand in for a hash.
bool tells_no_value(std::string_view function);
bool is_aggregate(std::string_view function);
/// '' or $1 as the value that stands for NULL.
bool is_blank_default(SqlNode coalesce_default, SqlNode compared_with);
bool is_null_constant(SqlNode expression);

}  // namespace keyshift::formats
