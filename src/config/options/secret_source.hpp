// SPDX-License-Identifier: Apache-2.0
// Where a secret comes from, so that it can be read again: a password may be rotated while the daemon runs.
// A value: safe to copy between threads; read() is safe from any of them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "base/error.hpp"
#include "base/secret.hpp"

namespace keyshift::config {

/// No secret file may be larger.
inline constexpr std::size_t kMaxSecretBytes = 64UL * 1024;

class SecretSource {
 public:
    /// No source: read() fails.
    SecretSource() = default;

    /// A secret that cannot change while the process runs. `origin` says in print where it was found.
    static SecretSource value(base::Secret secret, std::string origin);
    /// A file, read again at every read().
    static SecretSource file(std::filesystem::path file, std::string origin);

    /// The secret as it is now: call it before every connect. One newline at the end is dropped.
    /// Fails with Errc::config when there is no source, or the file cannot be read, is empty, is larger than
    /// kMaxSecretBytes or holds a NUL byte; the message names the file, never what is in it.
    base::Result<base::Secret> read() const;

    /// "database_url", "database_url_file /run/secrets/db", "the environment variable DATABASE_URL":
    /// printable.
    const std::string& origin() const { return origin_; }
    bool given() const { return !origin_.empty(); }

 private:
    base::Secret value_;
    std::filesystem::path file_;
    std::string origin_;
};

}  // namespace keyshift::config
