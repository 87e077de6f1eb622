// SPDX-License-Identifier: Apache-2.0
// The web configuration file: the format that Prometheus' exporter-toolkit reads, as of July 2026. What it
// takes is taken here, what it refuses is refused; docs/web.md has the few differences. Pure but for
// load_web_file, which touches the disk: safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/secret.hpp"
#include "config/tree/problem.hpp"

namespace keyshift::config {

/// What is asked of a client's certificate: Go's five names.
enum class ClientCertificate : std::uint8_t {
    none,
    request,
    require_any,
    verify_if_given,
    require_and_verify
};

/// `tls_server_config`. A path wins over what is written inline. Relative paths start at the file's
/// directory.
struct WebTls {
    std::filesystem::path certificate_file = {};
    std::filesystem::path key_file = {};
    std::filesystem::path client_ca_file = {};
    std::string certificate = {};  ///< PEM
    base::Secret key = {};         ///< PEM
    std::string client_ca = {};    ///< PEM
    ClientCertificate client_certificate = ClientCertificate::none;
    /// One of these names must be in a client's certificate; empty: any will do. An empty list lets in
    /// nobody.
    std::optional<std::vector<std::string>> allowed_sans = {};
    int min_version = 12;                         ///< 10 to 13 for TLS 1.0 to 1.3; 0: as the library has it
    int max_version = 13;                         ///< likewise
    std::vector<std::string> cipher_suites = {};  ///< by their names in the standards; none: the library's
    std::vector<std::string> curves = {};  ///< by Go's names, in order of preference; none: the library's
    bool prefer_server_cipher_suites = true;
};

/// A bucket of `burst` requests, one more of which comes in each `interval`. An interval of 0 limits nothing,
/// nor does a negative one.
struct WebRateLimit {
    std::int64_t interval_nanoseconds = 0;
    std::int64_t burst = 0;
};

struct WebFile {
    std::optional<WebTls> tls = {};  ///< empty: plain HTTP
    /// Of every answer, unless it has one of that name itself. No value has a line break.
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::map<std::string, base::Secret, std::less<>> users = {};  ///< name to bcrypt hash; none: no login
    WebRateLimit rate_limit = {};
};

struct LoadedWebFile {
    WebFile file;                   ///< to be used only when there are no problems
    std::vector<Problem> problems;  ///< sorted; no secret in them
    std::vector<Problem> warnings;  ///< likewise; what is valid, but hardly meant
};

/// The longest file that is read.
inline constexpr std::size_t kMaxWebFileBytes = std::size_t{1024} * 1024;

/// `file` stands in messages, and relative paths start from its directory.
LoadedWebFile parse_web_file(std::string_view text, const std::filesystem::path& file);

/// The same from the disk. That it cannot be read is a problem.
LoadedWebFile load_web_file(const std::filesystem::path& file);

}  // namespace keyshift::config
