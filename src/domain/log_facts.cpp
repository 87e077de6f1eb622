// SPDX-License-Identifier: Apache-2.0
#include "domain/log_facts.hpp"

#include <algorithm>
#include <utility>

namespace keyshift::domain {
namespace {

bool continues_character(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

std::string bounded(std::string_view text) {
    if (text.size() <= FailureTally::kTextBytes) return std::string(text);
    std::size_t end = FailureTally::kTextBytes;
    while (end > 0 && continues_character(text[end])) --end;
    return std::string(text.substr(0, end));
}

}  // namespace

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
    for (const auto& [kind, times] : other.kinds_) add(kind, times);
}

void FailureTally::add(FailureKind kind, const FailureTimes& times) {
    auto found = kinds_.find(kind);
    if (found == kinds_.end() && kinds_.size() >= limit_) {
        kind.client.clear();
        kind.user_agent.clear();
        kind.path.clear();
        found = kinds_.find(kind);
    }
    if (found == kinds_.end()) {
        kinds_.emplace(std::move(kind), times);
        return;
    }
    found->second.count += times.count;
    found->second.first = std::min(found->second.first, times.first);
    found->second.last = std::max(found->second.last, times.last);
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

}  // namespace keyshift::domain
