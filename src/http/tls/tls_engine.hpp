// SPDX-License-Identifier: Apache-2.0
// One connection's TLS without its socket: what was received goes in, what is to be sent comes out. Whoever
// owns it does the input and output, and sends what there is after each call. Used by one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/tls/tls_context.hpp"

struct ssl_st;
struct bio_st;

namespace keyshift::http {

class TlsEngine {
 public:
    enum class State : std::uint8_t {
        done,
        wants_input,  ///< feed() what comes next, and call again
        closed,       ///< the client has said that nothing more comes
        failed,       ///< for good; why() says why
    };

    explicit TlsEngine(std::shared_ptr<const TlsContext> context);
    ~TlsEngine();
    TlsEngine(const TlsEngine&) = delete;
    TlsEngine& operator=(const TlsEngine&) = delete;

    /// What the socket has received.
    void feed(std::string_view received);
    State handshake();
    /// Up to `size` bytes of what the client has said; how many is in `read`, at least one where `done`.
    State read(char* to, std::size_t size, std::size_t& read);
    /// All of `text` becomes output.
    State write(std::string_view text);
    /// Says that nothing more comes (close_notify). May be called at any time.
    void close();

    /// What is to be sent. Valid until the next call; drop_output() when it is sent.
    std::string_view output() const;
    void drop_output();

    /// Who the client is by its certificate, where one is required and was verified; else empty.
    std::string client_name() const;
    const std::string& why() const { return why_; }

 private:
    State state_of(int result);

    std::shared_ptr<const TlsContext> context_;
    ssl_st* ssl_;
    bio_st* in_;   // ssl_'s
    bio_st* out_;  // ssl_'s
    std::string why_;
};

/// Whether the first five bytes of a connection are those of a request that is not encrypted.
bool looks_like_http(std::string_view first_bytes);

/// What such a client is told, as Go's server does: it has no way to know better.
inline constexpr std::string_view kPlainRequestAnswer =
    "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

}  // namespace keyshift::http
