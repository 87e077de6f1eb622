// SPDX-License-Identifier: Apache-2.0
#include "http/tls/tls_context.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <string_view>
#include <utility>
#include <vector>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "http/tls/client_names.hpp"

namespace keyshift::http {
namespace {

using base::Errc;
using base::Error;
using base::Result;

struct FreeBio {
    void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeCertificate {
    void operator()(X509* certificate) const { X509_free(certificate); }
};
struct FreeKey {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;
using Certificate = std::unique_ptr<X509, FreeCertificate>;
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;

/// Forward-secret, as Go's own; those with an authenticated cipher first.
const char* const kUsualCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA";

constexpr auto kGroups = std::to_array<std::pair<std::string_view, std::string_view>>(
    {{"CurveP256", "P-256"}, {"CurveP384", "P-384"}, {"CurveP521", "P-521"}, {"X25519", "X25519"}});

constexpr std::string_view kHttp11 = "\x08http/1.1";

Bio reader_of(const std::string& text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

int no_passphrase(char*, int, int, void*) {
    return -1;
}

std::vector<Certificate> read_certificates(const std::string& pem) {
    std::vector<Certificate> out;
    const Bio bio = reader_of(pem);
    while (X509* const one = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr))
        out.emplace_back(one);
    ERR_clear_error();
    return out;
}

std::string openssl_error() {
    const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return reason == nullptr ? "unknown error" : reason;
}

int version_number(int version) {
    constexpr std::array<int, 4> kNumbers{TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION};
    return kNumbers.at(static_cast<std::size_t>(version - 10));
}

std::string join(const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& name : names) out += (out.empty() ? "" : ":") + name;
    return out;
}

/// HTTP/1.1, or nothing: a client that wants only something else is told so.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* offered,
                    unsigned offered_size, void*) {
    const auto* const own = reinterpret_cast<const unsigned char*>(kHttp11.data());
    unsigned char* chosen = nullptr;
    const int found = SSL_select_next_proto(&chosen, size, own, static_cast<unsigned>(kHttp11.size()),
                                            offered, offered_size);
    *out = chosen;
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

base::Time time_of(const ASN1_TIME* written) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(written, &parts) != 1) return {};
    return base::Time(std::chrono::seconds(::timegm(&parts)));
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::make(TlsSettings settings) {
    auto context = std::make_shared<TlsContext>(std::move(settings));
    if (auto set = context->set_certificate(); !set) return set.error();
    context->set_versions();
    if (auto set = context->set_ciphers(); !set) return set.error();
    context->set_clients();
    return std::shared_ptr<const TlsContext>(std::move(context));
}

TlsContext::TlsContext(TlsSettings settings)
    : settings_(std::move(settings)), context_(SSL_CTX_new(TLS_server_method())) {
    // Renegotiation is how one client makes the server work again and again.
    std::uint64_t options = SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION;
    if (settings_.prefer_server_cipher_suites) options |= SSL_OP_CIPHER_SERVER_PREFERENCE;
    // A session that is resumed brings no certificate, which may have expired since.
    if (settings_.client_auth != ClientAuth::none) options |= SSL_OP_NO_TICKET;
    SSL_CTX_set_options(context_, options);
    SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context_, settings_.client_auth == ClientAuth::none ? 1 : 0);
    SSL_CTX_set_mode(context_, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_alpn_select_cb(context_, choose_protocol, nullptr);
}

TlsContext::~TlsContext() {
    SSL_CTX_free(context_);
}

Result<void> TlsContext::set_certificate() {
    const auto failed = [](std::string what, std::string hint) {
        return Error{Errc::config, std::move(what), std::move(hint)};
    };
    std::vector<Certificate> chain = read_certificates(settings_.certificate);
    if (chain.empty())
        return failed("the certificate is no PEM of a certificate",
                      "it begins with -----BEGIN CERTIFICATE-----");
    const Bio bio = reader_of(settings_.key.reveal());
    const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
    ERR_clear_error();
    if (!key) {
        return failed("the key is no PEM of a private key without a passphrase",
                      "it begins with -----BEGIN PRIVATE KEY-----; openssl pkey takes a passphrase off");
    }
    if (X509_check_private_key(chain.front().get(), key.get()) != 1) {
        ERR_clear_error();
        return failed(
            "the key is not that of the certificate",
            "give the key that the certificate was made with; the server's own certificate comes first");
    }
    if (SSL_CTX_use_certificate(context_, chain.front().get()) != 1 ||
        SSL_CTX_use_PrivateKey(context_, key.get()) != 1)
        return failed("the certificate cannot be used: " + openssl_error(), "make one with a stronger key");
    for (std::size_t i = 1; i < chain.size(); ++i) SSL_CTX_add1_chain_cert(context_, chain[i].get());
    ERR_clear_error();
    return {};
}

void TlsContext::set_versions() const {
    const auto of_13_only = [](const std::string& name) { return name.find("_WITH_") == std::string::npos; };
    int least = settings_.min_version == 0 ? 12 : settings_.min_version;
    // Where no suite of TLS 1.2 is named, 1.2 is not spoken.
    if (!settings_.cipher_suites.empty() && std::ranges::all_of(settings_.cipher_suites, of_13_only))
        least = 13;
    SSL_CTX_set_min_proto_version(context_, version_number(least));
    if (settings_.max_version != 0)
        SSL_CTX_set_max_proto_version(context_, version_number(settings_.max_version));
    // At OpenSSL's usual level the old versions have no signature left.
    if (least < 12) SSL_CTX_set_security_level(context_, 0);
}

Result<void> TlsContext::set_ciphers() const {
    std::vector<std::string> names;
    for (const std::string& suite : settings_.cipher_suites) {
        const std::string name = OPENSSL_cipher_name(suite.c_str());
        if (name != "(NONE)" && !name.starts_with("TLS_")) names.push_back(name);
    }
    const std::string list = names.empty() ? kUsualCiphers : join(names);
    if (SSL_CTX_set_cipher_list(context_, list.c_str()) != 1)
        return Error{Errc::config, "none of the cipher suites is known to OpenSSL: " + openssl_error(), {}};
    std::vector<std::string> groups;
    for (const std::string& curve : settings_.curves) {
        const auto* const group =
            std::ranges::find(kGroups, curve, &std::pair<std::string_view, std::string_view>::first);
        if (group != kGroups.end()) groups.emplace_back(group->second);
    }
    if (!groups.empty() && SSL_CTX_set1_groups_list(context_, join(groups).c_str()) != 1)
        return Error{Errc::config, "the curves cannot be used: " + openssl_error(), {}};
    return {};
}

void TlsContext::set_clients() {
    const bool required = settings_.client_auth == ClientAuth::require_any ||
                          settings_.client_auth == ClientAuth::require_and_verify;
    if (settings_.client_auth == ClientAuth::none) return;
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
    SSL_CTX_set_cert_verify_callback(context_, verify_client, this);
    X509_STORE* const store = SSL_CTX_get_cert_store(context_);
    // Whoever stands among the trusted is trusted, whether it has signed itself or not.
    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
    if (!settings_.client_ca) {
        SSL_CTX_set_default_verify_paths(context_);
    } else {
        for (const Certificate& authority : read_certificates(*settings_.client_ca)) {
            X509_STORE_add_cert(store, authority.get());
            SSL_CTX_add_client_CA(context_, authority.get());
        }
    }
    ERR_clear_error();
}

int TlsContext::verify_client(X509_STORE_CTX* found, void* self) {
    return static_cast<const TlsContext*>(self)->verify(found);
}

int TlsContext::verify(X509_STORE_CTX* found) const {
    const bool verifies = settings_.client_auth == ClientAuth::verify_if_given ||
                          settings_.client_auth == ClientAuth::require_and_verify;
    if (verifies && X509_verify_cert(found) != 1) return 0;
    if (settings_.allowed_sans) {
        const auto& allowed = *settings_.allowed_sans;
        const auto names = alternative_names(X509_STORE_CTX_get0_cert(found));
        if (std::ranges::find_first_of(names, allowed) == names.end()) {
            X509_STORE_CTX_set_error(found, X509_V_ERR_APPLICATION_VERIFICATION);
            return 0;
        }
    }
    if (!verifies) X509_STORE_CTX_set_error(found, X509_V_OK);
    return 1;
}

Validity TlsContext::validity() const {
    const X509* const certificate = SSL_CTX_get0_certificate(context_);
    return {time_of(X509_get0_notBefore(certificate)), time_of(X509_get0_notAfter(certificate))};
}

}  // namespace keyshift::http
