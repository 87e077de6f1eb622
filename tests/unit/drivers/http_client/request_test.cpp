// SPDX-License-Identifier: Apache-2.0
#include "drivers/http_client/request.hpp"

#include <string>

#include <gtest/gtest.h>

namespace keyshift::drivers {
namespace {

using base::Errc;
using base::Secret;

HttpRequest to(const std::string& url) {
    return {.url = HttpUrl::parse(url).value()};
}

std::string bytes_of(const HttpRequest& request) {
    const auto bytes = request_bytes(request);
    return bytes ? bytes->reveal() : "error: " + bytes.error().text();
}

TEST(HttpRequest, GoesOverTheWire) {
    EXPECT_EQ(bytes_of(to("https://[::1]:9090/metrics?a=b")),
              "GET /metrics?a=b HTTP/1.1\r\nHost: [::1]:9090\r\nUser-Agent: keyshift/" KEYSHIFT_VERSION
              "\r\nAccept: */*\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n");
    HttpRequest post = to("http://host/");
    post.method = "POST";
    post.body = "{}";
    post.content_type = "application/json";
    post.accept = "text/plain";
    post.headers = {{"X-One", Secret("1")}, {"user-agent", Secret("me")}, {"HOST", Secret("other")}};
    EXPECT_EQ(bytes_of(post),
              "POST / HTTP/1.1\r\nAccept: text/plain\r\nAccept-Encoding: identity\r\nConnection: close\r\n"
              "X-One: 1\r\nuser-agent: me\r\nHOST: other\r\nContent-Type: application/json\r\n"
              "Content-Length: 2\r\n\r\n{}");
    post.body.clear();
    EXPECT_NE(bytes_of(post).find("Content-Length: 0\r\n"), std::string::npos);
}

TEST(HttpRequest, RefusesWhatWouldBeReadAsSomethingElse) {
    const auto refused = [](const HttpRequest& request) {
        const auto bytes = request_bytes(request);
        ASSERT_FALSE(bytes);
        EXPECT_EQ(bytes.error().code, Errc::config);
        EXPECT_EQ(bytes.error().text().find("hunter2"), std::string::npos) << bytes.error().text();
    };
    for (const std::string value : {"hunter2\r\nX: y", "hunter2\n", "hunter2\x01", "hunter2\x7f"}) {
        HttpRequest request = to("http://host/");
        request.headers = {bearer(Secret(value))};
        refused(request);
        request = to("http://host/");
        request.accept = value;
        refused(request);
        request = to("http://host/");
        request.url.target = "/" + value;
        refused(request);
        request = to("http://host/");
        request.url.host = value;
        refused(request);
    }
    for (const std::string name : {"", "X Y", "X:", "X\r\n", "content-LENGTH", "Transfer-Encoding", "TE"}) {
        HttpRequest request = to("http://host/");
        request.headers = {{name, Secret("hunter2")}};
        refused(request);
    }
    HttpRequest request = to("http://host/");
    request.method = "GET /hunter2";
    refused(request);
    refused(HttpRequest{});
}

TEST(HttpRequest, MakesAuthorizationHeaders) {
    // RFC 7617's example, and each length modulo 3.
    EXPECT_EQ(basic_auth("Aladdin", Secret("open sesame")).value.reveal(),
              "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    EXPECT_EQ(basic_auth("a", Secret("b")).value.reveal(), "Basic YTpi");
    EXPECT_EQ(basic_auth("a", Secret("bc")).value.reveal(), "Basic YTpiYw==");
    EXPECT_EQ(basic_auth("a", Secret("bc\xff")).value.reveal(), "Basic YTpiY/8=");
    EXPECT_EQ(bearer(Secret("t")).value.reveal(), "Bearer t");
    EXPECT_EQ(bearer(Secret("t")).name, "Authorization");
}

}  // namespace
}  // namespace keyshift::drivers
