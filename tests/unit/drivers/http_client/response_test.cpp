// SPDX-License-Identifier: Apache-2.0
#include "drivers/http_client/response.hpp"

#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace keyshift::drivers {
namespace {

using base::Errc;
using base::Result;
using namespace std::string_literals;

/// Reads `text` in pieces of `step` bytes, then the end of the connection if it is not complete.
Result<HttpResponse> read(const std::string& text, std::size_t step, std::string_view method = "GET",
                          std::size_t body_bytes = 100) {
    HttpResponseReader reader(method, 512, body_bytes);
    for (std::size_t at = 0; at < text.size() && !reader.complete(); at += step)
        if (auto put = reader.put(std::string_view(text).substr(at, step)); !put) return put.error();
    if (!reader.complete())
        if (auto ended = reader.end(); !ended) return ended.error();
    return reader.take();
}

/// The same however the bytes come.
Result<HttpResponse> read(const std::string& text, std::string_view method = "GET") {
    auto whole = read(text, text.size() + 1, method);
    for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{7}}) {
        const auto pieces = read(text, step, method);
        EXPECT_EQ(whole.has_value(), pieces.has_value()) << step << ": " << text;
        if (whole && pieces) {
            EXPECT_EQ(whole->body, pieces->body) << step;
        }
        if (!whole && !pieces) {
            EXPECT_EQ(whole.error().text(), pieces.error().text()) << step;
        }
    }
    return whole;
}

std::string body_of(const std::string& text, std::string_view method = "GET") {
    const auto response = read(text, method);
    return response ? std::to_string(response->status) + " " + response->body
                    : "error: " + response.error().text();
}

void expect_error(const std::string& text, Errc code, const std::string& part) {
    const auto response = read(text);
    ASSERT_FALSE(response) << text;
    EXPECT_EQ(response.error().code, code) << text;
    EXPECT_NE(response.error().what.find(part), std::string::npos) << response.error().what;
}

TEST(HttpResponseReader, ReadsEveryKindOfBody) {
    const auto response =
        read("HTTP/1.1 200 OK\r\nContent-Type: text/plain; x=y\r\nContent-Length: 3\r\n\r\nabc");
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->content_type, "text/plain; x=y");
    EXPECT_EQ(response->body, "abc");
    EXPECT_EQ(body_of("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef"), "200 abc");
    EXPECT_EQ(body_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: "
                      "chunked\r\n\r\n3;x=y\r\nabc\r\n1\r\nd\r\n0\r\nA: b\r\n\r\n"),
              "200 abcd");
    EXPECT_EQ(body_of("HTTP/1.0 200 OK\r\n\r\nto the end"), "200 to the end");
    EXPECT_EQ(body_of("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"), "401 ");
    EXPECT_EQ(body_of("HTTP/1.1 204 No Content\r\n\r\n"), "204 ");
    EXPECT_EQ(body_of("HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 1\r\n\r\nm"), "302 m");
    EXPECT_EQ(body_of("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "HEAD"), "200 ");
    EXPECT_EQ(body_of("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n"
                      "Content-Length: 1\r\n\r\nx"),
              "200 x");
}

TEST(HttpResponseReader, TellsATooEarlyEnd) {
    expect_error("", Errc::connect, "without an answer");
    expect_error("HTT", Errc::connect, "in the middle");
    expect_error("HTTP/1.1 200 OK\r\nContent-Le", Errc::connect, "in the middle");
    expect_error("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc", Errc::connect, "in the middle");
    expect_error("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", Errc::connect,
                 "in the middle");
    expect_error("HTTP/1.1 100 Continue\r\n\r\n", Errc::connect, "in the middle");
}

TEST(HttpResponseReader, RefusesWhatIsNotHttp) {
    for (const std::string& text :
         {"SSH-2.0-OpenSSH_9.2\r\n\r\n"s, "HTTP/2 200\r\n\r\n"s, "\0\0\x12\x04\0\0\0\0\0\0\0\r\n\r\n"s,
          "\x15\x03\x01\0\x02\x02\x46\r\n\r\n"s, "<html>\r\n\r\n"s, "HTTP/1.1 abc\r\n\r\n"s,
          "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"s,
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"s,
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"s})
        expect_error(text, Errc::parse, "is not HTTP/1");
    std::string interim;
    for (int i = 0; i < 100; ++i) interim += "HTTP/1.1 102 Processing\r\n\r\n";
    expect_error(interim, Errc::parse, "is not HTTP/1");
    expect_error("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", Errc::parse,
                 "compressed");
    EXPECT_EQ(body_of("HTTP/1.1 200 OK\r\nContent-Encoding: Identity\r\nContent-Length: 1\r\n\r\nx"),
              "200 x");
}

TEST(HttpResponseReader, KeepsTheLimits) {
    const std::string head = "HTTP/1.1 200 OK\r\n";
    const std::string hundred(100, 'x');
    EXPECT_EQ(body_of(head + "Content-Length: 100\r\n\r\n" + hundred), "200 " + hundred);
    EXPECT_EQ(body_of(head + "Transfer-Encoding: chunked\r\n\r\n64\r\n" + hundred + "\r\n0\r\n\r\n"),
              "200 " + hundred);
    EXPECT_EQ(body_of(head + "\r\n" + hundred), "200 " + hundred);
    expect_error(head + "Content-Length: 101\r\n\r\n", Errc::parse, "answer is larger than 100 bytes");
    expect_error(head + "Content-Length: 18446744073709551615\r\n\r\n", Errc::parse, "larger than 100 bytes");
    expect_error(head + "Transfer-Encoding: chunked\r\n\r\n64\r\n" + hundred + "\r\n1\r\n", Errc::parse,
                 "larger than");
    expect_error(head + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", Errc::parse, "larger than");
    expect_error(head + "\r\n" + hundred + "y", Errc::parse, "larger than");
    expect_error(head + "A: " + std::string(600, 'x'), Errc::parse, "header is larger than 512 bytes");
    expect_error(head + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(600, 'x'), Errc::parse,
                 "header is larger than");
    expect_error(head + "Transfer-Encoding: chunked\r\n\r\n0\r\nA: " + std::string(600, 'x'), Errc::parse,
                 "header is larger than");
    const auto large = read(head + "Content-Length: 99999999\r\n\r\n", 1000, "GET", std::size_t{1} << 20U);
    EXPECT_EQ(large.error().what, "answer is larger than 1 MiB");
}

}  // namespace
}  // namespace keyshift::drivers
