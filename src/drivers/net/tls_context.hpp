// SPDX-License-Identifier: Apache-2.0
// OpenSSL's context for TlsOptions. Internal to drivers. A context is used by one thread at a time.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/ssl/context.hpp>

#include "base/error.hpp"
#include "drivers/net/tls.hpp"

struct ssl_st;

namespace keyshift::drivers {

/// Reads the files anew: a certificate may be renewed while the daemon runs. TLS 1.2 at least. Errors: config
/// (a file that cannot be read, is no PEM or needs a passphrase; names the file).
base::Result<std::unique_ptr<boost::asio::ssl::context>> make_tls_context(const TlsOptions& options);

/// Before the handshake: the host name or IP address that the server's certificate must have. A name is sent
/// as SNI too. Errors: config (it cannot be a name).
base::Result<void> expect_server(ssl_st* connection, const std::string& name);

/// What a failed handshake is, in words for an operator; `target` is printable. Code: connect, or auth where
/// the server wanted another certificate of ours.
base::Error tls_error(const boost::system::error_code& error, const std::string& target);
/// The same, with what the check of the certificate found. Also for the first error after a handshake: under
/// TLS 1.3 the server looks at our certificate later.
base::Error tls_error(const boost::system::error_code& error, const std::string& target,
                      const ssl_st* connection);

}  // namespace keyshift::drivers
