// SPDX-License-Identifier: Apache-2.0
// A status of which nothing is wrong, for tests to spoil.
#pragma once

#include <string>

#include "api/status.hpp"
#include "domain/verdict/verdict.hpp"
#include "page/documents.hpp"

namespace keyshift::page {

inline const base::Time kNow = *base::parse_rfc3339("2026-12-06T14:32:00Z");

inline api::Status good_status() {
    api::Status status;
    status.at = kNow;
    status.read_at = kNow - std::chrono::seconds{3};
    status.from = "daemon";
    status.migration.emplace();
    status.migration->state = "migrating";
    status.migration->legacy_keys = 12;
    status.migration->baseline = 50;
    status.answer.verdict = "NOT_YET";
    for (std::size_t i = 0; i < domain::kCheckCount; ++i) {
        const auto check = static_cast<domain::Check>(i);
        status.answer.checks.push_back({std::string(check_name(check)), "pass", "it was seen", {}});
    }
    api::SourceReport keys;
    keys.source = "keys";
    keys.up = true;
    keys.read_at = status.read_at;
    status.sources.push_back(keys);
    return status;
}

inline Overview empty_overview() {
    return {api::KeyPage(), api::FailureList(), Past(), api::List<api::Event>()};
}

inline bool holds(const std::string& document, std::string_view text) {
    return document.find(text) != std::string::npos;
}

}  // namespace keyshift::page
