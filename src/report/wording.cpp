// SPDX-License-Identifier: Apache-2.0
#include "report/wording.hpp"

#include <array>
#include <cstddef>

#include "report/append.hpp"

namespace keyshift::report {
namespace {

using domain::FallbackMode;

Step about_old_keys(const Header& header) {
    if (!header.lockout.empty()) return {header.lockout, ""};
    switch (header.fallback) {
        case FallbackMode::present:
            return {
                "The old keys continue to work until the fallback is removed, but by the slower "
                "authentication method",
                ""};
        case FallbackMode::absent:
            return {
                "The old keys are refused already: the gateway has no fallback, answers them with 401 and "
                "no longer updates their last use",
                ""};
        case FallbackMode::unknown:
            break;
    }
    return {
        "It is not known whether the old keys still work: a gateway without the slower fallback answers "
        "them with 401 and no longer updates their last use. Find out which kind yours is",
        "keyshift verdict"};
}

constexpr Step kOwnerless{
    "Keys without an owner (system) can only be replaced and deleted in the database: the reference "
    "gateway's API refuses it with 403",
    ""};
constexpr Step kSilent{
    "This gateway upgrades a key in place when it is used: one that has not been used since it does so needs "
    "no "
    "new key, but a single use. Ask who holds it whether it is still needed",
    ""};
constexpr Step kServedByOthers{
    "One that was used since, and is listed all the same, was served by a replica that does not upgrade "
    "keys: "
    "find it before you remove anything",
    ""};

bool use_upgrades(const Header& header) {
    return header.promotes_in_place && header.fallback != FallbackMode::absent;
}

/// While they are accepted.
std::vector<Step> promoting_steps(const Header& header) {
    return {about_old_keys(header),
            kSilent,
            kServedByOthers,
            {"Delete those that nobody needs", header.delete_request}};
}

}  // namespace

std::vector<Step> steps(const Header& header) {
    if (use_upgrades(header)) return promoting_steps(header);
    std::vector<Step> out{about_old_keys(header)};
    // Where each key has its phase, not all of them need the same.
    if (header.phases) {
        out.push_back({"Create new keys for those stranded, then for those pending", header.create_request});
        out.push_back(
            {"Have the holder put the new key where the old one was, and wait until the old one is drained",
             ""});
        out.push_back(
            {"Ask the owners of dormant keys, and delete what is drained, expired or quarantined for long "
             "enough",
             header.delete_request});
    } else {
        out.push_back({"Create a new key for each one listed", header.create_request});
        out.push_back(
            {"Have its holder put the new key where the old one was, and wait until the new one is in use",
             ""});
        out.push_back({"Then delete the old key", header.delete_request});
    }
    if (header.ownerless_by_database) out.push_back(kOwnerless);
    return out;
}

std::string_view title(const Header& header) {
    return use_upgrades(header) ? "Legacy API keys" : "API keys that need regeneration";
}

void append_totals(std::string& out, const Header& header) {
    if (header.legacy_keys == 0 && !header.phase.empty()) {
        out += "No legacy key is";
        return;
    }
    append_count(out, header.legacy_keys, "legacy key");
    if (header.owners) {
        out += " of ";
        append_count(out, *header.owners, "owner");
    }
}

std::string_view standing(const domain::Key& key, base::Time as_of) {
    constexpr std::array<std::string_view, 8> kWords{
        "",        "blocked",          "over budget",          "blocked, over budget",
        "expired", "blocked, expired", "over budget, expired", "blocked, over budget, expired"};
    const bool expired = key.expires_at && *key.expires_at <= as_of;
    const std::size_t index = (key.blocked ? 1U : 0U) + (key.over_budget ? 2U : 0U) + (expired ? 4U : 0U);
    return kWords.at(index);
}

void append_how_replaced(std::string& out, const KeyPhase& phase) {
    out += " (rule ";
    out += domain::rule_name(phase.rule);
    out += phase.replacement_used ? ", in use)" : ", not in use)";
}

}  // namespace keyshift::report
