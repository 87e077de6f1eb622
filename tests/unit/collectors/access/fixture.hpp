// SPDX-License-Identifier: Apache-2.0
// A counter of access logs, made from what stands in a configuration file.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "collectors/catalog.hpp"
#include "collectors/logs/collector.hpp"
#include "collectors/logs/line_counter.hpp"

namespace keyshift::collectors {

inline config::Loaded load_access(const std::string& options, const std::string& before = "") {
    const auto nothing = [](std::string_view) { return std::optional<std::string>(); };
    return config::parse(before + "collectors:\n  - type: access_log\n    input: {files: /a.log}\n" + options,
                         "k.yaml", nothing, catalog_types());
}

inline std::string access_problems(const std::string& options) {
    std::string out;
    for (const auto& problem : load_access(options).problems) out += problem.text() + "\n";
    return out;
}

struct AccessLog {
    std::unique_ptr<LineCounter> counter;
    LogTally tally;

    explicit AccessLog(const std::string& options = "", const std::string& before = "") {
        const config::Loaded loaded = load_access(options, before);
        for (const auto& problem : loaded.problems) ADD_FAILURE() << problem.text();
        counter = configured(loaded.config.collectors.at(0)).log()->line_counter(loaded.config.gateway);
        tally.now = *base::parse_rfc3339("2026-11-25T14:00:00Z");
    }

    void count(std::string_view text) { counter->count(text, tally); }

    /// "matched 1 skipped 0 unparsed 0: request_auth_failure 1 failure_unknown_key 1"
    std::string counts() const {
        const domain::LogLines& lines = tally.lines;
        std::string out = "matched " + std::to_string(lines.matched) + " skipped " +
                          std::to_string(lines.skipped) + " unparsed " + std::to_string(lines.unparsed) + ":";
        for (std::size_t i = 0; i < domain::kEventCount; ++i)
            if (tally.events[i] > 0)
                out += " " + std::string(event_name(domain::event_at(i))) + " " +
                       std::to_string(tally.events[i]);
        return out;
    }

    /// "unknown_key from CLIENT by USER AGENT at PATH, 1 until TIME" for each kind.
    std::string failures() const {
        std::string out;
        for (const auto& [kind, times] : tally.failures.kinds())
            out += std::string(event_label(kind.reason)) + " from " + kind.client + " by " + kind.user_agent +
                   " at " + kind.path + ", " + std::to_string(times.count) + " until " +
                   base::format_rfc3339(times.last) + "\n";
        return out;
    }
};

/// A line of nginx's.
inline std::string access_line(std::string_view request, int status, int bytes,
                               std::string_view user_agent = "-", std::string_view address = "10.0.0.7") {
    return std::string(address) + " - - [25/Nov/2026:13:30:12 +0000] \"" + std::string(request) + "\" " +
           std::to_string(status) + " " + std::to_string(bytes) + " \"-\" \"" + std::string(user_agent) +
           "\"\n";
}

}  // namespace keyshift::collectors
