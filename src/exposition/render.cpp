// SPDX-License-Identifier: Apache-2.0
#include "exposition/render.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <ostream>
#include <string_view>

namespace keyshift::exposition {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

/// What a series takes on a page, with its share of the comment lines.
constexpr std::size_t kUsualBytes = 160;

/// Text 0.0.4 leaves a quotation mark in HELP alone; OpenMetrics escapes it everywhere.
enum class Quote : std::uint8_t { plain, escaped };

void append_escaped(std::string& out, std::string_view text, Quote quote) {
    const std::string_view special = quote == Quote::escaped ? "\\\n\"" : "\\\n";
    while (true) {
        const std::size_t plain = text.find_first_of(special);
        out += text.substr(0, plain);
        if (plain == std::string_view::npos) return;
        out += '\\';
        out += text[plain] == '\n' ? 'n' : text[plain];
        text.remove_prefix(plain + 1);
    }
}

void append_integer(std::string& out, std::uint64_t value) {
    std::array<char, 24> text{};
    const auto [end, ec] = std::to_chars(text.data(), text.data() + text.size(), value);
    out.append(text.data(), end);
}

/// Always with a point or an exponent, in both dialects: a bucket's identity must not depend on the dialect.
void append_bound(std::string& out, double bound) {
    const std::size_t begin = out.size();
    append_number(out, bound);
    if (out.find_first_not_of("-0123456789", begin) == std::string::npos) out += ".0";
}

void append_labels(std::string& out, const std::vector<ClientMetric::Label>& labels) {
    char separator = '{';
    for (const ClientMetric::Label& label : labels) {
        out += separator;
        out += label.name;
        out += "=\"";
        append_escaped(out, label.value, Quote::escaped);
        out += '"';
        separator = ',';
    }
    if (!labels.empty()) out += '}';
}

void append_bucket(std::string& out, const MetricFamily& family, const ClientMetric& metric, double bound,
                   std::uint64_t cumulative) {
    out += family.name;
    out += "_bucket";
    append_labels(out, metric.label);
    if (metric.label.empty()) {
        out += '{';
    } else {
        out.back() = ',';
    }
    out += "le=\"";
    append_bound(out, bound);
    out += "\"} ";
    append_integer(out, cumulative);
    out += '\n';
}

void append_series(std::string& out, const MetricFamily& family, const ClientMetric& metric,
                   std::string_view suffix) {
    out.append(family.name).append(suffix);
    append_labels(out, metric.label);
    out += ' ';
}

void append_histogram(std::string& out, const MetricFamily& family, const ClientMetric& metric) {
    const ClientMetric::Histogram& histogram = metric.histogram;
    for (const ClientMetric::Bucket& bucket : histogram.bucket) {
        if (bucket.upper_bound == HUGE_VAL) break;
        append_bucket(out, family, metric, bucket.upper_bound, bucket.cumulative_count);
    }
    append_bucket(out, family, metric, HUGE_VAL, histogram.sample_count);
    append_series(out, family, metric, "_sum");
    append_number(out, histogram.sample_sum);
    out += '\n';
    append_series(out, family, metric, "_count");
    append_integer(out, histogram.sample_count);
    out += '\n';
}

void append_value(std::string& out, const MetricFamily& family, const ClientMetric& metric) {
    append_series(out, family, metric, {});
    append_number(out, family.type == MetricType::Counter ? metric.counter.value : metric.gauge.value);
    out += '\n';
}

/// What the comment lines say of a family.
struct Described {
    std::string_view name;
    std::string_view type;
};

Described described(const MetricFamily& family, Dialect dialect) {
    if (family.type == MetricType::Histogram) return {family.name, "histogram"};
    if (family.type != MetricType::Counter) return {family.name, "gauge"};
    Described out{family.name, "counter"};
    // OpenMetrics keeps the suffix for the samples.
    if (dialect == Dialect::open_metrics) out.name.remove_suffix(std::string_view("_total").size());
    return out;
}

void append_comments(std::string& out, const MetricFamily& family, Dialect dialect) {
    const Described is = described(family, dialect);
    out.append("# HELP ").append(is.name).append(" ");
    append_escaped(out, family.help, dialect == Dialect::text ? Quote::plain : Quote::escaped);
    out.append("\n# TYPE ").append(is.name).append(" ").append(is.type).append("\n");
}

}  // namespace

void append_number(std::string& out, double value) {
    if (std::isnan(value)) {
        out += "NaN";
    } else if (std::isinf(value)) {
        out += value > 0 ? "+Inf" : "-Inf";
    } else {
        std::array<char, 32> text{};
        constexpr double kExactIntegers = 9007199254740992.0;  // 2^53
        const bool integer = std::abs(value) < kExactIntegers && value == std::trunc(value);
        const auto [end, ec] =
            integer ? std::to_chars(text.data(), text.data() + text.size(), static_cast<std::int64_t>(value))
                    : std::to_chars(text.data(), text.data() + text.size(), value);
        out.append(text.data(), end);
    }
}

std::string Renderer::Serialize(const std::vector<MetricFamily>& families) const {
    std::size_t series = 0;
    for (const MetricFamily& family : families) series += family.metric.size();
    std::string out;
    out.reserve(series * kUsualBytes);
    for (const MetricFamily& family : families) {
        if (family.metric.empty()) continue;
        append_comments(out, family, dialect_);
        for (const ClientMetric& metric : family.metric) {
            if (family.type == MetricType::Histogram) {
                append_histogram(out, family, metric);
            } else {
                append_value(out, family, metric);
            }
        }
    }
    return out;
}

void Renderer::Serialize(std::ostream& out, const std::vector<MetricFamily>& families) const {
    out << Serialize(families);
}

void render_end(Dialect dialect, std::string& out) {
    if (dialect == Dialect::open_metrics) out += "# EOF\n";
}

}  // namespace keyshift::exposition
