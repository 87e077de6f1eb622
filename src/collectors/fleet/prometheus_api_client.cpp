// SPDX-License-Identifier: Apache-2.0
#include "collectors/fleet/prometheus_api_client.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/ascii.hpp"
#include "base/utf8.hpp"

namespace keyshift::collectors {
namespace {

using base::Deadline;
using base::Duration;
using base::Errc;
using base::Error;
using base::Result;
using base::Time;
using drivers::HttpResponse;

/// A fleet of thousands of hosts is far below that.
constexpr std::size_t kAnswerBytes = std::size_t{8} * 1024 * 1024;
constexpr std::size_t kAtOnce = 16;
constexpr std::size_t kWords = 200;

/// The first line of a body that people are to read.
std::string words(const std::string& body) {
    const std::string line = body.substr(0, std::min(body.find_first_of("\r\n"), kWords));
    return line.empty() || line.front() == '<' ? "" : ": " + base::escape_unsafe(line);
}

Error refused(const HttpResponse& response, const std::string& url) {
    return {Errc::auth, url + " answers HTTP " + std::to_string(response.status) + words(response.body),
            "look at bearer_token_file, basic_auth, tls and tenant"};
}

std::optional<Error> error_by_status(const HttpResponse& response, const std::string& url) {
    const int status = response.status;
    if (status == 200) return std::nullopt;
    if (status == 401 || status == 403) return refused(response, url);
    const std::string answers = url + " answers HTTP " + std::to_string(status);
    if (status >= 300 && status < 400)
        return Error{Errc::other, answers + ", a redirection", "give the address it leads to as url"};
    if (status == 404 || status == 405) {
        return Error{Errc::other, answers + ": no Prometheus API is there",
                     "url is what stands before /api/v1, such as https://mimir.example/prometheus"};
    }
    if (status == 429 || status == 504)
        return Error{Errc::timeout, answers + words(response.body), "ask less often: raise interval"};
    if (status >= 500) return Error{Errc::connect, answers + words(response.body), "look at the server"};
    return Error{Errc::other, answers + words(response.body), {}};
}

}  // namespace

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const bool plain =
            base::is_alphanumeric(c) || std::string_view("-._~").find(c) != std::string_view::npos;
        if (plain) {
            out += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out += {'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
        }
    }
    return out;
}

std::string api_time(Time at) {
    const auto ms = std::chrono::floor<std::chrono::milliseconds>(at).time_since_epoch().count();
    const std::string fraction = std::to_string(ms % 1000);
    return std::to_string(ms / 1000) + '.' + std::string(3 - fraction.size(), '0') + fraction;
}

std::string api_target(const drivers::HttpUrl& base, std::string_view path, std::string_view query) {
    std::string prefix = base.target.substr(0, base.target.find('?'));
    while (!prefix.empty() && prefix.back() == '/') prefix.pop_back();
    std::string own =
        base.target.find('?') == std::string::npos ? "" : base.target.substr(base.target.find('?') + 1);
    if (!own.empty() && !query.empty()) own += '&';
    own += query;
    return prefix + "/api/v1/" + std::string(path) + (own.empty() ? "" : "?") + own;
}

Result<formats::ApiAnswer> read_api_answer(const HttpResponse& response, const std::string& url) {
    const auto by_status = error_by_status(response, url);
    if (!by_status) return formats::parse_api_answer(response.body);
    if (by_status->code == Errc::auth) return *by_status;
    // Its own words say more than the status, where there are any.
    const auto answer = formats::parse_api_answer(response.body);
    if (answer || answer.error().code == Errc::parse) return *by_status;
    Error error = answer.error();
    if (error.code != Errc::timeout && response.status >= 500) error.code = Errc::connect;
    return error;
}

std::vector<Result<HttpResponse>> PrometheusApiClient::get(const std::vector<std::string>& targets,
                                                           Deadline deadline) const {
    std::vector<Result<HttpResponse>> out(targets.size(), Error{Errc::other, "was not asked", {}});
    auto headers = server_.http.headers();
    if (!headers) {
        std::fill(out.begin(), out.end(), headers.error());
        return out;
    }
    if (!server_.tenant.empty()) headers->push_back({"X-Scope-OrgID", base::Secret(server_.tenant)});
    std::vector<drivers::HttpRequest> requests;
    for (const std::string& target : targets) {
        drivers::HttpRequest request{
            .url = server_.url, .headers = *headers, .accept = "application/json", .tls = server_.http.tls};
        request.url.target = target;
        requests.push_back(std::move(request));
    }
    const drivers::HttpLimits limits{.body_bytes = kAnswerBytes, .at_once = kAtOnce, .each = deadline.left()};
    client_.send_all(requests, limits, deadline,
                     [&out](std::size_t i, Result<HttpResponse> result) { out.at(i) = std::move(result); });
    return out;
}

Result<Time> PrometheusApiClient::now(Deadline deadline) const {
    const auto response = get({api_target(server_.url, "query", "query=time%28%29")}, deadline).front();
    if (!response) return response.error();
    const auto answer = read_api_answer(*response, url());
    if (!answer) return answer.error();
    // A scalar, but VictoriaMetrics knows none.
    const bool one = answer->series.size() == 1;
    // Up to the year 9999, beyond which nothing here can count.
    if (!one || !(answer->series.front().value > 0 && answer->series.front().value < 253402300800.0))
        return Error{Errc::parse, url() + " does not say what time it is when asked for time()", {}};
    return Time{Duration{static_cast<std::int64_t>(std::floor(answer->series.front().value * 1e3)) * 1000}};
}

std::vector<Result<formats::ApiAnswer>> PrometheusApiClient::ask(const std::vector<std::string>& queries,
                                                                 Time at, Deadline deadline) const {
    std::vector<std::string> targets;
    targets.reserve(queries.size());
    for (const std::string& query : queries) {
        targets.push_back(
            api_target(server_.url, "query", "time=" + api_time(at) + "&query=" + percent_encoded(query)));
    }
    std::vector<Result<formats::ApiAnswer>> answers;
    for (const auto& response : get(targets, deadline)) {
        if (response) {
            answers.push_back(read_api_answer(*response, url()));
        } else {
            answers.emplace_back(response.error());
        }
    }
    return answers;
}

std::string PrometheusApiClient::version(Deadline deadline) const {
    const auto response = get({api_target(server_.url, "status/buildinfo", "")}, deadline).front();
    if (!response || response->status != 200) return {};
    constexpr std::string_view kKey = "\"version\":\"";
    const std::size_t begin = response->body.find(kKey);
    if (begin == std::string::npos) return {};
    const std::size_t value = begin + kKey.size();
    const std::size_t end = response->body.find('"', value);
    if (end == std::string::npos || end - value > 60) return {};
    return base::escape_unsafe(response->body.substr(value, end - value));
}

}  // namespace keyshift::collectors
