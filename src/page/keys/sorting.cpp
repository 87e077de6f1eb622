// SPDX-License-Identifier: Apache-2.0
#include "page/keys/sorting.hpp"

namespace keyshift::page {

void append_parameter(std::string& parameters, std::string_view name, std::string_view value) {
    parameters += (parameters.empty() ? "?" : "&") + std::string(name) + "=" + url_part(value);
}

Html sort_heading(const SortColumn& column, std::string_view order,
                  const std::function<std::string(std::string_view order)>& link) {
    Html html;
    html("<th scope=\"col\"");
    if (column.sort.empty()) return html(">", column.title, "</th>");
    const bool up = order == column.sort;
    const bool down = order.starts_with('-') && order.substr(1) == column.sort;
    const bool next_down = up || (!down && !column.is_words);
    const std::string_view arrow = up ? " ▲" : down ? " ▼" : "";
    if (up || down) html(" aria-sort=\"", std::string_view(up ? "ascending" : "descending"), "\"");
    return html("><a href=\"", link((next_down ? "-" : "") + std::string(column.sort)), "\">", column.title,
                "<span aria-hidden=\"true\">", arrow, "</span></a></th>");
}

}  // namespace keyshift::page
