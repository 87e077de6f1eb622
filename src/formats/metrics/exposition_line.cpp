// SPDX-License-Identifier: Apache-2.0
#include "formats/metrics/exposition_line.hpp"

#include <algorithm>
#include <cmath>

#include "formats/metrics/once.hpp"
#include "formats/text/number.hpp"

namespace keyshift::formats {
namespace {

std::string_view find_label(const std::vector<ExpositionLabel>& labels, std::string_view name) {
    for (const ExpositionLabel& label : labels)
        if (label.name == name) return label.value;
    return {};
}

}  // namespace

std::uint64_t SampleLine::labels_hash(std::string_view without) const {
    std::uint64_t sum = 0;
    for (const ExpositionLabel& label : labels)
        if (label.name != without) sum += hash_of(hash_of(label.name), hash_of(label.value));
    return sum;
}

std::string_view SampleLine::label(std::string_view label_name) const {
    return find_label(labels, label_name);
}

Problem SampleLineParser::parse(std::string_view line, SampleLine& out) {
    scratch_.clear();
    scratch_.reserve(line.size());
    out.name = {};
    out.labels.clear();
    out.at_seconds.reset();
    LineScanner scanner(line, format_, scratch_);
    if (Problem problem = series(scanner, out); !problem.empty()) return problem;
    const std::string_view number = scanner.token();
    if (number.empty()) return "the value is missing";
    const auto value = parse_float(number);
    if (!value) return "the value is not a number";
    out.value = *value;
    scanner.blanks();
    const bool open_metrics = format_ == ExpositionFormat::open_metrics;
    if (!scanner.done() && !(open_metrics && scanner.rest().starts_with(" # "))) {
        if (Problem problem = timestamp(scanner, out.at_seconds); !problem.empty()) return problem;
        scanner.blanks();
    }
    if (open_metrics && scanner.consume(" # ")) {
        if (Problem problem = exemplar(scanner); !problem.empty()) return problem;
    }
    if (!scanner.done()) return "there is more than a value and a timestamp";
    const auto empty = [](const ExpositionLabel& label) { return label.value.empty(); };
    out.labels.erase(std::remove_if(out.labels.begin(), out.labels.end(), empty), out.labels.end());
    return {};
}

/// The name and labels, and what separates them from the value.
Problem SampleLineParser::series(LineScanner& scanner, SampleLine& out) {
    scanner.blanks();
    out.name = scanner.metric_name();
    const bool separated = scanner.lenient() && scanner.separator();
    if (scanner.consume("{")) {
        if (Problem problem = labels(scanner, out.labels, &out.name); !problem.empty()) return problem;
        if (out.name.empty()) return "there is no metric name";
        if (!scanner.separator() && !scanner.lenient()) return "a blank must follow the labels";
    } else {
        if (out.name.empty()) return "there is no metric name";
        if (scanner.done()) return "the value is missing";
        if (!separated && !scanner.separator())
            return "the metric name has a character that needs quotation marks";
    }
    if (out.name.size() > limits_.label_value_bytes) return "the metric name is too long";
    return {};
}

Problem SampleLineParser::labels(LineScanner& scanner, std::vector<ExpositionLabel>& out,
                                 std::string_view* metric_name) {
    scanner.blanks();
    if (scanner.consume("}")) return {};
    while (true) {
        if (Problem problem = label(scanner, out, metric_name); !problem.empty()) return problem;
        scanner.blanks();
        if (scanner.consume("}")) return {};
        // Prometheus' own reader of its text does without the comma.
        const bool comma = scanner.consume(",");
        if (!comma && !(scanner.lenient() && scanner.at_label()))
            return "a comma or a closing brace must follow a label";
        scanner.blanks();
        if (scanner.consume("}")) return {};
    }
}

Problem SampleLineParser::label(LineScanner& scanner, std::vector<ExpositionLabel>& out,
                                std::string_view* metric_name) {
    ExpositionLabel label;
    const bool is_quoted = scanner.at('"');
    if (is_quoted) {
        if (Problem problem = scanner.quoted_text(label.name); !problem.empty()) return problem;
    } else {
        label.name = scanner.label_name();
    }
    if (label.name.empty()) return "there is no label name, or one that needs quotation marks";
    scanner.blanks();
    if (is_quoted && !scanner.at('=') && metric_name != nullptr) {
        if (!metric_name->empty()) return "there are two metric names";
        *metric_name = label.name;
        return {};
    }
    if (!scanner.consume("=")) return "an equals sign must follow a label name";
    scanner.blanks();
    if (!scanner.at('"')) return "a label's value is not in quotation marks";
    if (Problem problem = scanner.quoted_text(label.value); !problem.empty()) return problem;
    return add_label(out, label);
}

Problem SampleLineParser::add_label(std::vector<ExpositionLabel>& out, ExpositionLabel label) const {
    if (label.name == "__name__") return "the label name __name__ is reserved";
    if (std::max(label.name.size(), label.value.size()) > limits_.label_value_bytes)
        return "a label has more than " + std::to_string(limits_.label_value_bytes) + " bytes";
    if (out.size() >= limits_.labels_per_sample)
        return "there are more than " + std::to_string(limits_.labels_per_sample) + " labels";
    const auto same = [&](const ExpositionLabel& other) { return other.name == label.name; };
    if (std::any_of(out.begin(), out.end(), same)) return "a label is there twice";
    out.push_back(label);
    return {};
}

Problem SampleLineParser::timestamp(LineScanner& scanner, std::optional<double>& out) const {
    if (!scanner.lenient() && !scanner.consume(" ")) return "a single blank must follow a number";
    const std::string_view text = scanner.token();
    if (scanner.lenient()) {
        constexpr double kMillisecondsPerSecond = 1000;
        if (const auto milliseconds = parse_signed(text); milliseconds)
            out = static_cast<double>(*milliseconds) / kMillisecondsPerSecond;
    } else if (const auto seconds = parse_float(text); seconds && std::isfinite(*seconds)) {
        out = *seconds;
    }
    return out ? Problem() : "the timestamp is not a number";
}

Problem SampleLineParser::exemplar(LineScanner& scanner) {
    exemplar_labels_.clear();
    if (!scanner.consume("{")) return "an exemplar must begin with its labels";
    if (Problem problem = labels(scanner, exemplar_labels_, nullptr); !problem.empty()) return problem;
    if (!scanner.consume(" ") || !parse_float(scanner.token())) return "an exemplar has no value";
    std::optional<double> at;
    return scanner.done() ? Problem() : timestamp(scanner, at);
}

}  // namespace keyshift::formats
