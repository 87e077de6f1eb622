// SPDX-License-Identifier: Apache-2.0
// Documents of /api/v1/status in each state that a screen has to tell.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "api/status.hpp"
#include "domain/verdict/verdict.hpp"

namespace keyshift::commands {

using namespace std::chrono_literals;

inline const base::Time kSampleTime{std::chrono::seconds{1'768'003'200}};  // 2026-01-10T00:00:00Z
constexpr base::Duration kSampleDay = 24h;

inline api::CheckedItem sample_check(const std::string& name, domain::CheckOutcome outcome,
                                     const std::string& evidence) {
    return {name, std::string(outcome_name(outcome)), evidence, {}};
}

/// Half-way, without a fault; the daemon has read everything.
inline api::Status not_yet() {
    using domain::CheckOutcome;
    api::Status out;
    out.at = kSampleTime;
    out.read_at = kSampleTime - 10s;
    out.from = "daemon";
    out.answer.verdict = "NOT_YET";
    out.answer.earliest_safe = kSampleTime + 7 * kSampleDay;
    out.answer.not_measured = {"failures_normal"};
    auto quiet = sample_check("no_live_use", CheckOutcome::not_yet,
                              "2 legacy keys used or created within the drain window (7d, longer for keys "
                              "seldom used), 0 of them not switched (overlap, issued or pending); the last "
                              "window ends 2026-01-17T00:00:00Z");
    quiet.passes_at = kSampleTime + 7 * kSampleDay;
    out.answer.checks = {sample_check("auth_enforced", CheckOutcome::pass, "a key was used"), quiet,
                         sample_check("inventory", CheckOutcome::not_yet,
                                      "14 legacy keys are left, 9 of them not drained, dormant, quarantined "
                                      "or expired (7 pending, 2 issued)")};
    out.migration.emplace();
    out.migration->state = "migrating";
    out.migration->removed_ratio = 5.0 / 19;
    out.migration->drained_ratio = 8.0 / 19;
    out.migration->legacy_keys = 14;
    out.migration->modern_keys = 16;
    out.migration->baseline = 19;
    out.migration->began = kSampleTime - 20 * kSampleDay;
    out.migration->deadline = kSampleTime + 50 * kSampleDay;
    out.used = {{"5m", 0}, {"1h", 2}, {"24h", 3}, {"7d", 9}, {"30d", 12}};
    out.phases = {{"pending", 7}, {"issued", 2}, {"drained", 3}, {"dormant", 2}, {"retired", 5}};
    out.fallback.mode = "present";
    out.fallback.because = "a legacy key was used 2026-01-09T23:58:00Z, after modern keys came into use";
    out.fallback.evidence = "last_used_at";
    out.fallback.hits = 812;
    out.fallback.hits_24h = 31;
    out.sources = {
        {"gateway_metrics", true, {}, {}, kSampleTime - 5s, kSampleTime - 20 * kSampleDay, {}, 0, 0},
        {"keys", true, {}, {}, kSampleTime - 10s, kSampleTime - 20 * kSampleDay, {}, 0, 0}};
    return out;
}

inline api::Status safe() {
    api::Status out = not_yet();
    out.answer = {};
    out.answer.verdict = "SAFE";
    out.answer.earliest_safe = kSampleTime - 3h;
    out.migration->legacy_keys = 3;
    out.phases = {{"drained", 3}, {"retired", 16}};
    return out;
}

inline api::Status unsafe() {
    api::Status out = not_yet();
    out.answer.verdict = "UNSAFE";
    out.answer.checks.insert(
        out.answer.checks.begin(),
        {sample_check("none_stranded", domain::CheckOutcome::unsafe,
                      "2 legacy keys are stranded: in use when legacy keys stopped working about 2026-01-09"),
         sample_check("none_retired_in_use", domain::CheckOutcome::unsafe,
                      "1 legacy key deleted while in use, with no use of a replacement since")});
    out.phases["stranded"] = 2;
    out.phases["retired_in_use"] = 1;
    return out;
}

inline api::Status unknown() {
    api::Status out = not_yet();
    out.answer.verdict = "UNKNOWN";
    out.answer.earliest_safe.reset();
    out.answer.checks.push_back(sample_check(
        "fallback_mode", domain::CheckOutcome::unknown,
        "it is not known whether the gateway accepts legacy keys; configure a canary (collector probe, "
        "canary_key), which answers at once, or say it in gateway.fallback"));
    out.fallback.mode = "unknown";
    return out;
}

/// The key table cannot be read, and neither can a replica.
inline api::Status source_down() {
    api::Status out = unknown();
    api::SourceReport& keys = out.sources.back();
    keys.up = false;
    keys.failure =
        "cannot connect to 10.0.0.5:5432: connection refused; start PostgreSQL there, or correct "
        "database_url";
    keys.read_at = kSampleTime - 3h;
    out.read_at = keys.read_at;
    out.sources.front().missing = {"10.0.0.7:9090", "10.0.0.8:9090", "10.0.0.9:9090"};
    return out;
}

inline api::Status nothing_read_yet() {
    api::Status out;
    out.at = kSampleTime;
    out.from = "daemon";
    out.answer.checks = {
        sample_check("sources_fresh", domain::CheckOutcome::unknown, "the key table was not read yet")};
    out.sources = {{"keys", {}, {}, {}, {}, {}, {}, 0, 0}};
    return out;
}

inline api::Status no_daemon() {
    api::Status out = not_yet();
    out.from = "one pass";
    make_unknown(out,
                 "no daemon is watching: nobody answers on /var/lib/keyshift/keyshift.sock; start it "
                 "(systemctl start keyshift, or keyshift serve), or name its configuration with --config");
    return out;
}

}  // namespace keyshift::commands
