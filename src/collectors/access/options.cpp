// SPDX-License-Identifier: Apache-2.0
#include "collectors/access/options.hpp"

#include <optional>
#include <utility>

#include "formats/access/template.hpp"

namespace keyshift::collectors {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using formats::AccessTemplate;
using formats::NginxEscape;

enum class Format { nginx_combined, nginx, traefik_clf, traefik_json, caddy_json, haproxy_http, ltsv };

Result<std::string> parse_prefix(std::string_view text) {
    if (!text.starts_with('/'))
        return Error{Errc::config, "is not the beginning of a path", "write it like /v1/"};
    if (text.find_first_of("?#*") != std::string_view::npos)
        return Error{Errc::config, "has more than the beginning of a path in it",
                     "write how the path begins, without ?, # and *"};
    return std::string(text);
}

using Reader = std::unique_ptr<formats::AccessReader>;
using MakeReader = std::function<Reader()>;

/// With format: nginx; what is given for nothing is a problem.
MakeReader read_nginx(config::OptionsReader& reader, Format format) {
    const auto escape = reader.choice<NginxEscape>(
        "escape",
        {{"default", NginxEscape::standard}, {"json", NginxEscape::json}, {"none", NginxEscape::none}},
        NginxEscape::standard);
    bool given = false;
    const auto made =
        reader.parsed_or_null<AccessTemplate>("log_format", std::nullopt, "null", [&](auto text) {
            given = true;
            return AccessTemplate::parse(text, escape);
        });
    if (format == Format::nginx && !reader.has("log_format"))
        reader.problem("log_format", "is not given", "give what stands in nginx's log_format");
    if (format != Format::nginx && given)
        reader.problem("log_format", "is of no use here", "set format: nginx, or remove it");
    if (format != Format::nginx && escape != NginxEscape::standard)
        reader.problem("escape", "is of no use here", "set format: nginx, or remove it");
    if (!made) return {};
    return [format = *made] { return formats::make_template_reader(format); };
}

MakeReader read_format(config::OptionsReader& reader) {
    const auto format = reader.choice<Format>("format",
                                              {{"nginx_combined", Format::nginx_combined},
                                               {"nginx", Format::nginx},
                                               {"traefik_clf", Format::traefik_clf},
                                               {"traefik_json", Format::traefik_json},
                                               {"caddy_json", Format::caddy_json},
                                               {"haproxy_http", Format::haproxy_http},
                                               {"ltsv", Format::ltsv}},
                                              Format::nginx_combined);
    MakeReader nginx = read_nginx(reader, format);
    switch (format) {
        case Format::nginx:
            return nginx;
        case Format::traefik_clf:
            return formats::make_traefik_clf_reader;
        case Format::traefik_json:
            return formats::make_traefik_json_reader;
        case Format::caddy_json:
            return formats::make_caddy_json_reader;
        case Format::haproxy_http:
            return formats::make_haproxy_reader;
        case Format::ltsv:
            return formats::make_ltsv_reader;
        case Format::nginx_combined:
            break;
    }
    return formats::make_combined_reader;
}

void read_clients(config::OptionsReader& reader, AccessOptions& options) {
    options.client = reader.choice<ClientField>(
        "client", {{"remote_addr", ClientField::peer}, {"x_forwarded_for", ClientField::forwarded}},
        ClientField::peer);
    options.trusted_proxies = reader.parsed_list_or_null<TrustedProxy>("trusted_proxies", TrustedProxy::parse)
                                  .value_or(std::vector<TrustedProxy>());
    options.clients = read_client_options(reader);
    if (options.client == ClientField::forwarded && !reader.has_value("trusted_proxies"))
        reader.problem("client", "needs to know whose X-Forwarded-For to believe",
                       "give the proxies' addresses as trusted_proxies");
    if (options.client == ClientField::forwarded && options.make_reader &&
        !options.make_reader()->tells().forwarded)
        reader.problem("client", "needs a log that has X-Forwarded-For",
                       "log $http_x_forwarded_for with format: nginx, or set client: remote_addr");
    if (options.client == ClientField::peer && !options.trusted_proxies.empty())
        reader.problem("trusted_proxies", "is of no use here", "set client: x_forwarded_for, or remove it");
}

}  // namespace

AccessOptions read_access_options(config::OptionsReader& reader) {
    AccessOptions options;
    options.input = read_log_input(reader);
    options.make_reader = read_format(reader);
    options.paths =
        reader.parsed_list_or_null<std::string>("paths", parse_prefix).value_or(std::vector<std::string>());
    options.failures = read_failure_rules(reader);
    read_clients(reader, options);
    if (!options.make_reader) options.make_reader = formats::make_combined_reader;
    return options;
}

}  // namespace keyshift::collectors
