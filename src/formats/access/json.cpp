// SPDX-License-Identifier: Apache-2.0
// Access logs in which each line is a JSON object: Traefik's and Caddy's. Where a field that matters is there
// twice, or is of no kind that it can be, the line is not understood: no reading of it would be sure.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>

#include <simdjson.h>

#include "formats/access/fields.hpp"
#include "formats/access/line.hpp"
#include "formats/text/client_word.hpp"
#include "formats/text/log_time.hpp"
#include "formats/text/number.hpp"

namespace keyshift::formats {
namespace {

using simdjson::SUCCESS;
using simdjson::ondemand::json_type;
using simdjson::ondemand::object;
using simdjson::ondemand::value;

enum class Slot : std::uint8_t {
    status,
    status_of_origin,
    bytes,
    bytes_of_origin,
    method,
    target,
    address,
    host,
    user_agent,
    forwarded,
    client,
    time,
    level,
    logger,
    message,
    object,  ///< of which fields are known too
};

struct Known {
    std::string_view parent;  ///< the object it stands in; empty: the line itself
    std::string_view name;
    Slot slot;
};

constexpr std::array<Known, 12> kTraefik{{{"", "DownstreamStatus", Slot::status},
                                          {"", "OriginStatus", Slot::status_of_origin},
                                          {"", "DownstreamContentSize", Slot::bytes},
                                          {"", "OriginContentSize", Slot::bytes_of_origin},
                                          {"", "RequestMethod", Slot::method},
                                          {"", "RequestPath", Slot::target},
                                          {"", "ClientAddr", Slot::address},
                                          {"", "ClientHost", Slot::host},
                                          {"", "request_User-Agent", Slot::user_agent},
                                          {"", "request_X-Forwarded-For", Slot::forwarded},
                                          {"", "StartUTC", Slot::time},
                                          {"", "level", Slot::level}}};
constexpr std::array<Known, 15> kCaddy{{{"", "status", Slot::status},
                                        {"", "size", Slot::bytes},
                                        {"", "ts", Slot::time},
                                        {"", "level", Slot::level},
                                        {"", "logger", Slot::logger},
                                        {"", "msg", Slot::message},
                                        {"", "request", Slot::object},
                                        {"request", "method", Slot::method},
                                        {"request", "uri", Slot::target},
                                        {"request", "remote_ip", Slot::address},
                                        {"request", "remote_addr", Slot::address},  // before 2.5
                                        {"request", "client_ip", Slot::client},     // from 2.7
                                        {"request", "headers", Slot::object},
                                        {"headers", "User-Agent", Slot::user_agent},
                                        {"headers", "X-Forwarded-For", Slot::forwarded}}};

/// A number without a fraction, or such a text.
bool read_number(value& from, std::optional<std::uint64_t>& out) {
    json_type type{};
    std::string_view text;
    if (from.type().get(type) != SUCCESS) return false;
    if (type == json_type::string) {
        if (from.get_string().get(text) != SUCCESS) return false;
        out = parse_unsigned(text);
        return out.has_value();
    }
    std::uint64_t exact = 0;
    double floating = 0;
    constexpr double kExact = 9'007'199'254'740'992;  // 2^53
    if (from.get_uint64().get(exact) == SUCCESS) {
        out = exact;
        return true;
    }
    if (from.get_double().get(floating) != SUCCESS) return false;
    if (!(floating >= 0 && floating < kExact) || floating != std::floor(floating)) return false;
    out = static_cast<std::uint64_t>(floating);
    return true;
}

/// Seconds since the epoch, or a text; what is no time is none.
bool read_time(value& from, std::optional<base::Time>& out) {
    json_type type{};
    std::string_view text;
    double seconds = 0;
    if (from.type().get(type) != SUCCESS) return false;
    if (type == json_type::string) {
        if (from.get_string().get(text) != SUCCESS) return false;
        out = parse_iso_time(text);
        return true;
    }
    if (from.get_double().get(seconds) != SUCCESS) return false;
    out = from_epoch_seconds(seconds);
    return true;
}

/// A text, or a list of them, of which the last one was written last.
bool read_text(value& from, std::string_view& out) {
    json_type type{};
    if (from.type().get(type) != SUCCESS) return false;
    if (type != json_type::array) return from.get_string().get(out) == SUCCESS;
    simdjson::ondemand::array items;
    if (from.get_array().get(items) != SUCCESS) return false;
    for (auto item : items) {
        value text;
        if (item.get(text) != SUCCESS || text.get_string().get(out) != SUCCESS) return false;
    }
    return true;
}

/// What the fields of one line said.
struct Fields {
    AccessLine line;
    std::optional<std::uint64_t> status, status_of_origin, bytes, bytes_of_origin;
    std::string_view address, host, client, level, logger, message;

    /// Caddy writes what failed of a request into another line, with the same fields.
    bool of_other_message() const {
        if (message == "handled request" || logger.starts_with("http.log.access")) return false;
        return !logger.empty() || !message.empty();
    }
};

class JsonReader final : public AccessReader {
 public:
    explicit JsonReader(std::span<const Known> known) : known_(known) {}

    bool read(std::string_view line, AccessLine& out) override {
        if (!line.starts_with('{') || !line.ends_with('}')) return false;
        // The parser looks at what stands behind the end.
        padded_.assign(line);
        padded_.append(simdjson::SIMDJSON_PADDING, ' ');
        Fields fields;
        simdjson::ondemand::document document;
        object root;
        const auto opened = parser_.iterate(padded_.data(), line.size(), padded_.size()).get(document);
        if (opened != SUCCESS || document.get_object().get(root) != SUCCESS) return false;
        seen_ = 0;
        if (!read_object(root, "", fields) || !is_at_end(document)) return false;
        return finish(fields, out);
    }
    void complete(AccessLine& /*out*/) override {}
    AccessTells tells() const override { return {.forwarded = true}; }

 private:
    static bool is_at_end(simdjson::ondemand::document& document) {
        const char* where = nullptr;
        return document.current_location().get(where) == simdjson::OUT_OF_BOUNDS;
    }

    bool read_object(object& from, std::string_view parent, Fields& fields) {
        for (auto field : from) {
            std::string_view key;
            value item;
            if (field.unescaped_key().get(key) != SUCCESS || field.value().get(item) != SUCCESS) return false;
            const auto found = std::ranges::find_if(
                known_, [&](const Known& k) { return k.name == key && k.parent == parent; });
            if (found == known_.end()) continue;
            const auto bit = std::uint64_t{1} << static_cast<unsigned>(found - known_.begin());
            if ((seen_ & bit) != 0) return false;
            seen_ |= bit;
            // Of "nullx" it is not even sure whether it is null.
            bool null = false;
            if (item.is_null().get(null) != SUCCESS) return false;
            if (!null && !read_known(*found, item, fields)) return false;
        }
        return true;
    }

    bool read_known(const Known& known, value& item, Fields& fields) {
        switch (known.slot) {
            case Slot::status:
                return read_number(item, fields.status);
            case Slot::status_of_origin:
                return read_number(item, fields.status_of_origin);
            case Slot::bytes:
                return read_number(item, fields.bytes);
            case Slot::bytes_of_origin:
                return read_number(item, fields.bytes_of_origin);
            case Slot::time:
                return read_time(item, fields.line.at);
            case Slot::object: {
                object inner;
                return item.get_object().get(inner) == SUCCESS && read_object(inner, known.name, fields);
            }
            default:
                return read_text(item, text(known.slot, fields));
        }
    }

    static std::string_view& text(Slot slot, Fields& fields) {
        switch (slot) {
            case Slot::method:
                return fields.line.method;
            case Slot::target:
                return fields.line.target;
            case Slot::address:
                return fields.address;
            case Slot::host:
                return fields.host;
            case Slot::user_agent:
                return fields.line.user_agent;
            case Slot::forwarded:
                return fields.line.forwarded;
            case Slot::client:
                return fields.client;
            case Slot::logger:
                return fields.logger;
            case Slot::message:
                return fields.message;
            default:
                return fields.level;
        }
    }

    static bool finish(const Fields& fields, AccessLine& out) {
        out = fields.line;
        const auto status = fields.status ? fields.status : fields.status_of_origin;
        // Of the program's other messages, which may stand in the same stream.
        const bool other =
            fields.of_other_message() || (!status && !fields.level.empty() && out.target.empty());
        // Without a path nobody can say whether it counts.
        if (!other && (!status || *status >= kStatuses || out.target.empty())) return false;
        out.status = other ? 0 : static_cast<unsigned>(*status);
        out.bytes = fields.bytes ? fields.bytes : fields.bytes_of_origin;
        find_clients(fields, out);
        return true;
    }

    static void find_clients(const Fields& fields, AccessLine& out) {
        // Go calls those that come over a Unix socket "@".
        out.peer = fields.address == "@" ? "unix:" : fields.address;
        // Traefik's ClientHost is X-Forwarded-For where there is one.
        if (out.forwarded.empty()) out.forwarded = nothing_if_dash(fields.host);
        // Caddy has looked at its own trusted proxies, and at whatever header it was told to.
        if (!fields.client.empty() && fields.client != fields.address) out.forwarded = fields.client;
        out.forwarded_ends_in_peer = out.peer.empty();
        if (out.peer.empty() || is_client(out.peer)) return;
        // Whose word that is nobody knows.
        out.peer = out.forwarded = {};
    }

    std::span<const Known> known_;
    simdjson::ondemand::parser parser_;
    std::string padded_;
    std::uint64_t seen_ = 0;  // a bit for each of known_
};

}  // namespace

std::unique_ptr<AccessReader> make_traefik_json_reader() {
    return std::make_unique<JsonReader>(kTraefik);
}

std::unique_ptr<AccessReader> make_caddy_json_reader() {
    return std::make_unique<JsonReader>(kCaddy);
}

}  // namespace keyshift::formats
