// SPDX-License-Identifier: Apache-2.0
// Any bytes as the answer of an HTTP server, and as a URL: no crash, limits kept, and the same result however
// the bytes are cut. The first byte says how.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "drivers/http_client/request.hpp"
#include "drivers/http_client/response.hpp"

namespace {

using namespace keyshift::drivers;

constexpr std::size_t kHeader = 1024;
constexpr std::size_t kBody = 4096;

std::string read(std::string_view text, std::size_t step, std::string_view method) {
    HttpResponseReader reader(method, kHeader, kBody);
    for (; !text.empty() && !reader.complete(); text.remove_prefix(std::min(step, text.size())))
        if (auto put = reader.put(text.substr(0, step)); !put) return "error: " + put.error().text();
    if (auto ended = reader.end(); !ended) return "error: " + ended.error().text();
    const HttpResponse answer = reader.take();
    if (answer.body.size() > kBody || answer.content_type.size() > kHeader) std::abort();
    return std::to_string(answer.status) + answer.content_type + answer.body;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::string_view method = (data[0] & 1U) != 0 ? "HEAD" : "GET";
    const std::string pieces = read(text, 1U + data[0] / 2U, method);
    const std::string bytes = read(text, 1, method);
    const bool failed = bytes.starts_with("error: ");
    // Which of two mistakes is seen first may differ.
    if (failed != pieces.starts_with("error: ") || (!failed && bytes != pieces)) std::abort();
    if (const auto url = HttpUrl::parse(text)) {
        if (!request_bytes({.url = *url})) std::abort();
        const auto again = HttpUrl::parse(url->printable);
        if (!again || again->host != url->host || again->port != url->port) std::abort();
    }
    return 0;
}
