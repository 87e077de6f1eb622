// SPDX-License-Identifier: Apache-2.0
#include "collectors/shared/http_options.hpp"

namespace keyshift::collectors {

base::Result<std::vector<drivers::HttpHeader>> HttpOptions::headers() const {
    std::vector<drivers::HttpHeader> out;
    if (bearer_token.given()) {
        const auto token = bearer_token.read();
        if (!token) return token.error();
        out.push_back(drivers::bearer(*token));
    }
    if (!user.empty()) {
        const auto secret = password.read();
        if (!secret) return secret.error();
        out.push_back(drivers::basic_auth(user, *secret));
    }
    return out;
}

drivers::TlsOptions read_tls_options(config::OptionsReader options) {
    drivers::TlsOptions tls;
    tls.ca_file = options.optional_path("ca_file");
    tls.certificate_file = options.optional_path("certificate_file");
    tls.key_file = options.optional_path("key_file");
    tls.server_name = options.optional_text("server_name");
    if (tls.certificate_file.empty() != tls.key_file.empty()) {
        options.problem(tls.key_file.empty() ? "certificate_file" : "key_file", "is of no use alone",
                        "give both certificate_file and key_file, or neither");
    }
    return tls;
}

HttpOptions read_http_options(config::OptionsReader& options) {
    HttpOptions out;
    out.bearer_token = options.optional_secret("bearer_token");
    config::OptionsReader basic = options.section("basic_auth");
    out.user = basic.optional_text("username");
    out.password = basic.optional_secret("password");
    if (out.user.empty() == out.password.given()) {
        basic.problem(out.user.empty() ? "password" : "username", "is of no use alone",
                      "give both username and password_file, or neither");
    }
    if (!out.user.empty() && out.bearer_token.given())
        options.problem("basic_auth", "is given beside bearer_token", "remove one of the two");
    out.tls = read_tls_options(options.section("tls"));
    return out;
}

}  // namespace keyshift::collectors
