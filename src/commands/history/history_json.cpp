// SPDX-License-Identifier: Apache-2.0
#include "commands/history/history_json.hpp"

#include "base/json.hpp"

namespace keyshift::commands {
namespace {

using base::JsonWriter;

template <class T>
void member(JsonWriter& json, const char* name, const T& value) {
    json.key(name).value(value);
}

template <class T>
void member(JsonWriter& json, const char* name, const std::optional<T>& value) {
    json.key(name);
    value ? json.value(*value) : json.null();
}

void member(JsonWriter& json, const char* name, const std::optional<domain::Phase>& phase) {
    json.key(name);
    phase ? json.value(phase_name(*phase)) : json.null();
}

void member(JsonWriter& json, const char* name, const std::optional<store::Pairing>& pairing) {
    json.key(name);
    if (!pairing) {
        json.null();
        return;
    }
    json.begin_object();
    member(json, "id", pairing->replacement);
    member(json, "rule", rule_name(pairing->rule));
    member(json, "recognised_at", pairing->at);
    member(json, "used_at", pairing->used_at);
    json.end_object();
}

}  // namespace

std::string history_json(const store::KeyHistory& key) {
    JsonWriter json;
    json.begin_object();
    member(json, "id", key.id);
    member(json, "owner", key.key.owner);
    member(json, "name", key.key.name);
    member(json, "prefix", key.prefix);
    member(json, "phase", std::optional(key.memory.phase));
    member(json, "created_at", key.key.created_at);
    member(json, "last_used_at", key.key.last_used_at);
    member(json, "expires_at", key.key.expires_at);
    member(json, "blocked", key.key.blocked);
    member(json, "over_budget", key.key.over_budget);
    member(json, "longest_gap_seconds", key.memory.longest_gap);
    member(json, "first_seen_at", key.first_seen_at);
    member(json, "gone_at", key.gone_at);
    json.key("gone_as");
    key.gone_at ? json.value(key.memory.upgraded ? "upgraded" : "removed") : json.null();
    member(json, "replacement", key.pairing);
    return json.end_object().take();
}

std::string history_json(const store::Event& event, std::optional<std::string_view> key) {
    JsonWriter json;
    json.begin_object();
    member(json, "id", event.id);
    member(json, "at", event.at);
    member(json, "kind", event.kind);
    member(json, "key", key);
    member(json, "was", event.was);
    member(json, "phase", event.phase);
    member(json, "keys", event.keys);
    member(json, "detail", event.detail);
    return json.end_object().take();
}

std::string history_json(std::string_view source, const domain::FailureKind& kind,
                         const domain::FailureTimes& times) {
    JsonWriter json;
    json.begin_object();
    member(json, "source", source);
    member(json, "reason", event_label(kind.reason));
    member(json, "client", kind.client);
    member(json, "user_agent", kind.user_agent);
    member(json, "path", kind.path);
    member(json, "count", times.count);
    member(json, "first_at", times.first);
    member(json, "last_at", times.last);
    return json.end_object().take();
}

}  // namespace keyshift::commands
