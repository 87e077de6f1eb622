// SPDX-License-Identifier: Apache-2.0
#include "drivers/tls_context.hpp"

namespace keyshift::drivers {
namespace {

namespace ssl = boost::asio::ssl;
using base::Errc;
using base::Error;

Error unusable(const std::filesystem::path& file, const boost::system::error_code& error) {
    return {Errc::config, "cannot use " + file.string() + ": " + error.message(),
            "it must be a PEM file that this user may read"};
}

}  // namespace

base::Result<std::unique_ptr<ssl::context>> make_tls_context(const TlsOptions& options) {
    auto context = std::make_unique<ssl::context>(ssl::context::tls_client);
    context->set_options(ssl::context::default_workarounds | ssl::context::no_sslv2 |
                         ssl::context::no_sslv3 | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1);
    context->set_verify_mode(ssl::verify_peer);
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
    if (context->use_private_key_file(options.key_file.string(), ssl::context::pem, error); error)
        return unusable(options.key_file, error);
    return context;
}

Error tls_error(const boost::system::error_code& error, const std::string& target) {
    const std::string text = error.message();
    if (text.find("certificate verify failed") != std::string::npos) {
        return {Errc::connect, target + ": the server's certificate is not trusted: " + text,
                "give the authority that signed it as ca_file, and the name in it as server_name"};
    }
    if (text.find("certificate required") != std::string::npos ||
        text.find("bad certificate") != std::string::npos) {
        return {Errc::auth, target + ": the server wants a certificate of ours: " + text,
                "give certificate_file and key_file"};
    }
    return {Errc::connect, target + ": the TLS handshake failed: " + text,
            "does this port speak TLS, 1.2 or newer?"};
}

}  // namespace keyshift::drivers
