// SPDX-License-Identifier: Apache-2.0
// What all connections of one certificate share. Made anew when a file has changed; connections keep theirs.
// From any thread.
#pragma once

#include <memory>
#include <string>

#include "base/error.hpp"
#include "base/time.hpp"
#include "http/tls/tls_settings.hpp"

struct ssl_ctx_st;
struct x509_store_ctx_st;

namespace keyshift::http {

/// When a server's certificate is valid.
struct Validity {
    base::Time from;
    base::Time until;
};

class TlsContext {
 public:
    /// Errors: config (no certificate, no key, or not the key of the certificate), with what to do; no secret
    /// in them.
    static base::Result<std::shared_ptr<const TlsContext>> make(TlsSettings settings);
    explicit TlsContext(TlsSettings settings);
    ~TlsContext();
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

    ssl_ctx_st* handle() const { return context_; }
    ClientAuth client_auth() const { return settings_.client_auth; }
    /// Whether a client without a certificate is refused for want of a name.
    bool wants_name() const { return settings_.allowed_sans && settings_.client_auth != ClientAuth::none; }
    Validity validity() const;

 private:
    base::Result<void> set_certificate();
    void set_versions() const;
    base::Result<void> set_ciphers() const;
    void set_clients();
    int verify(x509_store_ctx_st* found) const;
    static int verify_client(x509_store_ctx_st* found, void* self);

    TlsSettings settings_;
    ssl_ctx_st* context_;
};

}  // namespace keyshift::http
