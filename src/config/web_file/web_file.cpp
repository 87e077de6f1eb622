// SPDX-License-Identifier: Apache-2.0
#include "config/web_file/web_file.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "config/tree/file.hpp"
#include "config/tree/text.hpp"
#include "config/tree/yaml.hpp"
#include "config/web_file/go_values.hpp"
#include "config/web_file/section.hpp"
#include "config/web_file/tls_section.hpp"
#include "config/web_file/users_section.hpp"

namespace keyshift::config {
namespace {

struct AllowedHeader {
    std::string_view name;
    std::vector<std::string> values;  // none: any
};

const std::array<AllowedHeader, 5> kAllowedHeaders{{{"Strict-Transport-Security", {}},
                                                    {"X-Content-Type-Options", {"nosniff"}},
                                                    {"X-Frame-Options", {"deny", "sameorigin"}},
                                                    {"X-XSS-Protection", {}},
                                                    {"Content-Security-Policy", {}}}};

std::string names_of_headers() {
    std::vector<std::string> names;
    for (const AllowedHeader& header : kAllowedHeaders) names.emplace_back(header.name);
    return joined(names);
}

/// A header has one line.
std::string on_one_line(std::string value) {
    std::ranges::replace_if(value, [](char c) { return c == '\n' || c == '\r'; }, ' ');
    const std::size_t end = value.find_last_not_of(" \t");
    value.resize(end == std::string::npos ? 0 : end + 1);
    return value;
}

std::vector<std::pair<std::string, std::string>> read_headers(WebSection section) {
    std::vector<std::pair<std::string, std::string>> out;
    for (const Entry& entry : section.entries()) {
        const auto* const allowed = std::ranges::find(kAllowedHeaders, entry.key, &AllowedHeader::name);
        if (allowed == kAllowedHeaders.end()) {
            section.problem(entry.value, is_plain_key(entry.key) ? entry.key : "", "cannot be configured",
                            "use one of " + names_of_headers());
            continue;
        }
        const auto value = go_text(entry.value);
        if (!value) {
            section.problem(entry.key, "is not a text", "write one value behind the colon");
        } else if (!allowed->values.empty() &&
                   std::ranges::find(allowed->values, *value) == allowed->values.end()) {
            section.problem(entry.key, "has a value that is not allowed",
                            "use " + joined(allowed->values, " or "));
        } else if (std::string line = on_one_line(*value); !line.empty()) {
            out.emplace_back(entry.key, std::move(line));
        }
    }
    return out;
}

struct HttpSection {
    bool http2 = true;
    std::vector<std::pair<std::string, std::string>> headers;
};

HttpSection read_http(WebSection section) {
    HttpSection http;
    http.http2 = section.boolean("http2", !section.is_null());
    if (section.has("http2") && http.http2)
        section.warning("http2", "is on, but only HTTP/1.1 is spoken here",
                        "leave it as it is, or turn it off");
    http.headers = read_headers(section.section("headers"));
    section.refuse_unknown();
    return http;
}

WebRateLimit read_rate_limit(WebSection section) {
    WebRateLimit limit;
    limit.burst = section.integer("burst");
    limit.interval_nanoseconds = section.nanoseconds("interval");
    section.refuse_unknown();
    if (limit.interval_nanoseconds > 0 && limit.burst < 1)
        section.warning("burst", "is below 1: every request is refused", "give at least 1");
    return limit;
}

std::string_view without_byte_order_mark(std::string_view text) {
    return text.starts_with("\xEF\xBB\xBF") ? text.substr(3) : text;
}

/// Empty where it is not even YAML, or no mapping.
void read_root(const TreeNode& root, const std::filesystem::path& file, WebFile& out,
               WebSection::Found& found) {
    WebSection whole(&root, "", found);
    WebSection tls = whole.section("tls_server_config");
    HttpSection http = read_http(whole.section("http_server_config"));
    out.headers = std::move(http.headers);
    out.tls = read_web_tls(std::move(tls), file.parent_path(), http.http2);
    out.rate_limit = read_rate_limit(whole.section("rate_limit"));
    out.users = read_web_users(whole.section("basic_auth_users"));
    whole.refuse_unknown();
    if (!out.users.empty() && !out.tls) {
        whole.warning("basic_auth_users",
                      "sends passwords over the network for anybody to read, since TLS is off",
                      "give tls_server_config, or let a proxy on this host do TLS");
    }
}

}  // namespace

LoadedWebFile parse_web_file(std::string_view text, const std::filesystem::path& file) {
    LoadedWebFile loaded;
    WebSection::Found found;
    const auto root = parse_yaml(without_byte_order_mark(text), found.problems, Aliases::taken);
    if (root) read_root(*root, file, loaded.file, found);
    for (auto* const list : {&found.problems, &found.warnings})
        for (Problem& problem : *list) problem.file = file.native();
    sort_problems(found.problems);
    sort_problems(found.warnings);
    loaded.problems = std::move(found.problems);
    loaded.warnings = std::move(found.warnings);
    return loaded;
}

LoadedWebFile load_web_file(const std::filesystem::path& file) {
    const auto text = read_small_file(file, kMaxWebFileBytes);
    if (text) return parse_web_file(*text, file);
    LoadedWebFile loaded;
    loaded.problems.push_back({file.native(), {}, "", text.error().what, text.error().hint});
    return loaded;
}

}  // namespace keyshift::config
