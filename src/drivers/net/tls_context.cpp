// SPDX-License-Identifier: Apache-2.0
#include "drivers/net/tls_context.hpp"

#include <string_view>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/utf8.hpp"

namespace keyshift::drivers {
namespace {

namespace ssl = boost::asio::ssl;
using base::Errc;
using base::Error;
using base::Result;

Error unusable(const std::filesystem::path& file, const boost::system::error_code& error) {
    return {Errc::config, "cannot use " + file.string() + ": " + error.message(),
            "it must be a PEM file that this user may read"};
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

/// `found` is OpenSSL's X509_V_…; X509_V_OK where it is not known.
Error untrusted(const std::string& target, long found) {
    const auto say = [&](const std::string& what, std::string hint) {
        return Error{Errc::connect, target + ": the server's certificate " + what, std::move(hint)};
    };
    switch (found) {
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return say("is for another name", "give the name that is in it as server_name");
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return say("has expired", "renew it on the server");
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return say("is not valid yet", "look at the clocks here and there");
        case X509_V_OK:
            return say("is not trusted",
                       "give the authority that signed it as ca_file, and the name in it as server_name");
        default:
            return say(std::string("is not trusted: ") + X509_verify_cert_error_string(found),
                       "give the authority that signed it as ca_file");
    }
}

}  // namespace

Result<std::unique_ptr<ssl::context>> make_tls_context(const TlsOptions& options) {
    auto context = std::make_unique<ssl::context>(ssl::context::tls_client);
    context->set_options(ssl::context::default_workarounds | ssl::context::no_sslv2 | ssl::context::no_sslv3 |
                         ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1);
    context->set_verify_mode(ssl::verify_peer);
    if (options.certificate_file.empty() != options.key_file.empty())
        return Error{Errc::config, "certificate_file and key_file go together", "give both or none"};
    boost::system::error_code error;
    if (options.ca_file.empty()) {
        context->set_default_verify_paths(error);
        if (error) return Error{Errc::config, "cannot read the system's certificate authorities", {}};
    } else if (context->load_verify_file(options.ca_file.string(), error); error) {
        return unusable(options.ca_file, error);
    }
    if (options.certificate_file.empty()) return context;
    if (context->use_certificate_chain_file(options.certificate_file.string(), error); error)
        return unusable(options.certificate_file, error);
    // OpenSSL would ask on the terminal.
    SSL_CTX_set_default_passwd_cb(context->native_handle(), [](char*, int, int, void*) { return -1; });
    if (context->use_private_key_file(options.key_file.string(), ssl::context::pem, error); error) {
        Error failed = unusable(options.key_file, error);
        failed.hint += ", without a passphrase, and fit " + options.certificate_file.string();
        return failed;
    }
    return context;
}

Result<void> expect_server(SSL* connection, const std::string& name) {
    // A final dot makes a name absolute for DNS; certificates and SNI have it without.
    std::string bare = name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
    boost::system::error_code no_address;
    const auto address = boost::asio::ip::make_address(bare, no_address);
    X509_VERIFY_PARAM* const parameters = SSL_get0_param(connection);
    if (!no_address && X509_VERIFY_PARAM_set1_ip_asc(parameters, address.to_string().c_str()) == 1) return {};
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (no_address && !bare.empty() &&
        X509_VERIFY_PARAM_set1_host(parameters, bare.c_str(), bare.size()) == 1 &&
        SSL_ctrl(connection, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, bare.data()) == 1)
        return {};
    return Error{Errc::config, "\"" + base::escape_unsafe(name) + "\" cannot be the name in a certificate",
                 "give a host name or an IP address as server_name"};
}

Error tls_error(const boost::system::error_code& error, const std::string& target) {
    return tls_error(error, target, nullptr);
}

Error tls_error(const boost::system::error_code& error, const std::string& target, const SSL* connection) {
    const std::string text = error.message();
    const long found = connection == nullptr ? X509_V_OK : SSL_get_verify_result(connection);
    if (found != X509_V_OK || contains(text, "certificate verify failed")) return untrusted(target, found);
    // An alert is the server's word, so this is about our certificate.
    if (contains(text, "alert") && (contains(text, "certificate") || contains(text, "unknown ca"))) {
        return {Errc::auth, target + ": the server wants another certificate of ours: " + text,
                "give certificate_file and key_file"};
    }
    const bool ended = error == boost::asio::error::eof || error == ssl::error::stream_truncated;
    return {Errc::connect,
            target + ": the TLS handshake failed: " + (ended ? "the server closed the connection" : text),
            contains(text, "handshake failure") ? "does the server want certificate_file and key_file?"
                                                : "does this port speak TLS, 1.2 or newer?"};
}

}  // namespace keyshift::drivers
