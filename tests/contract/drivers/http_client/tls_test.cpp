// SPDX-License-Identifier: Apache-2.0
// HTTPS, with authorities and certificates made for the test.
#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "contract/drivers/http_client/certificates.hpp"
#include "contract/drivers/http_client/loopback_server.hpp"
#include "drivers/http_client/client.hpp"

namespace keyshift::drivers {
namespace {

using base::Deadline;
using base::Errc;
using base::Result;
using testing::Authority;
using testing::Connection;
using testing::LoopbackServer;
using testing::ServerTls;
using namespace std::chrono_literals;

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const std::string kUntilTheEnd = "HTTP/1.1 200 OK\r\n\r\nok";

LoopbackServer::Serve says(const std::string& text) {
    return [text](Connection& connection) {
        if (!connection.request().empty()) connection.send(text);
    };
}

/// https://`host`, connected to on loopback.
Result<HttpResponse> get(const LoopbackServer& server, const std::string& host, const TlsOptions& tls) {
    HttpRequest request{.url = HttpUrl::parse("https://" + host + ":" + server.port()).value()};
    request.address = "127.0.0.1";
    request.tls = tls;
    const Interrupt interrupt;
    return HttpClient(interrupt).send(request, {}, Deadline::in(5s));
}

void expect_error(const Result<HttpResponse>& result, Errc code, const std::string& part) {
    ASSERT_FALSE(result) << result->status << " " << result->body;
    EXPECT_EQ(result.error().code, code) << result.error().text();
    EXPECT_NE(result.error().what.find(part), std::string::npos) << result.error().what;
}

class HttpsClient : public ::testing::Test {
 protected:
    Authority authority;
    TlsOptions trusting{.ca_file = authority.ca_file()};
};

TEST_F(HttpsClient, ChecksTheName) {
    const ServerTls tls(authority.issue("named", "DNS:gateway.test,DNS:*.wild.test"), {});
    const LoopbackServer server(
        [&](Connection& connection) {
            connection.request();
            connection.send(
                "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(connection.server_name.size()) +
                "\r\n\r\n" + connection.server_name);
        },
        &tls);
    EXPECT_EQ(get(server, "gateway.test", trusting).value().body, "gateway.test") << "SNI";
    EXPECT_EQ(get(server, "Gateway.Test.", trusting).value().body, "gateway.test");
    EXPECT_EQ(get(server, "a.wild.test", trusting).value().body, "a.wild.test");
    expect_error(get(server, "other.test", trusting), Errc::connect, "is for another name");
    expect_error(get(server, "a.b.wild.test", trusting), Errc::connect, "is for another name");
    expect_error(get(server, "127.0.0.1", trusting), Errc::connect, "is for another name");
    TlsOptions named = trusting;
    named.server_name = "gateway.test";
    EXPECT_EQ(get(server, "127.0.0.1", named).value().body, "gateway.test");
    named.server_name = "other.test";
    expect_error(get(server, "gateway.test", named), Errc::connect, "is for another name");
}

TEST_F(HttpsClient, ChecksAnIpAddress) {
    const ServerTls tls(authority.issue("numbered", "IP:127.0.0.1,DNS:127.0.0.2"), {});
    const LoopbackServer server(
        [](Connection& connection) {
            connection.request();
            connection.send(connection.server_name.empty() ? kOk
                                                           : "HTTP/1.1 400 SNI\r\nContent-Length: 0\r\n\r\n");
        },
        &tls);
    EXPECT_EQ(get(server, "127.0.0.1", trusting).value().status, 200) << "no SNI for addresses";
    expect_error(get(server, "127.0.0.2", trusting), Errc::connect, "is for another name");
    expect_error(get(server, "[::1]", trusting), Errc::connect, "is for another name");
}

TEST_F(HttpsClient, TrustsNobodyElse) {
    const std::string name = "DNS:gateway.test";
    Authority other("another authority");
    const ServerTls foreign(other.issue("foreign", name), {});
    const LoopbackServer untrusted(says(kOk), &foreign);
    expect_error(get(untrusted, "gateway.test", trusting), Errc::connect, "is not trusted: unable to get");
    expect_error(get(untrusted, "gateway.test", {}), Errc::connect, "is not trusted");
    Authority impostor;
    const ServerTls forged(impostor.issue("forged", name), {});
    expect_error(get(LoopbackServer(says(kOk), &forged), "gateway.test", trusting), Errc::connect,
                 "is not trusted: certificate signature failure");
    const ServerTls old(authority.issue("old", name, -3, -1), {});
    expect_error(get(LoopbackServer(says(kOk), &old), "gateway.test", trusting), Errc::connect,
                 "has expired");
    const ServerTls early(authority.issue("early", name, 1, 2), {});
    expect_error(get(LoopbackServer(says(kOk), &early), "gateway.test", trusting), Errc::connect,
                 "not valid yet");
}

TEST_F(HttpsClient, ShowsItsCertificate) {
    const auto mine = authority.issue("client", "DNS:client.test");
    Authority other("another authority");
    const auto foreign = other.issue("foreign", "DNS:client.test");
    for (const bool old : {false, true}) {
        ServerTls tls(authority.issue("server", "DNS:gateway.test"), authority.ca_file());
        if (old) tls.at_most_tls12();
        const LoopbackServer server(says(kOk), &tls);
        TlsOptions options = trusting;
        if (old) {
            expect_error(get(server, "gateway.test", options), Errc::connect, "handshake failure");
        } else {
            expect_error(get(server, "gateway.test", options), Errc::auth,
                         "wants another certificate of ours");
        }
        options.certificate_file = foreign.certificate;
        options.key_file = foreign.key;
        expect_error(get(server, "gateway.test", options), Errc::auth, "wants another certificate of ours");
        options.certificate_file = mine.certificate;
        options.key_file = mine.key;
        EXPECT_EQ(get(server, "gateway.test", options).value().body, "ok");
    }
}

TEST_F(HttpsClient, NamesTheFileThatCannotBeUsed) {
    const auto mine = authority.issue("client", "DNS:client.test");
    const auto other = authority.issue("other", "DNS:client.test");
    const LoopbackServer server(says(kOk));
    const auto refused = [&](const TlsOptions& tls, const std::string& part) {
        expect_error(get(server, "gateway.test", tls), Errc::config, part);
    };
    refused({.ca_file = authority.path("none.pem")}, "none.pem");
    refused({.ca_file = mine.key}, "client.key");
    refused({.certificate_file = mine.certificate}, "go together");
    refused({.certificate_file = mine.key, .key_file = mine.key}, "client.key");
    refused({.certificate_file = mine.certificate, .key_file = other.key}, "other.key");
    refused({.certificate_file = mine.certificate, .key_file = "/"}, "cannot use /");
    refused({.server_name = std::string("a\0b", 3)}, "cannot be the name");
    EXPECT_LE(server.accepted(), 1) << "only what needs a connection to be seen";
}

TEST_F(HttpsClient, TellsWhatIsNoTls) {
    const LoopbackServer plain([](Connection& connection) { connection.send("HTTP/1.1 400 Bad\r\n\r\n"); });
    expect_error(get(plain, "gateway.test", trusting), Errc::connect, "the TLS handshake failed");
    const LoopbackServer closing([](Connection&) {});
    expect_error(get(closing, "gateway.test", trusting), Errc::connect, "");
    const LoopbackServer silent([](Connection& connection) { connection.wait_for_hangup(); });
    HttpRequest request{.url = HttpUrl::parse("https://127.0.0.1:" + silent.port()).value()};
    const Interrupt interrupt;
    expect_error(HttpClient(interrupt).send(request, {.each = 100ms}, Deadline::in(5s)), Errc::timeout,
                 "did not finish the TLS handshake in time");
}

TEST_F(HttpsClient, AnEndThatIsNotSealedIsNoEnd) {
    const ServerTls tls(authority.issue("server", "DNS:gateway.test"), {});
    const LoopbackServer complete(says(kOk), &tls);
    EXPECT_EQ(get(complete, "gateway.test", trusting).value().body, "ok");
    const LoopbackServer polite(
        [](Connection& connection) {
            connection.request();
            connection.send(kUntilTheEnd);
            connection.say_goodbye();
        },
        &tls);
    EXPECT_EQ(get(polite, "gateway.test", trusting).value().body, "ok");
    const LoopbackServer cut(says(kUntilTheEnd), &tls);
    expect_error(get(cut, "gateway.test", trusting), Errc::connect, "closed the connection");
}

TEST_F(HttpsClient, ReadsFilesOnceForAllRequests) {
    const ServerTls tls(authority.issue("server", "DNS:gateway.test"), {});
    const LoopbackServer server(says(kOk), &tls);
    HttpRequest request{.url = HttpUrl::parse("https://gateway.test:" + server.port()).value()};
    request.address = "127.0.0.1";
    request.tls = trusting;
    std::size_t good = 0;
    const Interrupt interrupt;
    HttpClient(interrupt).send_all(std::vector(100, request), {.at_once = 4}, Deadline::in(10s),
                                   [&](std::size_t, const auto& result) {
                                       std::filesystem::remove(authority.ca_file());
                                       good += result ? 1 : 0;
                                   });
    EXPECT_EQ(good, 100U);
}

}  // namespace
}  // namespace keyshift::drivers
