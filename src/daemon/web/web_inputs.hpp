// SPDX-License-Identifier: Apache-2.0
// The web configuration as the server uses it: the file, and the certificates and keys that it names, read
// and judged together. Reads files; any thread.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "base/time.hpp"
#include "config/tree/problem.hpp"
#include "config/web_file/web_file.hpp"
#include "http/tls/tls_context.hpp"

namespace keyshift::daemon {

struct WebInputs {
    /// Without `tls`, whose certificates and keys are in `context`.
    config::WebFile file;
    std::shared_ptr<const http::TlsContext> context;  ///< null: plain HTTP
    /// Certificates, keys and authorities that the file names, which may change by themselves.
    std::vector<std::filesystem::path> files;
    std::vector<std::filesystem::path> secret_files;  ///< of them, those with a key
    std::vector<config::Problem> problems;  ///< not empty: the rest is not to be used; no secret in them
    std::vector<config::Problem> warnings;  ///< what is valid, but hardly meant, or not for long
};

/// Never throws for what a file holds.
WebInputs read_web_inputs(const std::filesystem::path& file, base::Time now);

}  // namespace keyshift::daemon
