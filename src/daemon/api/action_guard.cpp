// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/action_guard.hpp"

#include <string>

#include <boost/asio/ip/address.hpp>

#include "base/ascii.hpp"
#include "daemon/api/access.hpp"
#include "http/problem.hpp"

namespace keyshift::daemon {
namespace {

using http::Request;
using http::Response;

constexpr int kForbidden = 403;
constexpr int kMisdirectedRequest = 421;
constexpr int kWrongType = 415;

/// "https://host:443" and "https://HOST/path" as "https://host".
std::string origin_of(std::string_view url) {
    std::string out = base::lower(url);
    const std::size_t host = out.find("://");
    if (host == std::string::npos) return out;
    out.resize(std::min(out.find('/', host + 3), out.size()));
    const std::string_view usual = out.starts_with("https:") ? ":443" : ":80";
    if (out.ends_with(usual)) out.resize(out.size() - usual.size());
    return out;
}

std::string asked_origin(const Request& request) {
    return origin_of((request.secure ? "https://" : "http://") + std::string(request.host));
}

/// No name that somebody else may let lead here.
bool is_address_or_localhost(std::string_view host) {
    if (names_this_host(host)) return true;
    std::string name(host);
    if (name.starts_with('[')) {
        name = name.substr(1, name.find(']') - 1);
    } else {
        name.resize(std::min(name.find(':'), name.size()));
    }
    boost::system::error_code bad;
    boost::asio::ip::make_address(name, bad);
    return !bad;
}

bool is_for_external_url(const config::Web& web, const Request& request) {
    if (web.paths.external_url.empty()) return false;
    const std::string external = origin_of(web.paths.external_url);
    const std::string host = external.substr(external.find("://") + 3);
    // Through a proxy the host is what the proxy makes of it.
    return origin_of(request.origin) == external ||
           origin_of("https://" + std::string(request.host)) == "https://" + host ||
           origin_of("http://" + std::string(request.host)) == "http://" + host;
}

std::optional<Response> refuse_caller(const config::Web& web, const Request& request) {
    if (request.transport == http::Transport::local)
        return http::problem(kForbidden, "Here decide keyshift's commands: keyshift pair, ack, mark.");
    if (!web.actions)
        return http::problem(kForbidden, "web.actions is off: decide by keyshift's commands on its host.");
    if (request.user.empty())
        return http::problem(kForbidden,
                             "web.actions is on, but nobody has logged in: it wants basic_auth_users in the "
                             "file of --web.config.file.");
    return std::nullopt;
}

bool is_json(std::string_view type) {
    constexpr std::string_view kJson = "application/json";
    if (!base::equals_ignoring_case(type.substr(0, kJson.size()), kJson)) return false;
    std::string_view rest = type.substr(kJson.size());
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    if (rest.empty()) return true;
    if (!rest.starts_with(';')) return false;
    rest.remove_prefix(1);
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    return base::equals_ignoring_case(rest, "charset=utf-8");
}

std::optional<Response> refuse_content(const Request& request) {
    if (request.action != "1")
        return http::problem(kForbidden, "What decides has the header X-Keyshift-Action: 1.");
    // A DELETE has nothing to say.
    const bool has_body = request.method != http::Method::del || !request.body.empty();
    if (has_body && !is_json(request.content_type))
        return http::problem(kWrongType, "What decides has the Content-Type application/json.");
    return std::nullopt;
}

}  // namespace

bool is_own_origin(const config::Web& web, const Request& request) {
    const std::string origin = origin_of(request.origin);
    if (!web.paths.external_url.empty() && origin == origin_of(web.paths.external_url)) return true;
    return is_address_or_localhost(request.host) && origin == asked_origin(request);
}

std::optional<Response> refuse_action(const config::Web& web, const Request& request) {
    if (auto refused = refuse_caller(web, request)) return refused;
    if (auto refused = refuse_content(request)) return refused;
    const std::string_view site = request.sec_fetch_site;
    if (!site.empty() && site != "same-origin" && site != "none")
        return http::problem(kForbidden, "A page of another site decides nothing here.");
    if (!is_address_or_localhost(request.host) && !is_for_external_url(web, request)) {
        return http::problem(kMisdirectedRequest,
                             "Ask by address, or by the name in web.external_url: another name may be "
                             "somebody else's.");
    }
    if (!request.origin.empty() && !is_own_origin(web, request))
        return http::problem(kForbidden, "A page of another origin decides nothing here.");
    return std::nullopt;
}

}  // namespace keyshift::daemon
