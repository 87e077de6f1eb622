// SPDX-License-Identifier: Apache-2.0
#include "collectors/gateway_metrics/targets.hpp"

#include <algorithm>
#include <map>
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

/// One way to write each address; an IPv4 address in IPv6 is that.
std::string canonical(const std::string& address) {
    in6_addr six{};
    in_addr four{};
    char text[INET6_ADDRSTRLEN];
    if (::inet_pton(AF_INET, address.c_str(), &four) == 1)
        return ::inet_ntop(AF_INET, &four, text, sizeof text);
    if (::inet_pton(AF_INET6, address.c_str(), &six) != 1) return address;
    if (!IN6_IS_ADDR_V4MAPPED(&six)) return ::inet_ntop(AF_INET6, &six, text, sizeof text);
    return ::inet_ntop(AF_INET, &six.s6_addr[12], text, sizeof text);
}

/// The two that localhost stands for.
bool is_loopback(const std::string& address) {
    const std::string plain = canonical(address);
    return plain == "::1" || plain == "127.0.0.1";
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

Result<GatewayTargets::Poll> GatewayTargets::poll(const drivers::HttpClient& client,
                                                  base::Deadline deadline) {
    Poll out;
    for (const HttpUrl& url : options_.urls) {
        if (!options_.each_address || is_address(url.host)) {
            add(url, std::nullopt, out);
        } else if (auto added = add_addresses(url, client, deadline, out); !added) {
            return added.error();
        }
    }
    auto files = files_.poll();
    out.files = std::move(files.faults);
    for (const HttpUrl& url : files.targets) add(url, std::nullopt, out);
    std::ranges::stable_sort(out.targets, {}, &GatewayTarget::name);
    const auto same = [](const auto& a, const auto& b) { return a.name == b.name; };
    out.targets.erase(std::unique(out.targets.begin(), out.targets.end(), same), out.targets.end());
    if (out.targets.size() > kMostTargets) {
        return Error{Errc::other, "there are more than " + std::to_string(kMostTargets) + " targets",
                     "keep to the gateway's replicas"};
    }
    if (auto left = leave_out_aliases(client, deadline, out); !left) return left.error();
    return out;
}

/// Those with fewest addresses stay: a name that has several is left out only where each of them is read.
Result<void> GatewayTargets::leave_out_aliases(const drivers::HttpClient& client, base::Deadline deadline,
                                               Poll& out) {
    struct Places {
        std::size_t target;
        std::set<std::string> at;  // address, port and path
    };
    std::vector<Places> all;
    for (std::size_t i = 0; i < out.targets.size(); ++i) {
        GatewayTarget& target = out.targets[i];
        const auto addresses = addresses_of(target, client, deadline);
        if (!addresses) return addresses.error();
        const std::string door = " " + target.url.port + " " + target.url.target;
        std::set<std::string> at;
        for (const std::string& address : *addresses) at.insert(canonical(address) + door);
        const bool here = !addresses->empty() && std::ranges::all_of(*addresses, is_loopback);
        if (here) target.loopback = target.url.port + target.url.target;
        all.push_back({i, std::move(at)});
    }
    std::ranges::stable_sort(all, {}, [](const Places& places) { return places.at.size(); });
    std::map<std::string, std::size_t> first;  // who is read at each place
    std::vector<bool> left_out(out.targets.size());
    for (const Places& places : all) {
        const bool known =
            !places.at.empty() &&
            std::ranges::all_of(places.at, [&](const std::string& place) { return first.count(place) > 0; });
        if (known) {
            left_out[places.target] = true;
            out.aliases.push_back(
                {out.targets[places.target].name, out.targets[first.at(*places.at.begin())].name});
        }
        for (const std::string& place : places.at) first.emplace(place, places.target);
    }
    std::size_t at = 0;
    std::erase_if(out.targets, [&](const GatewayTarget&) { return left_out[at++]; });
    return {};
}

/// Empty: not known.
Result<std::vector<std::string>> GatewayTargets::addresses_of(const GatewayTarget& target,
                                                              const drivers::HttpClient& client,
                                                              base::Deadline deadline) {
    if (target.address) return std::vector{*target.address};
    if (is_address(target.url.host)) return std::vector{target.url.host};
    // Only to find aliases: a name server that does not answer is not asked at each poll.
    const Host& known = hosts_[target.url.host];
    const bool tried = known.tried_at && Clock::now() - *known.tried_at < kResolveEvery;
    if (tried || deadline.passed()) return known.addresses;
    const auto host = host_of(target.url.host, client, deadline);
    if (!host) return host.error();
    return (*host)->addresses;
}

Result<GatewayTargets::Host*> GatewayTargets::host_of(const std::string& name,
                                                      const drivers::HttpClient& client,
                                                      base::Deadline deadline) {
    Host& host = hosts_[name];
    if (!host.error && host.resolved_at && Clock::now() - *host.resolved_at < kResolveEvery) return &host;
    host.tried_at = Clock::now();
    auto addresses = client.resolve(name, deadline);
    if (!addresses && addresses.error().code == Errc::canceled) return addresses.error();
    host.error.reset();
    if (addresses) {
        host.addresses = *std::move(addresses);
        host.resolved_at = Clock::now();
    } else {
        host.error = addresses.error();
    }
    return &host;
}

/// When the name server does not answer, the addresses are taken as they were.
Result<void> GatewayTargets::add_addresses(const HttpUrl& url, const drivers::HttpClient& client,
                                           base::Deadline deadline, Poll& out) {
    const auto found = host_of(url.host, client, deadline);
    if (!found) return found.error();
    const Host& host = **found;
    if (host.error) out.hosts.push_back({name_of(url, options_.path, url.host), *host.error});
    for (const std::string& address : host.addresses) add(url, address, out);
    return {};
}

void GatewayTargets::add(const HttpUrl& url, std::optional<std::string> address, Poll& out) const {
    std::string name = name_of(url, options_.path, address.value_or(url.host));
    out.targets.push_back({std::move(name), url, std::move(address)});
}

}  // namespace keyshift::collectors
