// SPDX-License-Identifier: Apache-2.0
#include "exposition/render.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace keyshift::exposition {
namespace {

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

void append_labels(std::string& out, const std::vector<Label>& labels) {
    char separator = '{';
    for (const Label& label : labels) {
        out += separator;
        out += label.name;
        out += "=\"";
        append_escaped(out, label.value, Quote::escaped);
        out += '"';
        separator = ',';
    }
    if (!labels.empty()) out += '}';
}

void append_bucket(std::string& out, const Family& family, const HistogramSample& sample, double bound,
                   std::uint64_t cumulative) {
    out += family.name;
    out += "_bucket";
    append_labels(out, sample.labels);
    if (sample.labels.empty()) {
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

void append_histogram(std::string& out, const Family& family, const HistogramSample& sample) {
    for (const Bucket& bucket : sample.buckets)
        append_bucket(out, family, sample, bucket.upper_bound, bucket.cumulative);
    append_bucket(out, family, sample, HUGE_VAL, sample.count);
    out.append(family.name).append("_sum");
    append_labels(out, sample.labels);
    out += ' ';
    append_number(out, sample.sum);
    out.append("\n").append(family.name).append("_count");
    append_labels(out, sample.labels);
    out += ' ';
    append_integer(out, sample.count);
    out += '\n';
}

std::string_view type_name(Type type, Dialect dialect) {
    switch (type) {
        case Type::counter:
            return "counter";
        case Type::histogram:
            return "histogram";
        case Type::info:
            return dialect == Dialect::open_metrics ? "info" : "gauge";
        case Type::gauge:
            break;
    }
    return "gauge";
}

/// What the comment lines call the family: OpenMetrics keeps the suffix for the samples.
std::string_view family_name(const Family& family, Dialect dialect) {
    std::string_view name = family.name;
    if (dialect == Dialect::text) return name;
    if (family.type == Type::counter) name.remove_suffix(std::string_view("_total").size());
    if (family.type == Type::info) name.remove_suffix(std::string_view("_info").size());
    return name;
}

void append_comments(std::string& out, const Family& family, Dialect dialect) {
    const std::string_view name = family_name(family, dialect);
    out.append("# HELP ").append(name).append(" ");
    append_escaped(out, family.help, dialect == Dialect::text ? Quote::plain : Quote::escaped);
    out.append("\n# TYPE ").append(name).append(" ").append(type_name(family.type, dialect)).append("\n");
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

void render(std::span<const Family> families, Dialect dialect, std::string& out) {
    for (const Family& family : families) {
        if (family.samples.empty() && family.histograms.empty()) continue;
        append_comments(out, family, dialect);
        for (const Sample& sample : family.samples) {
            out += family.name;
            append_labels(out, sample.labels);
            out += ' ';
            append_number(out, sample.value);
            out += '\n';
        }
        for (const HistogramSample& sample : family.histograms) append_histogram(out, family, sample);
    }
}

void render_end(Dialect dialect, std::string& out) {
    if (dialect == Dialect::open_metrics) out += "# EOF\n";
}

}  // namespace keyshift::exposition
