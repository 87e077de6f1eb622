// SPDX-License-Identifier: Apache-2.0
// The headings and links of a table that a reader can sort. Pure: safe from any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "page/html/html.hpp"

namespace keyshift::page {

struct SortColumn {
    std::string_view sort;  ///< its name in the API; empty: there is no such order
    std::string_view title;
    bool is_words = false;  ///< its first order goes up, from A; that of counts and times goes down
};

/// Appends to the parameters of a link: `?name=value`, or `&name=value` after another.
void append_parameter(std::string& parameters, std::string_view name, std::string_view value);

/// The heading of a column. `order` is the present one, as in the API: "name" or "-name". `link` gives the
/// address with another order. A click on the column by which it is ordered turns the order round.
Html sort_heading(const SortColumn& column, std::string_view order,
                  const std::function<std::string(std::string_view order)>& link);

}  // namespace keyshift::page
