// SPDX-License-Identifier: Apache-2.0
#include "daemon/asked_collectors.hpp"

#include <algorithm>
#include <iterator>

#include "http/query.hpp"

namespace keyshift::daemon {
namespace {

using base::Errc;
using base::Error;
using Names = std::set<std::string>;

std::string listed(const Names& names) {
    std::string out;
    for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
    return out;
}

}  // namespace

base::Result<std::optional<Names>> asked_collectors(std::string_view query, const Names& known) {
    const auto parameters = http::parse_query(query);
    if (!parameters) return parameters.error();
    Names collected;
    Names excluded;
    for (const auto& [name, value] : *parameters) {
        if (name != "collect[]" && name != "exclude[]") continue;
        if (known.count(value) == 0)
            return Error{Errc::usage, "no such collector is configured", "there are " + listed(known)};
        (name == "collect[]" ? collected : excluded).insert(value);
    }
    if (collected.empty() && excluded.empty()) return std::optional<Names>();
    if (!collected.empty() && !excluded.empty())
        return Error{Errc::usage, "collect[] and exclude[] stand together", "use one of them"};
    if (!collected.empty()) return std::optional(collected);
    Names rest;
    std::set_difference(known.begin(), known.end(), excluded.begin(), excluded.end(),
                        std::inserter(rest, rest.end()));
    return std::optional(rest);
}

}  // namespace keyshift::daemon
