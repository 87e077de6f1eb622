// SPDX-License-Identifier: Apache-2.0
#include "drivers/redis/topology.hpp"

#include <algorithm>
#include <bitset>
#include <charconv>
#include <optional>

namespace keyshift::drivers {
namespace {

using base::Errc;
using base::Error;
using base::Result;

constexpr std::size_t kSlots = 16384;

Error not_understood(const std::string& command) {
    return {Errc::parse, "the answer to " + command + " is not understood", "is this a Redis server?"};
}

std::optional<std::uint16_t> as_port(long long value) {
    if (value < 1 || value > 65535) return std::nullopt;
    return static_cast<std::uint16_t>(value);
}

bool is_slot(const RedisReply& reply) {
    return reply.is_integer() && reply.integer >= 0 && reply.integer < static_cast<long long>(kSlots);
}

/// [host, port, id, ...]; host is nil or empty when the node does not know it, "?" when it has no host name.
std::optional<RedisAddress> read_node(const RedisReply& node, const std::string& asked_host) {
    if (!node.is_array() || node.elements.size() < 2) return std::nullopt;
    const RedisReply& host = node.elements[0];
    const RedisReply& port = node.elements[1];
    if (!host.is_text() && host.kind != RedisReply::Kind::nil) return std::nullopt;
    const auto number = port.is_integer() ? as_port(port.integer) : std::nullopt;
    if (!number || host.text.size() > 253) return std::nullopt;
    const bool known = !host.text.empty() && host.text != "?";
    RedisAddress address{known ? host.text : asked_host, *number};
    if (node.elements.size() > 2 && node.elements[2].is_text()) address.id = node.elements[2].text;
    return address;
}

}  // namespace

Result<std::vector<RedisAddress>> parse_cluster_slots(const RedisReply& reply,
                                                      const std::string& asked_host) {
    if (!reply.is_array()) return not_understood("CLUSTER SLOTS");
    std::vector<RedisAddress> primaries;
    std::bitset<kSlots> served;
    for (const RedisReply& range : reply.elements) {
        const auto& parts = range.elements;
        if (!range.is_array() || parts.size() < 3 || !is_slot(parts[0]) || !is_slot(parts[1]))
            return not_understood("CLUSTER SLOTS");
        const auto primary = read_node(parts[2], asked_host);
        if (!primary || parts[0].integer > parts[1].integer) return not_understood("CLUSTER SLOTS");
        for (auto slot = static_cast<std::size_t>(parts[0].integer);
             slot <= static_cast<std::size_t>(parts[1].integer); ++slot) {
            if (served.test(slot))
                return not_understood("CLUSTER SLOTS");  // Its keys would be counted twice.
            served.set(slot);
        }
        if (std::find(primaries.begin(), primaries.end(), *primary) == primaries.end())
            primaries.push_back(*primary);
    }
    if (served.all()) return primaries;
    return Error{Errc::connect,
                 "the cluster serves " + std::to_string(served.count()) + " of its 16384 slots",
                 "look at CLUSTER INFO; what the other slots hold cannot be counted"};
}

Result<RedisAddress> parse_sentinel_master(const RedisReply& reply) {
    if (reply.kind == RedisReply::Kind::nil) {
        return Error{Errc::schema, "the Sentinel knows no master of that name",
                     "SENTINEL MASTERS lists the names it knows"};
    }
    const auto& parts = reply.elements;
    if (!reply.is_array() || parts.size() != 2 || !parts[0].is_text() || !parts[1].is_text())
        return not_understood("SENTINEL GET-MASTER-ADDR-BY-NAME");
    std::uint16_t port = 0;
    const std::string& text = parts[1].text;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size() || port == 0 || parts[0].text.empty() ||
        parts[0].text.size() > 253)
        return not_understood("SENTINEL GET-MASTER-ADDR-BY-NAME");
    return RedisAddress{parts[0].text, port};
}

Result<bool> parse_role_is_master(const RedisReply& reply) {
    if (!reply.is_array() || reply.elements.empty() || !reply.elements[0].is_text())
        return not_understood("ROLE");
    return reply.elements[0].text == "master";
}

std::string_view redis_info_field(std::string_view info, std::string_view field) {
    while (!info.empty()) {
        const std::size_t end = std::min(info.find('\n'), info.size());
        std::string_view line = info.substr(0, end);
        info.remove_prefix(std::min(end + 1, info.size()));
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        if (line.size() > field.size() && line.substr(0, field.size()) == field && line[field.size()] == ':')
            return line.substr(field.size() + 1);
    }
    return {};
}

}  // namespace keyshift::drivers
