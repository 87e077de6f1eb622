// SPDX-License-Identifier: Apache-2.0
#include "formats/metrics/prometheus_api.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include <simdjson.h>

#include "formats/text/number.hpp"
#include "formats/text/text.hpp"

namespace keyshift::formats {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::size_t kDepth = 32;
constexpr std::size_t kWordsOfServer = 160;

base::Error malformed(std::string_view what) {
    return parse_error("the answer of the Prometheus API " + std::string(what));
}

/// The field of that name; empty optional when it is not there. Fails when it is there twice.
base::Result<std::optional<element>> field(const object& from, std::string_view name) {
    std::optional<element> found;
    for (const simdjson::dom::key_value_pair entry : from) {
        if (entry.key != name) continue;
        if (found) return malformed("has " + in_quotes(name) + " twice");
        found = entry.value;
    }
    return found;
}

/// The field as a T, which must be there.
template <class T>
base::Result<T> required(const object& from, std::string_view name) {
    const auto found = field(from, name);
    if (!found) return found.error();
    T value;
    if (!*found) return malformed("has no " + in_quotes(name));
    if ((*found)->get(value) != simdjson::SUCCESS) return malformed("has a wrong kind of " + in_quotes(name));
    return value;
}

/// The field as a T; `absent` when it is not there.
template <class T>
base::Result<T> optional(const object& from, std::string_view name, T absent) {
    const auto found = field(from, name);
    if (!found) return found.error();
    if (!*found || (*found)->is_null()) return absent;
    return required<T>(from, name);
}

/// [1435781451.781, "1.5"]
base::Result<void> read_point(const array& point, ApiSeries& out) {
    const auto wrong = [] { return malformed("has a value that is not [time, \"number\"]"); };
    if (point.size() != 2) return wrong();
    std::string_view text;
    if (point.at(0).get(out.at_seconds) != simdjson::SUCCESS || !std::isfinite(out.at_seconds))
        return wrong();
    if (point.at(1).get(text) != simdjson::SUCCESS) return wrong();
    const auto value = parse_float(text);
    if (!value) return malformed("has the value " + in_quotes(text) + ", which is not a number");
    out.value = *value;
    return {};
}

base::Result<void> read_labels(const object& metric, ApiSeries& out) {
    for (const simdjson::dom::key_value_pair entry : metric) {
        std::string_view value;
        if (entry.value.get(value) != simdjson::SUCCESS)
            return malformed("has a label " + in_quotes(entry.key) + " that is not a text");
        out.labels.emplace_back(entry.key, value);
    }
    std::sort(out.labels.begin(), out.labels.end());
    const auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
    const auto twice = std::adjacent_find(out.labels.begin(), out.labels.end(), same);
    if (twice != out.labels.end())
        return malformed("has a series with two labels " + in_quotes(twice->first));
    return {};
}

base::Result<ApiSeries> read_series(const element& item) {
    object fields;
    if (item.get(fields) != simdjson::SUCCESS) return malformed("has a series that is not an object");
    const auto histogram = field(fields, "histogram");
    if (!histogram) return histogram.error();
    if (*histogram) return malformed("has a native histogram where a number is needed");
    const auto metric = required<object>(fields, "metric");
    if (!metric) return metric.error();
    const auto value = required<array>(fields, "value");
    if (!value) return value.error();
    ApiSeries out;
    if (const auto read = read_labels(*metric, out); !read) return read.error();
    if (const auto read = read_point(*value, out); !read) return read.error();
    return out;
}

base::Result<void> read_vector(const array& result, ApiAnswer& out) {
    for (const element item : result) {
        auto series = read_series(item);
        if (!series) return series.error();
        out.series.push_back(std::move(*series));
    }
    std::vector<const ApiSeries*> sorted;
    for (const ApiSeries& series : out.series) sorted.push_back(&series);
    std::sort(sorted.begin(), sorted.end(),
              [](const auto* a, const auto* b) { return a->labels < b->labels; });
    const auto same = [](const auto* a, const auto* b) { return a->labels == b->labels; };
    if (std::adjacent_find(sorted.begin(), sorted.end(), same) != sorted.end())
        return malformed("has two series with the same labels");
    return {};
}

base::Result<void> read_data(const object& root, ApiAnswer& out) {
    const auto data = required<object>(root, "data");
    if (!data) return data.error();
    const auto type = required<std::string_view>(*data, "resultType");
    if (!type) return type.error();
    if (*type != "vector" && *type != "scalar")
        return malformed("is a " + in_quotes(*type) + "; the query must give a vector or a scalar");
    const auto result = required<array>(*data, "result");
    if (!result) return result.error();
    out.kind = *type == "scalar" ? ApiAnswer::Kind::scalar : ApiAnswer::Kind::vector;
    if (out.kind == ApiAnswer::Kind::vector) return read_vector(*result, out);
    return read_point(*result, out.series.emplace_back());
}

/// Prometheus puts remarks on the query's text among the warnings, and these say nothing of missing data.
base::Result<void> read_warnings(const object& root, ApiAnswer& out) {
    const auto found = field(root, "warnings");
    if (!found) return found.error();
    if (!*found || (*found)->is_null()) return {};
    const auto warnings = required<array>(root, "warnings");
    if (!warnings) return warnings.error();
    for (const element item : *warnings) {
        std::string_view text;
        if (item.get(text) != simdjson::SUCCESS) return malformed("has a warning that is not a text");
        if (text.starts_with("PromQL info:")) continue;
        out.warnings.push_back(shortened(text, kWordsOfServer));
        out.partial = out.partial || !text.starts_with("PromQL warning:");
    }
    return {};
}

base::Error server_error(const object& root) {
    const auto type = required<std::string_view>(root, "errorType");
    if (!type) return type.error();
    const auto message = optional<std::string_view>(root, "error", {});
    if (!message) return message.error();
    const bool timeout = *type == "timeout";
    return {timeout ? base::Errc::timeout : base::Errc::other,
            "the Prometheus API answers " + shortened(*type, 60) + ": " + shortened(*message, kWordsOfServer),
            timeout ? "ask for less, or raise the server's query timeout" : ""};
}

}  // namespace

std::string_view ApiSeries::label(std::string_view name) const {
    for (const auto& [key, text] : labels)
        if (key == name) return text;
    return {};
}

base::Result<ApiAnswer> parse_api_answer(std::string_view body) {
    simdjson::dom::parser parser;
    element document;
    object root;
    if (parser.allocate(std::max<std::size_t>(body.size(), 64), kDepth) != simdjson::SUCCESS)
        return malformed("is too large");
    const auto code = parser.parse(body.data(), body.size()).get(document);
    const std::string reason = simdjson::error_message(code);
    if (code != simdjson::SUCCESS) return malformed("is not JSON (" + reason + "): " + in_quotes(body));
    if (document.get(root) != simdjson::SUCCESS) return malformed("is not a JSON object: " + in_quotes(body));
    const auto status = required<std::string_view>(root, "status");
    if (!status) return status.error();
    if (*status == "error") return server_error(root);
    if (*status != "success") return malformed("has the status " + in_quotes(*status));
    ApiAnswer out;
    const auto partial = optional(root, "isPartial", false);
    if (!partial) return partial.error();
    out.partial = *partial;
    if (const auto read = read_data(root, out); !read) return read.error();
    if (const auto read = read_warnings(root, out); !read) return read.error();
    return out;
}

}  // namespace keyshift::formats
