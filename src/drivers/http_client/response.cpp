// SPDX-License-Identifier: Apache-2.0
#include "drivers/http_client/response.hpp"

#include <cstdint>
#include <optional>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace keyshift::drivers {
namespace {

namespace bhttp = boost::beast::http;
using base::Errc;
using base::Error;
using base::Result;
using boost::system::error_code;
using Parser = bhttp::response_parser<bhttp::string_body>;

constexpr int kInterimAnswers = 8;
constexpr std::size_t kLastChunk = std::string_view("0\r\n\r\n").size();

std::string size_text(std::size_t bytes) {
    constexpr std::size_t kMiB = std::size_t{1024} * 1024;
    return bytes % kMiB == 0 ? std::to_string(bytes / kMiB) + " MiB" : std::to_string(bytes) + " bytes";
}

}  // namespace

struct HttpResponseReader::State {
    void restart();
    Result<void> parse();
    Error error_of(const error_code& error) const;

    bool head;
    std::size_t header_bytes;
    std::size_t body_bytes;
    std::optional<Parser> parser = {};
    std::string pending = {};  // what the parser wants to see again together with what follows
    int interim = 0;
    bool begun = false;
    bool complete = false;
};

void HttpResponseReader::State::restart() {
    parser.emplace();
    parser->eager(true);
    parser->skip(head);
    parser->header_limit(static_cast<std::uint32_t>(header_bytes));
    parser->body_limit(body_bytes);
}

Error HttpResponseReader::State::error_of(const error_code& error) const {
    if (error == bhttp::error::body_limit)
        return {Errc::parse, "answer is larger than " + size_text(body_bytes), {}};
    if (error == bhttp::error::header_limit)
        return {Errc::parse, "answer's header is larger than " + size_text(header_bytes), {}};
    return {Errc::parse, "answer is not HTTP/1: " + error.message(),
            "does this port speak HTTP, and not HTTPS, HTTP/2 or something else?"};
}

Result<void> HttpResponseReader::State::parse() {
    while (!pending.empty() && !complete) {
        // Beast asserts that it sees the last chunk, which has five bytes at least, in one piece.
        if (parser->is_header_done() && parser->chunked() && pending.size() < kLastChunk) break;
        error_code error;
        const std::size_t used = parser->put(boost::asio::buffer(pending), error);
        pending.erase(0, used);
        if (error && error != bhttp::error::need_more) return error_of(error);
        if (parser->is_done()) {
            const unsigned status = parser->get().result_int();
            complete = status >= 200 || status == 101;
            if (complete) break;
            if (++interim > kInterimAnswers) return error_of(bhttp::error::bad_status);
            restart();
        } else if (error || used == 0) {
            break;
        }
    }
    return {};
}

HttpResponseReader::HttpResponseReader(std::string_view method, std::size_t header_bytes,
                                       std::size_t body_bytes)
    : state_(new State{.head = method == "HEAD", .header_bytes = header_bytes, .body_bytes = body_bytes}) {
    state_->restart();
}

HttpResponseReader::~HttpResponseReader() = default;

Result<void> HttpResponseReader::put(std::string_view bytes) {
    State& state = *state_;
    if (state.complete) return {};
    state.begun = state.begun || !bytes.empty();
    state.pending.append(bytes);
    if (auto parsed = state.parse(); !parsed) return parsed;
    // Beast bounds neither the extensions of a chunk nor the trailer.
    if (!state.complete && state.pending.size() > state.header_bytes)
        return state.error_of(bhttp::error::header_limit);
    if (!state.parser->is_header_done()) return {};
    const auto coding = state.parser->get()[bhttp::field::content_encoding];
    if (!coding.empty() && !boost::beast::iequals(coding, "identity"))
        return Error{Errc::parse, "answer is compressed, although we asked for plain text", {}};
    return {};
}

Result<void> HttpResponseReader::end() {
    State& state = *state_;
    if (state.complete) return {};
    if (!state.begun) return Error{Errc::connect, "closed the connection without an answer", {}};
    error_code error;
    if (state.parser->is_header_done() && state.parser->need_eof()) state.parser->put_eof(error);
    state.complete = !error && state.parser->is_done();
    if (!state.complete) return Error{Errc::connect, "closed the connection in the middle of its answer", {}};
    return {};
}

bool HttpResponseReader::complete() const {
    return state_->complete;
}

HttpResponse HttpResponseReader::take() {
    auto message = state_->parser->release();
    const auto field = [&message](bhttp::field name) {
        const auto value = message[name];
        return std::string(value.data(), value.size());
    };
    return {static_cast<int>(message.result_int()), field(bhttp::field::content_type),
            std::move(message.body()), field(bhttp::field::location)};
}

}  // namespace keyshift::drivers
