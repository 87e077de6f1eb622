// SPDX-License-Identifier: Apache-2.0
#include "http/session.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/string_body.hpp>
#include <sys/socket.h>

#include "base/ascii.hpp"
#include "base/log/log.hpp"
#include "base/time.hpp"
#include "http/tls/tls_engine.hpp"
#include "http/wait_for.hpp"
#include "http/wire.hpp"

namespace keyshift::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using Parser = bhttp::request_parser<bhttp::string_body>;
using Fields = bhttp::request<bhttp::string_body>;
using Parts = std::array<asio::const_buffer, 3>;

constexpr std::size_t kReadBytes = 4096;
constexpr std::size_t kLingerBytes = std::size_t{256} * 1024;
constexpr std::chrono::seconds kLingerTime{1};
constexpr std::size_t kFirstBytes = 5;  // of a record of TLS: type, version, length
constexpr std::size_t kEncryptedBytes = std::size_t{64} * 1024;
constexpr int kLate = 503;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::string_view view(beast::string_view text) {
    return {text.data(), text.size()};
}

template <class Name>
std::string_view single(const Fields& fields, Name name) {
    const auto [first, last] = fields.equal_range(name);
    return first != last && std::next(first) == last ? view(first->value()) : std::string_view{};
}

/// A header that is a list, in one piece also where it was sent in several.
std::string list_of(const Fields& fields, bhttp::field name) {
    std::string out;
    const auto [first, last] = fields.equal_range(name);
    for (auto at = first; at != last; ++at) out.append(out.empty() ? "" : ", ").append(view(at->value()));
    return out;
}

/// Why a request that was read is refused all the same; 0: it is not.
int refusal_of(const Fields& fields) {
    if (fields.version() >= 11 && fields.count(bhttp::field::host) != 1) return 400;
    if (fields.count(bhttp::field::transfer_encoding) == 0) return 0;
    // Where its body ends nobody can tell: what follows could be taken for another request (RFC 9112, 6.1).
    if (fields.version() < 11) return 400;
    return beast::iequals(single(fields, bhttp::field::transfer_encoding), "chunked") ? 0 : 501;
}

/// By Forwarded, X-Forwarded-... or Via.
bool was_forwarded(const Fields& fields) {
    constexpr std::string_view kOwn = "x-forwarded-";
    for (const auto& field : fields) {
        const std::string_view name = view(field.name_string());
        if (field.name() == bhttp::field::forwarded || field.name() == bhttp::field::via ||
            base::equals_ignoring_case(name.substr(0, kOwn.size()), kOwn))
            return true;
    }
    return false;
}

/// What to answer to a request that failed with `ec`; 0 when there is nobody to answer.
int refusal_status(const error_code& ec) {
    if (ec == bhttp::error::header_limit || ec == bhttp::error::buffer_overflow) return 431;
    if (ec == bhttp::error::body_limit) return 413;
    if (ec == bhttp::error::bad_version) return 505;
    if (ec == beast::error::timeout) return 0;
    return ec.category() == make_error_code(bhttp::error::bad_method).category() ? 400 : 0;
}

}  // namespace

struct Session::Connection {
    Connection(Socket socket, const Limits& l, Router& r, Gate* g)
        : stream(std::move(socket)), limits(l), router(r), gate(g) {
        error_code ec;
        // By the end that is ours: a client of a Unix socket has no address, and one that has gone neither.
        const auto local = stream.socket().local_endpoint(ec);
        if (!ec && local.protocol().family() == AF_UNIX) {
            transport = Transport::local;
            from_loopback = true;
            gate = nullptr;
            return;
        }
        stream.socket().set_option(asio::ip::tcp::no_delay(true), ec);
        const auto remote = stream.socket().remote_endpoint(ec);
        const auto address = ec ? std::nullopt : as_tcp(remote);
        if (!address) return;  // gone already: the first read says so
        peer = peer_text(address->address());
        from_loopback = is_loopback(address->address());
    }

    /// What a request's views look at, beside the fields that were parsed.
    struct Joined {
        std::string accept;
        std::string accept_encoding;
        std::string if_none_match;
        std::string user;
    };

    asio::awaitable<void> run();
    asio::awaitable<void> serve();
    asio::awaitable<error_code> read_request(Parser& parser);
    asio::awaitable<error_code> read_some();
    asio::awaitable<error_code> write(Response& response, Persistence persistence, bool with_body,
                                      std::chrono::milliseconds bound);
    asio::awaitable<void> refuse(int status);
    asio::awaitable<void> linger();
    bool skip_empty_lines();
    error_code parse_buffered(Parser& parser);
    Request request_of(const Fields& fields, Joined& joined) const;
    Response answer(const Request& request);
    asio::awaitable<error_code> send(Parts parts);

    asio::awaitable<bool> begin_tls();
    asio::awaitable<error_code> receive();
    asio::awaitable<error_code> read_encrypted();
    asio::awaitable<error_code> write_encrypted(Parts parts);
    asio::awaitable<error_code> flush();
    void send_close_notify();

    beast::basic_stream<Protocol> stream;
    const Limits& limits;
    Router& router;
    Gate* gate;  // null: there is none
    std::optional<TlsEngine> tls;
    std::string received;     // over TLS: what the socket gave, before it is decrypted
    std::string client_name;  // by its certificate
    Transport transport = Transport::network;
    std::string peer;
    bool from_loopback = false;
    bool stopping = false;
    Clock::time_point idle_since = Clock::time_point::max();
    Clock::time_point held_since = Clock::time_point::max();
    beast::flat_buffer buffer;  // what was read and not yet parsed: pipelined requests stay here
    std::size_t used = 0;       // bytes the request being read has taken so far
    std::string head;           // kept for its capacity
    HttpDate date;
};

asio::awaitable<void> Session::Connection::run() {
    if (gate != nullptr && gate->encrypts()) {
        const bool begun = co_await begin_tls();
        if (!begun) co_return;
    }
    co_await serve();
}

asio::awaitable<void> Session::Connection::serve() {
    while (!stopping) {
        Parser parser;
        const error_code failed = co_await read_request(parser);
        held_since = Clock::time_point::max();
        if (failed) {
            const int status = refusal_status(failed);
            if (status != 0) co_await refuse(status);
            if (status == 0) send_close_notify();
            co_return;
        }
        const Fields& fields = parser.get();
        if (const int status = refusal_of(fields)) {
            co_await refuse(status);
            co_return;
        }
        Joined joined;
        Request request = request_of(fields, joined);
        Admission admission;
        if (gate != nullptr) admission = gate->admit(request);
        if (admission.later) admission = co_await wait_for<Admission>(std::move(admission.later));
        joined.user = std::move(admission.user);
        request.user = joined.user;
        Response response = admission.refused != 0 ? router.refuse(admission.refused) : answer(request);
        if (admission.refused != 0) response.headers = std::move(admission.headers);
        // Prometheus says how long it waits: what comes later reaches nobody.
        const auto patience = parse_scrape_timeout(request.scrape_timeout);
        if (response.later) {
            asio::steady_timer timer(stream.get_executor(), Clock::time_point::max());
            if (patience) timer.expires_after(*patience);
            const auto late = [this] { return router.refuse(kLate); };
            response = co_await wait_for<Response>(std::move(response.later), timer, late);
        }
        Persistence persistence = Persistence::close;
        if (fields.keep_alive() && !stopping)
            persistence = fields.version() < 11 ? Persistence::explicit_keep_alive : Persistence::keep_alive;
        const bool with_body = fields.method() != bhttp::verb::head;
        const auto bound = std::min(limits.write_time, patience.value_or(limits.write_time));
        if (co_await write(response, persistence, with_body, bound) || persistence == Persistence::close)
            break;
    }
    send_close_notify();
    error_code ignored;
    stream.socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
}

// Parses by hand rather than with Beast's async_read: the time bound changes with the first byte, and a
// request that came in one piece costs one read and no further trip through the loop.
asio::awaitable<error_code> Session::Connection::read_request(Parser& parser) {
    parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes));
    parser.body_limit(limits.body_bytes);
    used = 0;
    if (buffer.size() == 0) {
        idle_since = Clock::now();
        stream.expires_after(limits.idle_time);
        const error_code ec = co_await read_some();
        idle_since = Clock::time_point::max();
        if (ec) co_return ec;
    }
    bool begun = false;
    bool timed = false;
    bool continued = false;
    for (;;) {
        begun = begun || skip_empty_lines();
        if (begun) {
            if (const error_code ec = parse_buffered(parser)) co_return ec;
            if (parser.is_done()) co_return error_code{};
        } else if (used > limits.header_bytes) {
            co_return bhttp::error::header_limit;
        }
        if (!std::exchange(timed, true)) {
            stream.expires_after(limits.request_time);
            held_since = Clock::now();
        }
        const bool waits =
            parser.is_header_done() && view(parser.get()[bhttp::field::expect]) == "100-continue";
        if (waits && !std::exchange(continued, true)) {
            const Parts go_on{asio::buffer(kContinue.data(), kContinue.size())};
            if (const error_code ec = co_await send(go_on)) co_return ec;
        }
        if (const error_code ec = co_await read_some()) co_return ec;
    }
}

/// Some clients send one behind a body (RFC 9112, 2.2). Returns whether the request itself has begun.
bool Session::Connection::skip_empty_lines() {
    const std::string_view text{static_cast<const char*>(buffer.data().data()), buffer.size()};
    std::size_t skipped = 0;
    while (text.substr(skipped, 2) == "\r\n") skipped += 2;
    const std::string_view rest = text.substr(skipped);
    const bool begun = !rest.empty() && rest != "\r";
    buffer.consume(skipped);
    used += skipped;
    return begun;
}

// The parser's own header_limit holds for a single line only: it takes any number of short ones. And it waits
// for the end of a chunk's extension or of the trailers for ever. So what a request takes in all is counted
// here.
error_code Session::Connection::parse_buffered(Parser& parser) {
    while (buffer.size() > 0 && !parser.is_done()) {
        const bool in_header = !parser.is_header_done();
        error_code ec;
        const std::size_t taken = parser.put(buffer.data(), ec);  // stops at the end of the header
        buffer.consume(taken);
        used += taken;
        if (in_header && used > limits.header_bytes) return bhttp::error::header_limit;
        if (ec && ec != bhttp::error::need_more) return ec;
        if (ec || taken == 0) break;
    }
    if (parser.is_done()) return {};
    const std::size_t so_far = used + buffer.size();
    if (!parser.is_header_done() && so_far > limits.header_bytes) return bhttp::error::header_limit;
    if (so_far > limits.header_bytes + limits.body_bytes) return bhttp::error::body_limit;
    return {};
}

asio::awaitable<error_code> Session::Connection::read_some() {
    if (tls) co_return co_await read_encrypted();
    const auto [ec, n] = co_await stream.async_read_some(buffer.prepare(kReadBytes), use_tuple);
    buffer.commit(n);
    co_return ec;
}

Request Session::Connection::request_of(const Fields& fields, Joined& joined) const {
    const Target target = split_target(view(fields.target()));
    joined.accept = list_of(fields, bhttp::field::accept);
    joined.accept_encoding = list_of(fields, bhttp::field::accept_encoding);
    joined.if_none_match = list_of(fields, bhttp::field::if_none_match);
    Request request;
    request.method = parse_method(view(fields.method_string()));
    request.path = target.path;
    request.query = target.query;
    request.host = single(fields, bhttp::field::host);
    request.accept = joined.accept;
    request.accept_encoding = joined.accept_encoding;
    request.authorization = single(fields, bhttp::field::authorization);
    request.if_none_match = joined.if_none_match;
    request.content_type = single(fields, bhttp::field::content_type);
    request.origin = single(fields, bhttp::field::origin);
    request.sec_fetch_site = single(fields, "Sec-Fetch-Site");
    request.action = single(fields, "X-Keyshift-Action");
    request.scrape_timeout = single(fields, "X-Prometheus-Scrape-Timeout-Seconds");
    request.body = fields.body();
    request.forwarded = was_forwarded(fields);
    request.transport = transport;
    request.peer = peer;
    request.from_loopback = from_loopback;
    request.secure = tls.has_value();
    request.user = client_name;
    return request;
}

Response Session::Connection::answer(const Request& request) {
    return request.path.empty() ? router.refuse(400) : router.handle(request);
}

asio::awaitable<error_code> Session::Connection::write(Response& response, Persistence persistence,
                                                       bool with_body, std::chrono::milliseconds bound) {
    if (gate != nullptr) add_missing(response, gate->headers());
    head.clear();
    append_head(head, response, persistence, date.of(base::now()));
    Parts parts{asio::buffer(head)};
    if (with_body && has_body(response.status)) {
        if (response.cached_body) parts[1] = asio::buffer(*response.cached_body);
        parts[2] = asio::buffer(response.body);
    }
    stream.expires_after(bound);
    held_since = Clock::now();
    const error_code unsent = co_await send(parts);
    held_since = Clock::time_point::max();
    co_return unsent;
}

asio::awaitable<error_code> Session::Connection::send(Parts parts) {
    if (tls) co_return co_await write_encrypted(parts);
    const auto [ec, n] = co_await asio::async_write(stream, parts, use_tuple);
    co_return ec;
}

asio::awaitable<void> Session::Connection::refuse(int status) {
    Response response = router.refuse(status);
    if (co_await write(response, Persistence::close, true, limits.write_time)) co_return;
    send_close_notify();
    co_await linger();
}

// What the client is still sending is read and thrown away for a while: closing with it unread would reset
// the connection, and the client would never see the answer.
asio::awaitable<void> Session::Connection::linger() {
    error_code ignored;
    stream.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    stream.expires_after(kLingerTime);
    idle_since = Clock::now();
    for (std::size_t total = 0; total < kLingerBytes && !stopping; total += kReadBytes) {
        buffer.clear();
        const auto [ec, n] = co_await stream.async_read_some(buffer.prepare(kReadBytes), use_tuple);
        if (ec) co_return;
    }
}

// The handshake has as long as a request. Before its first byte the connection is idle, and goes where room
// is needed.
asio::awaitable<bool> Session::Connection::begin_tls() {
    stream.expires_after(limits.request_time);
    idle_since = Clock::now();
    while (received.size() < kFirstBytes)
        if (const error_code ec = co_await receive()) co_return false;
    idle_since = Clock::time_point::max();
    if (looks_like_http(received)) {
        router.refuse(400);
        const auto text = asio::buffer(kPlainRequestAnswer.data(), kPlainRequestAnswer.size());
        const auto [ec, n] = co_await asio::async_write(stream, text, use_tuple);
        if (!ec) co_await linger();
        co_return false;
    }
    tls.emplace(gate->tls());
    held_since = Clock::now();
    for (;;) {
        tls->feed(received);
        received.clear();
        const TlsEngine::State state = tls->handshake();
        const error_code unsent = co_await flush();
        if (state == TlsEngine::State::done && !unsent) break;
        if (state != TlsEngine::State::wants_input) {
            base::log::debug("TLS handshake failed", {{"peer", peer}, {"error", tls->why()}});
            co_await linger();  // or the alert would be lost with the connection
            co_return false;
        }
        if (unsent) co_return false;
        if (const error_code ec = co_await receive()) co_return false;
    }
    held_since = Clock::time_point::max();
    client_name = tls->client_name();
    co_return !stopping;
}

/// Appends to `received`.
asio::awaitable<error_code> Session::Connection::receive() {
    const std::size_t before = received.size();
    received.resize(before + kReadBytes);
    const auto [ec, n] =
        co_await stream.async_read_some(asio::buffer(&received[before], kReadBytes), use_tuple);
    received.resize(before + n);
    co_return ec;
}

asio::awaitable<error_code> Session::Connection::read_encrypted() {
    for (;;) {
        const auto space = buffer.prepare(kReadBytes);
        std::size_t count = 0;
        const TlsEngine::State state = tls->read(static_cast<char*>(space.data()), space.size(), count);
        buffer.commit(count);
        if (const error_code ec = co_await flush()) co_return ec;
        if (state == TlsEngine::State::done) co_return error_code{};
        if (state != TlsEngine::State::wants_input) co_return asio::error::eof;
        if (const error_code ec = co_await receive()) co_return ec;
        tls->feed(received);
        received.clear();
    }
}

// Encrypts piece by piece: a large answer is not in memory twice.
asio::awaitable<error_code> Session::Connection::write_encrypted(Parts parts) {
    for (const asio::const_buffer& part : parts) {
        std::string_view rest{static_cast<const char*>(part.data()), part.size()};
        while (!rest.empty()) {
            const std::string_view piece = rest.substr(0, kEncryptedBytes);
            if (tls->write(piece) != TlsEngine::State::done) co_return asio::error::connection_aborted;
            rest.remove_prefix(piece.size());
            if (tls->output().size() < kEncryptedBytes) continue;
            if (const error_code ec = co_await flush()) co_return ec;
        }
    }
    co_return co_await flush();
}

asio::awaitable<error_code> Session::Connection::flush() {
    if (tls->output().empty()) co_return error_code{};
    const std::string_view output = tls->output();
    const auto [ec, n] =
        co_await asio::async_write(stream, asio::buffer(output.data(), output.size()), use_tuple);
    tls->drop_output();
    co_return ec;
}

/// Its few bytes fit where nothing is being written; where the client takes nothing any more, it need not be
/// told.
void Session::Connection::send_close_notify() {
    if (!tls) return;
    tls->close();
    const std::string_view output = tls->output();
    if (stream.socket().is_open())
        static_cast<void>(::send(stream.socket().native_handle(), output.data(), output.size(),
                                 MSG_DONTWAIT | MSG_NOSIGNAL));
    tls->drop_output();
}

Session::Session(Socket socket, const Limits& limits, Router& router, Gate* gate)
    : connection_(std::make_unique<Connection>(std::move(socket), limits, router, gate)) {}

Session::~Session() = default;

asio::awaitable<void> Session::run() {
    return connection_->run();
}

void Session::stop() {
    connection_->stopping = true;
    if (idle_since() == Clock::time_point::max()) return;
    connection_->send_close_notify();
    abort();
}

void Session::abort() {
    connection_->stopping = true;
    connection_->stream.close();
}

Clock::time_point Session::idle_since() const {
    return connection_->idle_since;
}

Clock::time_point Session::held_since() const {
    return connection_->held_since;
}

}  // namespace keyshift::http
