// SPDX-License-Identifier: Apache-2.0
// What all lists of the API have in common: their parameters, their two formats, and that nobody is sent
// again what he has. Pure: safe from any thread.
#pragma once

#include <string>
#include <string_view>

#include "api/archive.hpp"
#include "api/csv.hpp"
#include "base/error.hpp"
#include "http/message.hpp"
#include "http/problem.hpp"
#include "inventory/key_query.hpp"

namespace keyshift::daemon {

/// A request for a resource, understood as far as all have it in common.
struct Asked {
    inventory::Parameters parameters = {};  ///< without `format`
    bool csv = false;
    std::string if_none_match = {};

    /// Errors: usage.
    static base::Result<Asked> from(const http::Request& request);
};

/// 400 for usage, 503 for what is not there now.
http::Response problem_of(const base::Error& error);

/// With a body, or 304 where `if_none_match` has what would be in it.
http::Response answer_with(std::string body, std::string_view content_type, const Asked& asked);

/// A list by its JSON, or its items as CSV.
template <class Resource>
http::Response list_answer(const Resource& resource, const Asked& asked) {
    if (asked.csv)
        return answer_with(api::CsvWriter::document(resource.items), "text/csv; charset=utf-8", asked);
    return answer_with(api::ArchiveWriter::document(resource), "application/json", asked);
}

}  // namespace keyshift::daemon
