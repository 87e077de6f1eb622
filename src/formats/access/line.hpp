// SPDX-License-Identifier: Apache-2.0
// One request as an access log tells it, and what reads the lines of one format. Where a client can choose
// what stands in a line (its user agent, its path), nothing of that can be taken for another field: fields
// are read in their order, from the left, and what the client chose only where its end is certain.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace keyshift::formats {

/// Every status is below.
inline constexpr unsigned kStatuses = 1000;

/// How the log writes characters that could be taken for its own.
enum class AccessEscape {
    none,
    backslash,  ///< \x22, \", \n, A: nginx, Apache, texts in JSON
    hash,       ///< #22: HAProxy
};

/// Views into the line, or into the reader until it reads the next one; as the log writes them, but that "-"
/// is empty.
struct AccessLine {
    std::string_view method = {};
    std::string_view target = {};             ///< with its query; empty: no request was understood
    unsigned status = 0;                      ///< 0: there was no answer
    std::optional<std::uint64_t> bytes = {};  ///< of the answer, see AccessReader::bytes_of_body
    // What complete() finds:
    std::string_view peer = {};           ///< who was connected: an address, perhaps with a port
    std::string_view forwarded = {};      ///< X-Forwarded-For
    bool forwarded_ends_in_peer = false;  ///< and the peer's own address behind it
    std::string_view user_agent = {};
    std::optional<base::Time> at = {};
    bool local_time = false;  ///< `at` is in an unknown zone, written as if it were UTC
    // The reader's own:
    std::string_view before = {};
    std::string_view behind = {};
};

/// What a format can tell.
struct AccessTells {
    AccessEscape escape = AccessEscape::none;
    /// AccessLine::bytes is the size of the body alone.
    bool body_bytes = true;
    bool forwarded = false;
    /// Who asked can be told by the user agent, or by the target's query.
    bool agent_or_query = true;
};

/// Used on one thread. Memory does not grow with the lines.
class AccessReader {
 public:
    virtual ~AccessReader() = default;
    /// Finds method, target, status and bytes. `line` has no line end; false when it is not of this format,
    /// and then `out` is meaningless.
    virtual bool read(std::string_view line, AccessLine& out) = 0;
    /// Finds the rest of a line for which read() was true; before the next read(), with that line still
    /// there.
    virtual void complete(AccessLine& out) = 0;
    virtual AccessTells tells() const = 0;
};

/// nginx's and Apache's "combined", also "common".
std::unique_ptr<AccessReader> make_combined_reader();
/// Traefik's "common".
std::unique_ptr<AccessReader> make_traefik_clf_reader();
/// HAProxy's "option httplog" and "option httpslog".
std::unique_ptr<AccessReader> make_haproxy_reader();
std::unique_ptr<AccessReader> make_traefik_json_reader();
std::unique_ptr<AccessReader> make_caddy_json_reader();
/// Labels as ltsv.org has them, or as nginx calls the variables.
std::unique_ptr<AccessReader> make_ltsv_reader();

/// `text` without its escapes, as bytes; what is no escape stays.
std::string unescape(std::string_view text, AccessEscape escape);

}  // namespace keyshift::formats
