// SPDX-License-Identifier: Apache-2.0
#include "domain/counts/log_facts.hpp"

#include <algorithm>
#include <utility>

namespace keyshift::domain {
namespace {

constexpr const char* kKeyWord = "key ";

bool continues_character(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

std::string_view bounded(std::string_view text) {
    if (text.size() <= FailureTally::kTextBytes) return text;
    std::size_t end = FailureTally::kTextBytes;
    while (end > 0 && continues_character(text[end])) --end;
    return text.substr(0, end);
}

/// In the order of FailureKind's.
template <class A, class B>
bool before(const A& a, const B& b) {
    if (a.minute != b.minute) return a.minute < b.minute;
    if (a.reason != b.reason) return a.reason < b.reason;
    if (const int order = std::string_view(a.client).compare(b.client); order != 0) return order < 0;
    if (const int order = std::string_view(a.user_agent).compare(b.user_agent); order != 0) return order < 0;
    return std::string_view(a.path).compare(b.path) < 0;
}

bool is_same(const FailureKind& a, const FailureView& b) {
    return a.minute == b.minute && a.reason == b.reason && a.client == b.client &&
           a.user_agent == b.user_agent && a.path == b.path;
}

FailureView view_of(const FailureKind& kind) {
    return {kind.minute, kind.reason, kind.client, kind.user_agent, kind.path};
}

std::size_t hash_of(const FailureView& kind) {
    constexpr std::size_t kOdd = 0x9e3779b97f4a7c15U;
    const std::hash<std::string_view> hash;
    auto out = static_cast<std::size_t>(kind.minute) * kOdd + index_of(kind.reason);
    for (const std::string_view text : {kind.client, kind.user_agent, kind.path})
        out = (out ^ hash(text)) * kOdd;
    return out ^ (out >> 32U);
}

/// Times without a count are none yet.
void extend(FailureTimes& times, const FailureTimes& by) {
    times.first = times.count == 0 ? by.first : std::min(times.first, by.first);
    times.last = times.count == 0 ? by.last : std::max(times.last, by.last);
    times.count += by.count;
}

}  // namespace

bool operator<(const FailureKind& a, const FailureView& b) {
    return before(a, b);
}

bool operator<(const FailureView& a, const FailureKind& b) {
    return before(a, b);
}

void LogLines::add(const LogLines& other) {
    matched += other.matched;
    skipped += other.skipped;
    unparsed += other.unparsed;
    oversized += other.oversized;
    bytes += other.bytes;
}

void FailureTally::add(Event reason, std::string_view client, std::string_view user_agent,
                       std::string_view path, base::Time at) {
    const auto minute = std::chrono::floor<std::chrono::minutes>(at).time_since_epoch().count();
    add({minute, reason, bounded(client), bounded(user_agent), bounded(path)}, {1, at, at});
}

void FailureTally::merge(const FailureTally& other) {
    for (const auto& [kind, times] : other.kinds_) add(view_of(kind), times);
}

FailureTally::Kinds::value_type* FailureTally::Index::find(const FailureView& kind, std::size_t hash,
                                                           Kinds& kinds) {
    if (places_.empty())
        for (auto& one : kinds) add(one, hash_of(view_of(one.first)));
    const auto found = places_.find(hash);
    if (found == places_.end()) return nullptr;
    if (is_same(found->second->first, kind)) return found->second;
    const auto other = kinds.find(kind);
    return other == kinds.end() ? nullptr : &*other;
}

void FailureTally::add(FailureView kind, const FailureTimes& times) {
    extend(entry_for(kind).second, times);
}

/// The kind, or what is left of it where there are too many.
FailureTally::Kinds::value_type& FailureTally::entry_for(FailureView kind) {
    std::size_t hash = hash_of(kind);
    if (Kinds::value_type* const found = index_.find(kind, hash, kinds_)) return *found;
    if (kinds_.size() >= limit_) {
        kind = {kind.minute, kind.reason, {}, {}, {}};
        hash = hash_of(kind);
        if (Kinds::value_type* const found = index_.find(kind, hash, kinds_)) return *found;
    }
    auto& added = *kinds_
                       .emplace(FailureKind{kind.minute, kind.reason, std::string(kind.client),
                                            std::string(kind.user_agent), std::string(kind.path)},
                                FailureTimes{})
                       .first;
    index_.add(added, hash);
    return added;
}

void KeyUses::add(std::string_view id, base::Time at) {
    const auto found = latest_.find(id);
    if (found != latest_.end()) {
        found->second = std::max(found->second, at);
    } else if (latest_.size() < limit_) {
        latest_.emplace(std::string(id), at);
    }
}

void KeyUses::merge(const KeyUses& other) {
    for (const auto& [id, at] : other.latest_) add(id, at);
}

std::string client_with_key(std::string_view client, std::string_view key) {
    return std::string(client) + (client.empty() ? "" : " ") + kKeyWord + std::string(key);
}

std::optional<std::string> key_of_client(std::string_view client) {
    const std::size_t at = client.starts_with(kKeyWord) ? 0 : client.find(std::string(" ") + kKeyWord);
    if (at == std::string_view::npos) return std::nullopt;
    return std::string(client.substr(client.find(kKeyWord, at) + std::string_view(kKeyWord).size()));
}

}  // namespace keyshift::domain
