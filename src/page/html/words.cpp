// SPDX-License-Identifier: Apache-2.0
#include "page/html/words.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "domain/assess.hpp"
#include "domain/phases/phase.hpp"
#include "domain/verdict/verdict.hpp"

namespace keyshift::page {
namespace {

using domain::Verdict;

template <class Words>
using Entry = std::pair<std::string_view, Words>;

template <class List>
auto find_words(const List& list, std::string_view name) {
    const auto found =
        std::find_if(list.begin(), list.end(), [&](const auto& entry) { return entry.first == name; });
    return found == list.end() ? std::optional<decltype(list.front().second)>() : found->second;
}

constexpr std::array<Entry<PhaseWords>, 11> kPhases{{
    {"pending",
     {"Nothing done yet", "No new key is in use in its place.",
      "Create a new key and hand it to the owner."}},
    {"dormant",
     {"Unused for long", "Nobody has used it for a long time.",
      "Ask the owner whether it is needed. If not, block it, or acknowledge it."}},
    {"issued",
     {"New key not in use", "A new key exists, and nobody uses it yet.",
      "Ask the owner to put the new key into the clients."}},
    {"overlap",
     {"Both keys in use", "Clients use the new key, and others still use the old one.",
      "Find the clients that still use the old key, and switch them."}},
    {"drained",
     {"Moved", "The new key is in use and the old one no longer is.", "Block or delete the old key."}},
    {"quarantined",
     {"Blocked", "It is switched off, which can be undone.", "Wait. If nobody complains, delete it."}},
    {"expired", {"Expired", "It has expired or is over its budget, and works no more.", "Delete it."}},
    {"stranded",
     {"Failing now", "It was in use when the gateway stopped accepting old keys.",
      "Give its owner a new key now: clients fail."}},
    {"upgraded", {"Upgraded", "The gateway has turned it into a new key, which is in use.", ""}},
    {"retired", {"Gone", "It was deleted, and nobody misses it.", ""}},
    {"retired_in_use",
     {"Deleted while in use", "It went while clients used it: someone is probably locked out.",
      "Ask its owner. Give the clients a new key, or acknowledge the key if nobody needs it."}},
}};

constexpr std::array<Entry<CheckWords>, domain::kCheckCount> kChecks{{
    {"auth_enforced",
     {"The gateway checks keys",
      "See that the gateway refuses a request without a key. The probe collector tries it."}},
    {"gateway_in_use",
     {"Clients use the gateway",
      "Wait until clients call it again: while nobody calls, silence proves nothing."}},
    {"sources_fresh",
     {"The numbers are fresh",
      "Repair the source that is down; keyshift doctor says how. See Sources below."}},
    {"coverage",
     {"Watched for long enough", "Wait, and keep keyshift running: the watch must not be interrupted."}},
    {"no_live_use",
     {"Nobody uses an old key", "Switch the clients of the keys that are still in use. See Old keys below."}},
    {"no_fallback_hits",
     {"Nobody needed the fallback",
      "Find who still sends old keys. See Fallback, failures and cache below."}},
    {"no_new_legacy", {"No new old-style key", "Find out what still creates old-style keys, and stop it."}},
    {"none_stranded", {"Nobody is locked out", "Give the owners of the keys under Failing now new ones."}},
    {"none_retired_in_use",
     {"No key was deleted in use", "Ask the owners of the deleted keys under Failing now."}},
    {"failures_normal",
     {"No more failures than usual", "Look who fails, and why: see Failing now, or keyshift failures."}},
    {"inventory", {"Every old key is dealt with", "Work through the list of old keys."}},
    {"dormant_acknowledged",
     {"Unused keys are confirmed", "Ask the owners of unused keys; then block or acknowledge each."}},
    {"fallback_mode",
     {"It is known whether old keys work",
      "Let keyshift try an old key of its own: canary_key of the probe collector."}},
}};

constexpr std::array<Entry<std::string_view>, 13> kReasons{{
    {"unknown_key", "the gateway does not know the key"},
    {"missing_header", "no key was sent"},
    {"malformed_header", "what was sent is no key"},
    {"bad_credentials", "the key or password is wrong"},
    {"blocked", "the key is blocked"},
    {"expired", "the key has expired"},
    {"over_budget", "the key is over its budget"},
    {"user_missing", "the key's user is gone"},
    {"key_deleted", "the key was deleted"},
    {"invalid_jwt", "the login token is not valid"},
    {"rate_limited", "too many requests"},
    {"forbidden", "the key may not do this"},
    {"other", "another reason"},
}};

}  // namespace

PhaseWords phase_words(std::string_view phase) {
    return find_words(kPhases, phase).value_or(PhaseWords{phase, "", ""});
}

std::span<const std::string_view> phases_by_urgency() {
    static constexpr std::array<std::string_view, 11> kByUrgency{
        "stranded", "retired_in_use", "overlap", "issued",   "pending", "dormant",
        "drained",  "quarantined",    "expired", "upgraded", "retired"};
    return kByUrgency;
}

CheckWords check_words(std::string_view check) {
    return find_words(kChecks, check).value_or(CheckWords{check, ""});
}

std::string_view reason_words(std::string_view reason) {
    return find_words(kReasons, reason).value_or(reason);
}

std::string_view verdict_class(const api::Answer& answer) {
    constexpr std::array<std::string_view, 4> kClasses{"safe", "not_yet", "unsafe", "unknown"};
    return kClasses.at(static_cast<std::size_t>(verdict_of(answer)));
}

std::string_view verdict_word(const api::Answer& answer) {
    constexpr std::array<std::string_view, 4> kWords{"SAFE", "NOT YET", "UNSAFE", "UNKNOWN"};
    return kWords.at(static_cast<std::size_t>(verdict_of(answer)));
}

bool is_down(const api::SourceReport& source) {
    return source.up && !*source.up && !source.not_measured;
}

bool any_down(const api::Status& status) {
    return std::any_of(status.sources.begin(), status.sources.end(), is_down);
}

bool keys_down(const api::Status& status) {
    return std::any_of(status.sources.begin(), status.sources.end(), [](const api::SourceReport& source) {
        return source.source == domain::kKeysSource && is_down(source);
    });
}

Html mail_link(const std::string& address) {
    std::string target = url_part(address);
    constexpr std::string_view kAt = "%40";
    if (const auto at = target.rfind(kAt); at != std::string::npos) target.replace(at, kAt.size(), "@");
    return Html()("<a href=\"mailto:", target, "\">", Data{address}, "</a>");
}

Html phase_badge(const std::optional<std::string>& phase) {
    Html html;
    if (!phase) return html("<span class=\"phase\">not known yet</span>");
    return html("<span class=\"phase phase-", *phase, "\">", phase_words(*phase).title, "</span> <code>",
                *phase, "</code>");
}

}  // namespace keyshift::page
