// SPDX-License-Identifier: Apache-2.0
// OpenSSL's context for TlsOptions. Internal to drivers. A context is used by one thread at a time.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/ssl/context.hpp>

#include "base/error.hpp"
#include "drivers/tls.hpp"

namespace keyshift::drivers {

/// Reads the files anew: a certificate may be renewed while the daemon runs. TLS 1.2 at least. Errors: config
/// (a file that cannot be read or is no PEM; names the file).
base::Result<std::unique_ptr<boost::asio::ssl::context>> make_tls_context(const TlsOptions& options);

/// What a failed handshake is, in words for an operator; `target` is printable. Code: connect, or auth where
/// the server wanted another certificate of ours.
base::Error tls_error(const boost::system::error_code& error, const std::string& target);

}  // namespace keyshift::drivers
