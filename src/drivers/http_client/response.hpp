// SPDX-License-Identifier: Apache-2.0
// What an HTTP server answered, and the reader that makes it of bytes as they come. Knows no socket. Values:
// safe to move between threads; a reader is used by one thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace keyshift::drivers {

struct HttpResponse {
    int status = 0;
    std::string content_type = {};
    std::string body = {};
    std::string location = {};  ///< where a redirect leads, as the server wrote it: not for messages
};

class HttpResponseReader {
 public:
    /// `method` is the request's: HEAD has no body.
    HttpResponseReader(std::string_view method, std::size_t header_bytes, std::size_t body_bytes);
    ~HttpResponseReader();
    HttpResponseReader(const HttpResponseReader&) = delete;
    HttpResponseReader& operator=(const HttpResponseReader&) = delete;

    /// Takes bytes as they come. Never keeps more than the limits and what it is given at once. Errors: parse
    /// (not HTTP/1, more than the limits, compressed).
    base::Result<void> put(std::string_view bytes);
    /// The server closed in good order. Errors: connect (that was too early).
    base::Result<void> end();
    /// The whole answer is there; bytes after it are ignored.
    bool complete() const;
    /// The answer, once complete().
    HttpResponse take();

 private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace keyshift::drivers
