// SPDX-License-Identifier: Apache-2.0
// How connections are encrypted, and whose certificate lets a client in. Plain values; texts, not files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.hpp"

namespace keyshift::http {

/// What is asked of a client's certificate.
enum class ClientAuth : std::uint8_t {
    none,                ///< it is not asked for
    request,             ///< asked for, and not looked at
    require_any,         ///< there must be one, whoever has signed it
    verify_if_given,     ///< one that is given must be signed by an authority that is trusted
    require_and_verify,  ///< there must be one, signed by such an authority
};

struct TlsSettings {
    std::string certificate;  ///< PEM, with the chain behind it
    base::Secret key;         ///< PEM, without a passphrase
    ClientAuth client_auth = ClientAuth::none;
    /// PEM of the authorities that clients are trusted by; empty: those of the system. A text without a
    /// certificate trusts nobody.
    std::optional<std::string> client_ca = {};
    /// A client's certificate must have one of these names; empty: any will do.
    std::optional<std::vector<std::string>> allowed_sans = {};
    int min_version = 12;                         ///< 10 to 13 for TLS 1.0 to 1.3; 0: 1.2
    int max_version = 13;                         ///< likewise; 0: the newest
    std::vector<std::string> cipher_suites = {};  ///< names of the standards; none: forward-secret ones
    std::vector<std::string> curves = {};  ///< CurveP256, CurveP384, CurveP521, X25519; none: OpenSSL's
    bool prefer_server_cipher_suites = true;
};

}  // namespace keyshift::http
