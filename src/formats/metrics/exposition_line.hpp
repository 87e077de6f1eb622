// SPDX-License-Identifier: Apache-2.0
// One sample line of a page of metrics, and the tokens it is made of. No thread rule: each parser its own.
// Kept inside src/formats.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/metrics/exposition_text.hpp"

namespace keyshift::formats {

/// What is wrong with a line; empty when nothing is.
using Problem = std::string;

/// Walks over a line. Prometheus' text allows any blanks and tabs between tokens, OpenMetrics one blank where
/// its grammar has one and nothing elsewhere.
class LineScanner {
 public:
    /// `scratch` takes unescaped text, so it must outlive what quoted_text() returns. It must have the line's
    /// size reserved, or growing would move what was returned before.
    LineScanner(std::string_view line, ExpositionFormat format, std::string& scratch)
        : rest_(line), format_(format), scratch_(&scratch) {}

    bool lenient() const { return format_ == ExpositionFormat::prometheus_text; }
    bool done() const { return rest_.empty(); }
    bool at(char c) const { return rest_.starts_with(c); }
    bool consume(std::string_view text);
    /// A label's name may begin here.
    bool at_label() const;
    /// Optional white space: none in OpenMetrics.
    void blanks();
    /// What must stand between two tokens; false when it does not.
    bool separator();
    /// [a-zA-Z_][a-zA-Z0-9_]*, with ':' for metrics; empty when there is none.
    std::string_view label_name() { return identifier(false); }
    std::string_view metric_name() { return identifier(true); }
    /// Up to the next blank or tab, or the end.
    std::string_view token();
    /// A text in quotation marks, which must come next, unescaped.
    Problem quoted_text(std::string_view& out);
    std::string_view rest() const { return rest_; }

 private:
    std::string_view identifier(bool colons);
    Problem unescape(std::string_view& out);

    std::string_view rest_;
    ExpositionFormat format_;
    std::string* scratch_;
};

struct SampleLine {
    std::string_view name;
    std::vector<ExpositionLabel> labels;  ///< none with an empty value
    double value = 0;
    std::optional<double> at_seconds;

    /// A hash of the labels in whatever order, leaving out the one called `without`.
    std::uint64_t labels_hash(std::string_view without = {}) const;
    std::string_view label(std::string_view label_name) const;
};

class SampleLineParser {
 public:
    SampleLineParser(ExpositionFormat format, const ExpositionLimits& limits)
        : format_(format), limits_(limits) {}

    /// `out` is valid until the next call.
    Problem parse(std::string_view line, SampleLine& out);

 private:
    Problem series(LineScanner& scanner, SampleLine& out);
    Problem labels(LineScanner& scanner, std::vector<ExpositionLabel>& out, std::string_view* metric_name);
    Problem label(LineScanner& scanner, std::vector<ExpositionLabel>& out, std::string_view* metric_name);
    Problem add_label(std::vector<ExpositionLabel>& out, ExpositionLabel label) const;
    Problem timestamp(LineScanner& scanner, std::optional<double>& out) const;
    Problem exemplar(LineScanner& scanner);

    ExpositionFormat format_;
    ExpositionLimits limits_;
    std::string scratch_;
    std::vector<ExpositionLabel> exemplar_labels_;
};

}  // namespace keyshift::formats
