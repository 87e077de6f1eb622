// SPDX-License-Identifier: Apache-2.0
#include "config/web_file/tls_section.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "config/tree/text.hpp"
#include "config/web_file/go_values.hpp"

namespace keyshift::config {
namespace {

constexpr auto kClientCertificates = std::to_array<std::pair<std::string_view, ClientCertificate>>({
    {"", ClientCertificate::none},
    {"NoClientCert", ClientCertificate::none},
    {"RequestClientCert", ClientCertificate::request},
    {"RequireAnyClientCert", ClientCertificate::require_any},
    {"RequireClientCert", ClientCertificate::require_any},  // what it was called at first
    {"VerifyClientCertIfGiven", ClientCertificate::verify_if_given},
    {"RequireAndVerifyClientCert", ClientCertificate::require_and_verify},
});

constexpr auto kVersions = std::to_array<std::pair<std::string_view, int>>(
    {{"TLS10", 10}, {"TLS11", 11}, {"TLS12", 12}, {"TLS13", 13}});

constexpr auto kCurves = std::to_array<std::string_view>({"CurveP256", "CurveP384", "CurveP521", "X25519"});

/// Those that Go counts as secure, since 1.22.
constexpr auto kCipherSuites = std::to_array<std::string_view>({
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
});
/// HTTP/2 cannot do without one of these (RFC 9113, 9.2.2).
constexpr auto kOfHttp2 = std::to_array<std::string_view>(
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"});

std::string_view name_of(std::string_view name) {
    return name;
}
template <class Value>
std::string_view name_of(const std::pair<std::string_view, Value>& named) {
    return named.first;
}

template <class Names>
std::string hint_of(const std::string& written, const Names& names) {
    std::vector<std::string> all;
    for (const auto& name : names)
        if (!name_of(name).empty()) all.emplace_back(name_of(name));
    if (const auto near = nearest(written, all)) return "did you mean '" + *near + "'?";
    return "use one of " + joined(all);
}

/// As a text that is known; empty where it is not, which is a problem then.
template <class Names>
auto find_name(const Names& names, const std::string& written) {
    return std::ranges::find_if(names, [&](const auto& name) { return name_of(name) == written; });
}

int read_version(WebSection& section, std::string_view key, int fallback) {
    const bool given = section.has(key);
    const bool nothing = section.is_null(key);
    const std::string written = section.text(key);
    if (nothing) return 0;
    if (!given) return fallback;
    const auto* const found = find_name(kVersions, written);
    if (found != kVersions.end()) return found->second;
    section.problem(key, "is not a version of TLS", hint_of(written, kVersions));
    return fallback;
}

template <class Names>
std::vector<std::string> read_names(WebSection& section, std::string_view key, const Names& names,
                                    std::string_view what) {
    std::vector<std::string> out;
    for (const TreeNode* const item : section.items(key).value_or(std::vector<const TreeNode*>{})) {
        if (item->kind == TreeNode::Kind::null) continue;
        const auto written = go_text(*item);
        if (written && find_name(names, *written) != names.end()) {
            out.push_back(*written);
        } else {
            section.problem(*item, key, "has " + std::string(what), hint_of(written.value_or(""), names));
        }
    }
    return out;
}

std::optional<std::vector<std::string>> read_sans(WebSection& section) {
    const auto items = section.items("client_allowed_sans");
    if (!items) return std::nullopt;
    std::vector<std::string> out;
    for (const TreeNode* const item : *items) {
        if (auto name = go_text(*item)) {
            out.push_back(*std::move(name));
        } else {
            section.problem(*item, "client_allowed_sans", "has an entry that is not a text", "write a name");
        }
    }
    return out;
}

std::filesystem::path read_path(WebSection& section, std::string_view key,
                                const std::filesystem::path& from) {
    const std::filesystem::path written = section.text(key);
    if (written.empty() || written.is_absolute()) return written;
    return (from / written).lexically_normal();
}

ClientCertificate read_client_certificate(WebSection& section, const std::string& written) {
    const auto* const found = find_name(kClientCertificates, written);
    if (found != kClientCertificates.end()) return found->second;
    section.problem("client_auth_type", "is not a way to ask for a client's certificate",
                    hint_of(written, kClientCertificates));
    return ClientCertificate::none;
}

bool has_client_ca(const WebTls& tls) {
    return !tls.client_ca_file.empty() || !tls.client_ca.empty();
}

void check(WebSection& section, const WebTls& tls, bool http2) {
    if (tls.certificate_file.empty() && tls.certificate.empty())
        section.problem("", "has no certificate", "give cert_file, or cert");
    if (tls.key_file.empty() && tls.key.empty()) section.problem("", "has no key", "give key_file, or key");
    if (has_client_ca(tls) && tls.client_certificate == ClientCertificate::none) {
        section.problem(tls.client_ca_file.empty() ? "client_ca" : "client_ca_file",
                        "has no effect, since no client is asked for a certificate",
                        "set client_auth_type: RequireAndVerifyClientCert");
    }
    const bool any = std::ranges::any_of(tls.cipher_suites, [](const std::string& suite) {
        return std::ranges::find(kOfHttp2, suite) != kOfHttp2.end();
    });
    if (http2 && !tls.cipher_suites.empty() && tls.min_version < 13 && !any) {
        section.problem("cipher_suites",
                        "lacks what HTTP/2 needs, which is on unless http_server_config turns it off",
                        "add " + std::string(kOfHttp2[0]) + ", or set http2: false");
    }
}

void warn(WebSection& section, const WebTls& tls) {
    using enum ClientCertificate;
    const auto both = [&](std::string_view file, std::string_view text) {
        if (section.has(text) && section.has(file))
            section.warning(text, "is not used, since " + std::string(file) + " is given", "remove one");
    };
    both("cert_file", "cert");
    both("key_file", "key");
    both("client_ca_file", "client_ca");
    const bool verifies =
        tls.client_certificate == verify_if_given || tls.client_certificate == require_and_verify;
    if (verifies && !has_client_ca(tls)) {
        section.warning("client_auth_type", "trusts whomever the system's authorities have signed",
                        "give client_ca_file");
    }
    if (tls.client_certificate == request || tls.client_certificate == require_any) {
        section.warning("client_auth_type", "takes any certificate, also one that the client has made itself",
                        "set RequireAndVerifyClientCert");
    }
    if (tls.allowed_sans && tls.client_certificate == none)
        section.warning("client_allowed_sans", "is not looked at, since no client is asked for a certificate",
                        "set client_auth_type: RequireAndVerifyClientCert");
    if (tls.allowed_sans && tls.client_certificate != none && tls.allowed_sans->empty())
        section.warning("client_allowed_sans", "is an empty list, which lets in nobody", "name a client");
    if (tls.max_version != 0 && tls.min_version > tls.max_version)
        section.warning("min_version", "is above max_version: no client can connect", "exchange them");
    if (tls.min_version == 10 || tls.min_version == 11)
        section.warning("min_version", "allows a version of TLS that is known to be weak",
                        "use TLS12 or TLS13");
}

}  // namespace

std::optional<WebTls> read_web_tls(WebSection section, const std::filesystem::path& directory, bool http2) {
    WebTls tls;
    tls.certificate = section.text("cert");
    tls.key = base::Secret(section.text("key"));
    tls.client_ca = section.text("client_ca");
    tls.certificate_file = read_path(section, "cert_file", directory);
    tls.key_file = read_path(section, "key_file", directory);
    const std::string client = section.text("client_auth_type");
    tls.client_ca_file = read_path(section, "client_ca_file", directory);
    tls.cipher_suites = read_names(section, "cipher_suites", kCipherSuites,
                                   "an entry that is none of the cipher suites that Go counts as secure");
    tls.curves = read_names(section, "curve_preferences", kCurves, "an entry that is no curve");
    tls.min_version = read_version(section, "min_version", tls.min_version);
    tls.max_version = read_version(section, "max_version", tls.max_version);
    tls.prefer_server_cipher_suites = section.boolean("prefer_server_cipher_suites", true);
    tls.allowed_sans = read_sans(section);
    section.refuse_unknown();
    const bool enabled = !tls.certificate_file.empty() || !tls.certificate.empty() || !tls.key_file.empty() ||
                         !tls.key.empty() || has_client_ca(tls) || !client.empty();
    if (!enabled) {
        if (!section.entries().empty())
            section.warning("", "has neither certificate nor key: TLS is off", "give cert_file and key_file");
        return std::nullopt;
    }
    tls.client_certificate = read_client_certificate(section, client);
    check(section, tls, http2);
    warn(section, tls);
    return tls;
}

}  // namespace keyshift::config
