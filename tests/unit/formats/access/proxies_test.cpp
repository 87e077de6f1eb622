// SPDX-License-Identifier: Apache-2.0
// HAProxy 2.6 and Caddy 2.6 wrote these lines; those of Traefik are as its documentation has them.
#include <gtest/gtest.h>

#include "unit/formats/access/shown.hpp"

namespace keyshift::formats {
namespace {

std::string traefik(std::string_view line) {
    return shown(*make_traefik_clf_reader(), line);
}

std::string haproxy(std::string_view line) {
    return shown(*make_haproxy_reader(), line);
}

const std::string kTime = "2026-11-25T13:30:12Z";

TEST(TraefikClf, WhatItWrites) {
    EXPECT_EQ(
        traefik(
            R"(10.0.0.7 - - [25/Nov/2026:13:30:12 +0000] "POST /v1/models?a=b HTTP/1.1" 401 15 "-" "curl/8" 17 "gw@docker" "http://172.18.0.4:3000" 3ms)"),
        "POST|/v1/models?a=b|401|15||10.0.0.7|curl/8|with peer|" + kTime);
    // Without a router: Traefik's own answer, of which "common" tells nothing.
    EXPECT_EQ(
        traefik(R"(10.0.0.7 - - [25/Nov/2026:13:30:12 +0000] "GET /x HTTP/2.0" - - "-" "-" 18 "-" "-" 0ms)"),
        "GET|/x|0|0||10.0.0.7||with peer|" + kTime);
    EXPECT_EQ(
        traefik(
            R"(203.0.113.7, 10.0.0.1 - ann [25/Nov/2026:13:30:12 +0000] "GET /x HTTP/1.1" 200 5 "-" "-" 1 "r" "u" 0ms)"),
        "GET|/x|200|5||203.0.113.7, 10.0.0.1||with peer|" + kTime);
}

TEST(TraefikClf, NothingThatAClientSendsMovesAField) {
    // Traefik does not escape user agents, nor quotation marks in queries.
    EXPECT_EQ(
        traefik(
            R"(10.0.0.7 - - [25/Nov/2026:13:30:12 +0000] "GET /ok?x="y" HTTP/1.1" 200 5 "-" "x" 401 15 "-" "y" 1 "r" "u" 0ms" 17 "gw@docker" "http://172.18.0.4:3000" 3ms)"),
        "GET|/ok?x=\"y\"|200|5||10.0.0.7|x\" 401 15 \"-\" \"y\" 1 \"r\" \"u\" 0ms|with peer|" + kTime);
    EXPECT_EQ(
        traefik(
            R"(10.0.0.7 - - [25/Nov/2026:13:30:12 +0000] "GET /ok?"401 HTTP/1.1" 200 5 "-" "-" 17 "r" "u" 3ms)"),
        "GET|/ok?\"401|200|5||10.0.0.7||with peer|" + kTime);
}

TEST(TraefikClf, WhatIsNotOfTheFormat) {
    const std::string start = "10.0.0.7 - - [25/Nov/2026:13:30:12 +0000] ";
    for (const char* const prefix : {"nginx-1  | ", "2026-01-10T00:00:02Z ", "api.example.com:443 ",
                                     "Jan 10 00:00:02 h t: ", "x, y z, "})
        EXPECT_EQ(traefik(prefix + start + "\"GET /x HTTP/1.1\" 200 5"), "-") << prefix;
    for (const std::string& line :
         {std::string(), start, start + "\"GET /x HTTP/1.1", start + "\"GET /x\" 200 5",
          start + "\"GET /x HTTP/1.1\" 200", start + "\"GET /x y HTTP/1.1\" 200 5", start + "\"\" 400 0",
          start + "\"GET /x HTTP/1.1\" 20x 5",
          std::string("time=\"2026-11-25T13:30:12Z\" level=info msg=\"Configuration loaded\"")})
        EXPECT_EQ(traefik(line), "-") << line;
    // The end alone is lost where it was cut.
    EXPECT_EQ(traefik(start + "\"GET /x HTTP/1.1\" 200 5 \"-\" \"curl"),
              "GET|/x|200|5||10.0.0.7||with peer|" + kTime);
}

TEST(Haproxy, WhatItWrites) {
    EXPECT_EQ(
        haproxy(
            R"(127.0.0.1:56670 [25/Nov/2026:13:30:15.856] f2 b1/s1 0/0/0/0/0 401 177 - - ---- 1/1/0/0/0 0/0 "GET /v1/a HTTP/1.1")"),
        "GET|/v1/a|401|177|127.0.0.1|||local 2026-11-25T13:30:15.856000Z");
    EXPECT_EQ(
        haproxy(
            R"(127.0.0.1:35846 [25/Nov/2026:13:30:14.349] f1 f1/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- 2/2/0/0/0 0/0 "<BADREQ>")"),
        "||400|0|127.0.0.1|||local 2026-11-25T13:30:14.349000Z");
    EXPECT_EQ(
        haproxy(
            R"(::1:35908 [25/Nov/2026:13:30:14.352] f1~ b1/s1 0/0/0/-1/+1 -1 +156 - - CD-- 1/1/0/0/0 0/0 {|x} {5} "GET /v1/#22q HTTP/1.1")"),
        "GET|/v1/#22q|0|156|::1|||local 2026-11-25T13:30:14.352000Z");
    EXPECT_EQ(
        haproxy(
            R"(unix:1 [25/Nov/2026:13:30:14.352] f1 b1/s1 0/0/0/0/1 200 156 - - ---- 1/1/0/0/0 0/0 "GET /a HTTP/1.1" 0/0/0/0/0 gw.example/TLSv1.3/TLS_AES_256_GCM_SHA384)"),
        "GET|/a|200|156||||local 2026-11-25T13:30:14.352000Z");
}

TEST(Haproxy, AHeaderIsNoClient) {
    for (const char* const header :
         {"Nov 25 13:30:15 host haproxy[1234]: ", "<134>Nov 25 13:30:15 haproxy[12]: ",
          "<134>1 2026-11-25T13:30:15.1+00:00 host haproxy 12 - [x y=\"z\"] ",
          "2026-11-25T13:30:15Z [25/Nov/] x [ [ ", "lb1 ", "x:", "lb1:"})
        EXPECT_EQ(
            haproxy(
                header +
                std::string(
                    R"(10.0.0.9:1 [25/Nov/2026:13:30:15.856] f b/s 0/0/0/0/0 429 186 - - ---- 1/1/0/0/0 0/0 "GET /a HTTP/1.1")")),
            "-")
            << header;
}

TEST(Haproxy, NothingThatAClientSendsMovesAField) {
    // The cookie is captured as it came, headers with # for what is special.
    EXPECT_EQ(
        haproxy(
            R"(127.0.0.1:35794 [25/Nov/2026:13:30:14.339] f1 b1/s1 0/0/0/0/0 401 190 sid=a"b c{d} - ---- 1/1/0/0/0 0/0 {a#22 401 15 #22-#22 #22x\y|x} {28} "POST /v1/b?key=sk-abc HTTP/1.1")"),
        "POST|/v1/b?key=sk-abc|401|190|127.0.0.1|||local 2026-11-25T13:30:14.339000Z");
    EXPECT_EQ(
        haproxy(
            R"(127.0.0.1:1 [25/Nov/2026:13:30:14.339] f b/s 0/0/0/0/0 200 5 s=x 1/1/0/0/0 0/0 "GET /v1/forged HTTP/1.1" - ---- 1/1/0/0/0 0/0 "GET /ok HTTP/1.1")"),
        "GET|/ok|200|5|127.0.0.1|||local 2026-11-25T13:30:14.339000Z");
}

TEST(Haproxy, LinesCutBySyslog) {
    EXPECT_EQ(
        haproxy(
            R"(127.0.0.1:1 [25/Nov/2026:13:30:14.339] f b/s 0/0/0/0/0 401 190 - - ---- 1/1/0/0/0 0/0 "POST /v1/long)"),
        "POST|/v1/long|401|190|127.0.0.1|||local 2026-11-25T13:30:14.339000Z");
    EXPECT_EQ(haproxy("127.0.0.1:1 [25/Nov/2026:13:30:14.339] f b/s 0/0/0/0/0 401 190 - - ----"),
              "||401|190|127.0.0.1|||local 2026-11-25T13:30:14.339000Z");
}

TEST(Haproxy, WhatIsNotOfTheFormat) {
    const std::string start = "127.0.0.1:1 [25/Nov/2026:13:30:14.339] ";
    for (const std::string& line :
         {std::string(), start, start + "f b/s 0/0/0/0/0 401", start + "f b/s 0/0/0/0/0 401 190",
          start + "f b/s 0/0/0/0/0 40 190 - ", start + "f b/s 0/0/0/0/0 401 x - ",
          start + "f b/s 0/0/0/0 401 190 - ", start + "f b 0/0/0/0/0 401 190 - ",
          std::string("127.0.0.1:1 [25/Nov/2026:13:30:14] f b/s 0/0/0/0/0 401 1 "),
          std::string("Server b1/s1 is DOWN, reason: Layer4 connection problem"),
          // "option tcplog"
          start + "f b/s 0/0/5 212 -- 1/1/0/0/0 0/0"})
        EXPECT_EQ(haproxy(line), "-") << line;
}

std::string caddy(std::string_view line) {
    return shown(*make_caddy_json_reader(), line);
}

std::string traefik_json(std::string_view line) {
    return shown(*make_traefik_json_reader(), line);
}

TEST(CaddyJson, WhatItWrites) {
    EXPECT_EQ(
        caddy(
            R"({"level":"error","ts":1795613412.25,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"127.0.0.1","remote_port":"60890","proto":"HTTP/1.1","method":"POST","host":"x","uri":"/v1/b?key=sk-abc","headers":{"Connection":["close"],"Content-Length":["2"],"User-Agent":["a\" 401 15 \"-\" \"x\\y"],"X-Forwarded-For":["203.0.113.7, 10.0.0.1"],"Cookie":[]}},"user_id":"","duration":0.046083953,"size":28,"status":401,"resp_headers":{"Server":["Caddy","BaseHTTP/0.6 Python/3.11.7"],"Content-Length":["28"]}})"),
        R"(POST|/v1/b?key=sk-abc|401|28|127.0.0.1|203.0.113.7, 10.0.0.1|a" 401 15 "-" "x\y|2026-11-25T13:30:12.250000Z)");
    // Other time formats, and what other versions have.
    EXPECT_EQ(
        caddy(
            R"({"ts":"2026-11-25T13:30:12.000Z","request":{"remote_addr":"[::1]:5","method":"GET","uri":"/","headers":{"X-Forwarded-For":["1.1.1.1","2.2.2.2"]}},"size":0,"status":0})"),
        "GET|/|0|0|[::1]:5|2.2.2.2||" + kTime);
    EXPECT_EQ(
        caddy(
            R"({"level":"info","ts":1795613412.25,"logger":"tls","msg":"cleaning storage unit","status":null})"),
        "||0|?||||with peer|2026-11-25T13:30:12.250000Z");
}

TEST(CaddyJson, OneLineForEachRequest) {
    const std::string rest =
        R"("request":{"remote_ip":"10.0.0.7","method":"GET","uri":"/a"},"size":0,"status":502})";
    for (const char* const begin :
         {"", R"("logger":"http.log.access",)", R"("logger":"http.log.access.log0",)",
          R"("msg":"handled request",)", R"("logger":"mine","msg":"handled request",)"})
        EXPECT_EQ(caddy("{" + std::string(begin) + rest), "GET|/a|502|0|10.0.0.7|||?") << begin;
    // What failed of a request stands in a line of another logger, with the same fields.
    for (const char* const begin : {R"("logger":"http.log.error","msg":"dial tcp: refused",)",
                                    R"("logger":"http.log.error.log0",)", R"("msg":"dial tcp: refused",)"})
        EXPECT_EQ(caddy("{" + std::string(begin) + rest), "GET|/a|0|0|10.0.0.7|||?") << begin;
}

TEST(CaddyJson, WhoTheClientIs) {
    const auto clients = [](const std::string& request) {
        AccessLine out;
        const std::string line = R"({"request":{"uri":"/a",)" + request + R"(},"status":200})";
        if (!make_caddy_json_reader()->read(line, out)) return std::string("-");
        return std::string(out.peer) + "|" + std::string(out.forwarded) +
               (out.forwarded_ends_in_peer ? "|with peer" : "");
    };
    const std::string headers = R"(,"headers":{"X-Forwarded-For":["1.1.1.1"]})";
    EXPECT_EQ(clients(R"("remote_ip":"10.0.0.1","client_ip":"192.0.2.7")"), "10.0.0.1|192.0.2.7");
    EXPECT_EQ(clients(R"("remote_ip":"10.0.0.1","client_ip":"192.0.2.7")" + headers), "10.0.0.1|192.0.2.7");
    EXPECT_EQ(clients(R"("remote_ip":"10.0.0.1","client_ip":"10.0.0.1")" + headers), "10.0.0.1|1.1.1.1");
    EXPECT_EQ(clients(R"("remote_ip":"10.0.0.1","client_ip":"")" + headers), "10.0.0.1|1.1.1.1");
    EXPECT_EQ(clients(R"("remote_ip":"@")" + headers), "unix:|1.1.1.1");
    // Nobody knows whose word the rest is.
    EXPECT_EQ(clients(R"("remote_ip":"router connId=21, logical=sdk[tls:e1:443]")" + headers), "|");
}

TEST(TraefikJson, AStatusWithoutAPathIsNotUnderstood) {
    EXPECT_EQ(traefik_json(R"({"DownstreamStatus":401,"RequestLine":"POST /v1/models HTTP/1.1"})"), "-");
    EXPECT_EQ(traefik_json(R"({"DownstreamStatus":401,"RequestPath":"","level":"info"})"), "-");
}

TEST(TraefikJson, WhatItWrites) {
    EXPECT_EQ(
        traefik_json(
            R"({"ClientAddr":"10.0.0.7:51234","ClientHost":"10.0.0.7","ClientPort":"51234","ClientUsername":"-","DownstreamContentSize":15,"DownstreamStatus":401,"Duration":1500000,"OriginContentSize":15,"OriginStatus":401,"RequestMethod":"POST","RequestPath":"/v1/models","RequestProtocol":"HTTP/1.1","StartUTC":"2026-11-25T13:30:12Z","entryPointName":"web","level":"info","msg":"","request_User-Agent":"curl/8","time":"2026-11-25T13:30:13Z"})"),
        "POST|/v1/models|401|15|10.0.0.7:51234|10.0.0.7|curl/8|" + kTime);
    // Fields that were dropped, and X-Forwarded-For in the place of the client's address.
    EXPECT_EQ(
        traefik_json(
            R"({"ClientHost":"203.0.113.7, 10.0.0.1","OriginContentSize":"28","OriginStatus":401.0,"RequestPath":"/v1/a"})"),
        "|/v1/a|401|28||203.0.113.7, 10.0.0.1||with peer|?");
    EXPECT_EQ(traefik_json(R"({"level":"info","msg":"Configuration loaded","time":"2026-11-25T13:30:13Z"})"),
              "||0|?||||with peer|?");
}

TEST(TraefikJson, NothingThatAClientSendsMovesAField) {
    EXPECT_EQ(
        traefik_json(
            R"({"DownstreamStatus":200,"RequestPath":"/ok?\",\"DownstreamStatus\":401","request_User-Agent":"\"DownstreamStatus\":401","request_X":{"DownstreamStatus":401},"request_Y":[{"RequestPath":"/v1/"}]})"),
        R"(|/ok?","DownstreamStatus":401|200|?|||"DownstreamStatus":401|with peer|?)");
}

TEST(Json, WhatIsNotSureIsNotUnderstood) {
    for (const char* const line : {"",
                                   "{}",
                                   "[]",
                                   "1",
                                   "{",
                                   "}",
                                   "{}}",
                                   "{\"DownstreamStatus\":401}x",
                                   R"({"DownstreamStatus":401,"DownstreamStatus":200})",
                                   R"({"DownstreamStatus":401,"Downstream\u0053tatus":200})",
                                   R"({"DownstreamStatus":-1})",
                                   R"({"DownstreamStatus":1000})",
                                   R"({"DownstreamStatus":401.5})",
                                   R"({"DownstreamStatus":"x"})",
                                   R"({"DownstreamStatus":{}})",
                                   R"({"DownstreamStatus":true})",
                                   R"({"DownstreamStatus":1e400})",
                                   R"({"DownstreamStatus":401,"RequestPath":5})",
                                   R"({"DownstreamStatus":401,"RequestPath":["/a",1]})",
                                   R"({"DownstreamStatus":401,"DownstreamContentSize":99999999999999999999})",
                                   R"({"DownstreamStatus":401} {"DownstreamStatus":401})",
                                   "{\"DownstreamStatus\":401,\"a\":\"\xFF\"}",
                                   R"({"DownstreamStatus":401,"a":[})",
                                   R"({"DownstreamStatus":401,"a":"b)",
                                   R"({"DownstreamStatus":null})",
                                   R"({"level":"info","RequestPath":"/v1/a"})",
                                   R"({"DownstreamStatus":null401})",
                                   R"({"DownstreamStatus":401,"StartUTC":nul})",
                                   R"({"DownstreamStatus":401,"ClientHost":truex})"})
        EXPECT_EQ(traefik_json(line), "-") << line;
    EXPECT_EQ(caddy(R"({"status":401,"request":[]})"), "-");
    EXPECT_EQ(caddy(R"({"status":401,"request":{"headers":{"User-Agent":[["x"]]}}})"), "-");
}

TEST(Json, ManyLinesByOneReader) {
    const auto reader = make_caddy_json_reader();
    const std::string big(200'000, 'x');
    for (const std::string& name : {std::string("a"), big, std::string("b")}) {
        EXPECT_EQ(shown(*reader, R"({"status":401,"size":15,"request":{"uri":"/)" + name + R"("}})"),
                  "|/" + name + "|401|15||||with peer|?");
        EXPECT_EQ(shown(*reader, "{" + name + "}"), "-");
    }
}

}  // namespace
}  // namespace keyshift::formats
