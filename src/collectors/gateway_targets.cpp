// SPDX-License-Identifier: Apache-2.0
#include "collectors/gateway_targets.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace keyshift::collectors {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using drivers::HttpUrl;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kResolveEvery = 30s;

bool is_address(const std::string& host) {
    in6_addr room{};
    return ::inet_pton(AF_INET, host.c_str(), &room) == 1 || ::inet_pton(AF_INET6, host.c_str(), &room) == 1;
}

/// As Prometheus' label `instance`, the port always in it.
std::string instance(const std::string& host, const std::string& port) {
    return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + port;
}

std::string name_of(const HttpUrl& url, const std::string& path, const std::string& host) {
    std::string at = instance(host, url.port);
    if (url.target == path) return at;
    return (url.tls ? "https://" : "http://") + at + url.target.substr(0, url.target.find('?'));
}

Result<std::string> parse_path(std::string_view text) {
    // What can stand in a URL behind a host can stand here.
    if (text.starts_with('/') && HttpUrl::parse("http://host" + std::string(text))) return std::string(text);
    return Error{Errc::config, "is not the path of a URL", "write it like /metrics"};
}

}  // namespace

TargetOptions read_target_options(config::OptionsReader& options) {
    TargetOptions out;
    out.path = options.parsed<std::string>("path", out.path, out.path, parse_path);
    out.urls = options.parsed_list<HttpUrl>("targets", {}, "null", HttpUrl::parse);
    for (HttpUrl& url : out.urls) {
        if (url.target != "/") continue;
        url.target = out.path;
        url.printable += out.path.substr(1, out.path.find('?') - 1);
    }
    out.each_address =
        options.choice<bool>("each_address", {{"false", false}, {"true", true}}, out.each_address);
    out.file_sd = options.paths("file_sd");
    out.scheme = options.choice<std::string>("scheme", {{"http", "http"}, {"https", "https"}}, out.scheme);
    for (const auto& pattern : out.file_sd) {
        if (const auto good = TargetFiles::check(pattern); !good)
            options.problem("file_sd", good.error().what, good.error().hint);
    }
    if (!options.has("targets") && !options.has("file_sd"))
        options.problem("targets", "is not given", "give the URLs of all replicas' metrics, or file_sd");
    std::set<std::string> names;
    for (const HttpUrl& url : out.urls) {
        if (!names.insert(name_of(url, out.path, url.host)).second)
            options.problem("targets", "names a target twice", "remove one");
    }
    return out;
}

Result<GatewayTargets::Look> GatewayTargets::look(const drivers::HttpClient& client,
                                                  base::Deadline deadline) {
    Look out;
    for (const HttpUrl& url : options_.urls) {
        if (!options_.each_address || is_address(url.host)) {
            add(url, std::nullopt, out);
        } else if (auto added = add_addresses(url, client, deadline, out); !added) {
            return added.error();
        }
    }
    auto files = files_.look();
    out.files = std::move(files.faults);
    for (const HttpUrl& url : files.targets) add(url, std::nullopt, out);
    std::ranges::stable_sort(out.targets, {}, &GatewayTarget::name);
    const auto same = [](const auto& a, const auto& b) { return a.name == b.name; };
    out.targets.erase(std::unique(out.targets.begin(), out.targets.end(), same), out.targets.end());
    if (out.targets.size() > kMostTargets) {
        return Error{Errc::other, "there are more than " + std::to_string(kMostTargets) + " targets",
                     "keep to the gateway's replicas"};
    }
    return out;
}

/// When the name server does not answer, the addresses are taken as they were.
Result<void> GatewayTargets::add_addresses(const HttpUrl& url, const drivers::HttpClient& client,
                                           base::Deadline deadline, Look& out) {
    Host& host = hosts_[url.host];
    if (host.error || !host.resolved_at || Clock::now() - *host.resolved_at >= kResolveEvery) {
        auto addresses = client.resolve(url.host, deadline);
        if (!addresses && addresses.error().code == Errc::canceled) return addresses.error();
        host.error.reset();
        if (addresses) {
            host.addresses = *std::move(addresses);
            host.resolved_at = Clock::now();
        } else {
            host.error = addresses.error();
        }
    }
    if (host.error) out.hosts.push_back({name_of(url, options_.path, url.host), *host.error});
    for (const std::string& address : host.addresses) add(url, address, out);
    return {};
}

void GatewayTargets::add(const HttpUrl& url, std::optional<std::string> address, Look& out) const {
    std::string name = name_of(url, options_.path, address.value_or(url.host));
    out.targets.push_back({std::move(name), url, std::move(address)});
}

}  // namespace keyshift::collectors
