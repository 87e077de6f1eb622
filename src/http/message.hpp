// SPDX-License-Identifier: Apache-2.0
// What goes into and comes out of a handler: plain values that know nothing of sockets, of HTTP's grammar or
// of what is being served. All of it is used on the loop thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace keyshift::http {

/// `other` is every method that nothing here offers.
enum class Method : std::uint8_t { get, head, post, put, del, options, other };

/// Its name on the wire; "?" for `other`.
std::string_view to_string(Method method);

/// How a request came here.
enum class Transport : std::uint8_t {
    network,  ///< TCP, from this machine or another one
    local,    ///< the Unix socket: whoever may open it is trusted by its file's mode
};

/// A request as a handler sees it. The views are valid during the call only, and hold what the client sent:
/// untrusted bytes. A header that was not sent is empty; so is one sent twice where only one makes sense.
struct Request {
    Method method = Method::get;
    std::string_view path = "/";  ///< begins with '/'; not percent-decoded
    std::string_view query;       ///< what follows the first '?', without it; not decoded
    std::string_view host;
    std::string_view accept;
    std::string_view accept_encoding;
    std::string_view authorization;
    std::string_view if_none_match;
    std::string_view content_type;
    std::string_view origin;          ///< what a browser says of the page that asks
    std::string_view sec_fetch_site;  ///< likewise: "same-origin", "cross-site", "none" ...
    std::string_view action;          ///< X-Keyshift-Action, which no form of a stranger's page can send
    std::string_view scrape_timeout;  ///< X-Prometheus-Scrape-Timeout-Seconds
    std::string_view body;            ///< at most Limits::body_bytes
    /// A proxy has passed it on, or says so: whoever asked is behind it.
    bool forwarded = false;
    Transport transport = Transport::network;
    /// The client's address without port, IPv4 in its own form: "127.0.0.1"; empty on the Unix socket.
    std::string_view peer;
    /// The peer is 127.0.0.0/8 or ::1, however the socket spells it, or on the Unix socket.
    bool from_loopback = false;
    bool secure = false;    ///< by TLS
    std::string_view user;  ///< who has logged in; empty: nobody has
};

struct Response;
/// Takes the answer: to be called once, on the loop thread.
using Answer = std::function<void(Response)>;

/// What to send back. Content-Length, Date, Connection and X-Content-Type-Options are the server's to add.
struct Response {
    int status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    /// First part of the body, sent without copying it, so that a cached page is shared by all who read it.
    /// May be null. It must not change afterwards.
    std::shared_ptr<const std::string> cached_body;
    std::string body;  ///< the rest of the body, or all of it
    /// Further headers. One whose name or value has a control character is left out: nobody splits a
    /// response.
    std::vector<std::pair<std::string, std::string>> headers;
    /// For an answer that takes work elsewhere: begins that work, and has the answer called when it is done,
    /// which must happen. Everything above is void then.
    std::function<void(Answer)> later;

    std::size_t body_size() const { return (cached_body ? cached_body->size() : 0) + body.size(); }
};

/// Runs on the loop thread, where everything else waits for it: it renders from memory and returns. May
/// throw; the client then gets a bare 500 and the log the detail.
using Handler = std::function<Response(const Request&)>;

}  // namespace keyshift::http
