// SPDX-License-Identifier: Apache-2.0
#include "drivers/http_client/request.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/ascii.hpp"

namespace keyshift::drivers {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using base::Secret;

// These say where a message ends or how it is sent: a second one would be a way to smuggle.
constexpr std::array<std::string_view, 8> kOurs{"connection", "content-length",  "transfer-encoding",
                                                "upgrade",    "accept-encoding", "te",
                                                "trailer",    "expect"};

/// RFC 9110, 5.6.2.
bool is_token(std::string_view text) {
    constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::ranges::all_of(text, [&](char c) {
        return base::is_alphanumeric(c) || kMarks.find(c) != std::string_view::npos;
    });
}

bool has_control(std::string_view text) {
    return std::ranges::any_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7F;
    });
}

bool has_blank(std::string_view text) {
    return text.find(' ') != std::string_view::npos;
}

bool gives(const HttpRequest& request, std::string_view name) {
    return std::ranges::any_of(request.headers,
                               [&](const HttpHeader& h) { return base::equals_ignoring_case(h.name, name); });
}

Result<void> check(const HttpRequest& request) {
    const auto wrong = [](std::string what) { return Error{Errc::config, std::move(what), {}}; };
    if (!is_token(request.method)) return wrong("the HTTP method is not a word");
    const HttpUrl& url = request.url;
    if (url.host.empty() || has_control(url.host) || has_blank(url.host))
        return wrong("the URL has no usable host");
    if (!url.target.starts_with('/') || has_control(url.target) || has_blank(url.target))
        return wrong("the path and query of " + url.authority() + " have a blank or a control character");
    for (const auto& [name, value] : request.headers) {
        if (!is_token(name)) return wrong("an HTTP header has a name that is not a word");
        if (std::ranges::any_of(
                kOurs, [&, &n = name](std::string_view ours) { return base::equals_ignoring_case(n, ours); }))
            return wrong("the HTTP header " + name + " cannot be given");
        if (has_control(value.reveal())) {
            return Error{Errc::config, "the value of the HTTP header " + name + " has a control character",
                         "is there a line break at the end of the secret?"};
        }
    }
    if (has_control(request.content_type) || has_control(request.accept))
        return wrong("a content type has a control character");
    return {};
}

void append(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
}

std::string base64(std::string_view bytes) {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const std::string_view group = bytes.substr(at, 3);
        std::uint32_t bits = 0;
        for (std::size_t i = 0; i < 3; ++i)
            bits = bits << 8U | (i < group.size() ? static_cast<unsigned char>(group[i]) : 0U);
        for (std::size_t i = 0; i < 4; ++i)
            out += i <= group.size() ? kDigits[bits >> (18U - 6U * i) & 0x3FU] : '=';
    }
    return out;
}

}  // namespace

HttpHeader basic_auth(const std::string& user, const Secret& password) {
    const Secret both(user + ":" + password.reveal());
    return {"Authorization", Secret("Basic " + base64(both.reveal()))};
}

HttpHeader bearer(const Secret& token) {
    return {"Authorization", Secret("Bearer " + token.reveal())};
}

std::string HttpRequest::printable() const {
    return address ? url.printable + " at " + *address : url.printable;
}

Result<Secret> request_bytes(const HttpRequest& request) {
    if (auto checked = check(request); !checked) return checked.error();
    std::size_t size = 512 + request.url.target.size() + request.body.size();
    for (const HttpHeader& header : request.headers)
        size += header.name.size() + header.value.reveal().size() + 4;
    std::string out;
    out.reserve(size);  // growing would leave copies of the secrets behind
    out.append(request.method).append(" ").append(request.url.target).append(" HTTP/1.1\r\n");
    if (!gives(request, "Host")) append(out, "Host", request.url.authority());
    if (!gives(request, "User-Agent")) append(out, "User-Agent", "keyshift/" KEYSHIFT_VERSION);
    if (!gives(request, "Accept")) append(out, "Accept", request.accept.empty() ? "*/*" : request.accept);
    append(out, "Accept-Encoding", "identity");
    append(out, "Connection", "close");
    for (const HttpHeader& header : request.headers) append(out, header.name, header.value.reveal());
    if (!request.content_type.empty()) append(out, "Content-Type", request.content_type);
    if (!request.body.empty() || (request.method != "GET" && request.method != "HEAD"))
        append(out, "Content-Length", std::to_string(request.body.size()));
    out.append("\r\n").append(request.body);
    return Secret(std::move(out));
}

}  // namespace keyshift::drivers
