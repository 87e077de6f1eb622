// SPDX-License-Identifier: Apache-2.0
// Which replicas of the gateway there are: the URLs of the configuration, the addresses behind a host name,
// Prometheus' files. Not thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "collectors/gateway_metrics/findings.hpp"
#include "collectors/gateway_metrics/target_files.hpp"
#include "config/options/options.hpp"
#include "drivers/http_client/client.hpp"
#include "drivers/http_client/url.hpp"

namespace keyshift::collectors {

struct TargetOptions {
    std::vector<drivers::HttpUrl> urls = {};
    bool each_address = false;  ///< a host name of `urls` stands for as many targets as it has addresses
    std::vector<std::filesystem::path> file_sd = {};
    std::string scheme = "http";  ///< of targets in files
    std::string path = "/metrics";
};

/// "targets", "each_address", "file_sd", "scheme", "path".
TargetOptions read_target_options(config::OptionsReader& options);

struct GatewayTarget {
    std::string name;  ///< "host:port", or the URL where the path is not the usual one; unique
    drivers::HttpUrl url;
    std::optional<std::string> address = {};  ///< to connect to instead of looking up url.host
    /// Port and path, where all its addresses are loopback ones; else empty.
    std::string loopback = {};
};

inline constexpr std::size_t kMostTargets = 10'000;

class GatewayTargets {
 public:
    explicit GatewayTargets(TargetOptions options)
        : options_(std::move(options)), files_(options_.file_sd, options_.scheme, options_.path) {}

    struct Poll {
        std::vector<GatewayTarget> targets;  ///< by name, each address, port and path once
        std::vector<TargetAlias> aliases;    ///< those that are left out for that
        std::vector<DiscoveryFault> hosts;   ///< host names whose addresses are not known now
        std::vector<DiscoveryFault> files;   ///< files whose targets are not known now
        bool whole() const { return hosts.empty() && files.empty(); }
    };
    /// Errors: canceled, other (more than kMostTargets).
    base::Result<Poll> poll(const drivers::HttpClient& client, base::Deadline deadline);

 private:
    struct Host {
        std::vector<std::string> addresses = {};  ///< as last known
        std::optional<std::chrono::steady_clock::time_point> resolved_at = {};
        std::optional<std::chrono::steady_clock::time_point> tried_at = {};
        std::optional<base::Error> error = {};
    };

    /// What the name server says, at most every 30 s, or last said.
    base::Result<Host*> host_of(const std::string& name, const drivers::HttpClient& client,
                                base::Deadline deadline);
    base::Result<std::vector<std::string>> addresses_of(const GatewayTarget& target,
                                                        const drivers::HttpClient& client,
                                                        base::Deadline deadline);
    base::Result<void> leave_out_aliases(const drivers::HttpClient& client, base::Deadline deadline,
                                         Poll& out);
    base::Result<void> add_addresses(const drivers::HttpUrl& url, const drivers::HttpClient& client,
                                     base::Deadline deadline, Poll& out);
    void add(const drivers::HttpUrl& url, std::optional<std::string> address, Poll& out) const;

    TargetOptions options_;
    TargetFiles files_;
    std::map<std::string, Host> hosts_;
};

}  // namespace keyshift::collectors
