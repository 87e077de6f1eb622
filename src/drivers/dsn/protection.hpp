// SPDX-License-Identifier: Apache-2.0
// How the connection of a connection string is to be protected, in whichever client's words. Pure; used by
// one thread at a time.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "drivers/dsn/connection_string.hpp"
#include "drivers/dsn/names.hpp"

namespace keyshift::drivers {

class ConnectionProtection {
 public:
    explicit ConnectionProtection(ConnectionString::Form form) : form_(form) {}

    /// Applies a parameter that is about TLS. Errc::config: its value means nothing to libpq.
    base::Result<void> apply(ConnectionName meaning, const UrlParameter& parameter);
    /// Adds what all of them come to. Said in several ways, the strictest counts. Errc::config: one
    /// contradicts another one.
    base::Result<void> settle(UrlParameters& libpq) const;

 private:
    base::Result<void> apply_mode(const UrlParameter& parameter);
    base::Result<void> apply_tls(const UrlParameter& parameter);
    base::Result<void> apply_verification(const UrlParameter& parameter);
    base::Result<void> apply_factory(const UrlParameter& parameter);

    ConnectionString::Form form_;
    std::optional<std::string_view> mode_;  // of libpq's, by its own name
    std::optional<std::string_view> tls_;   // by ssl=true
    std::optional<bool> verified_;          // by Prisma's sslaccept
};

/// Of a parameter: `what` says what is wrong with it.
base::Error refused_parameter(const std::string& name, const std::string& what, std::string hint);

}  // namespace keyshift::drivers
