// SPDX-License-Identifier: Apache-2.0
#include "formats/exposition_text.hpp"

#include <algorithm>
#include <string>

#include "base/utf8.hpp"
#include "formats/exposition_line.hpp"
#include "formats/once.hpp"
#include "formats/open_metrics_family.hpp"
#include "formats/text.hpp"
#include "formats/text_families.hpp"

namespace keyshift::formats {
namespace {

class Page {
 public:
    Page(std::string_view body, ExpositionFormat format, ExpositionHandler& handler,
         const ExpositionLimits& limits)
        : body_(body),
          format_(format),
          handler_(&handler),
          limits_(limits),
          sample_parser_(format, limits),
          families_(once_) {}

    base::Result<ExpositionSummary> read() {
        if (!valid_utf8(body_)) return invalid_utf8();
        Problem problem = lines();
        if (problem.empty()) problem = ending();
        if (problem.empty()) problem = twice();
        if (!problem.empty()) return error(problem);
        return summary_;
    }

 private:
    bool open_metrics() const { return format_ == ExpositionFormat::open_metrics; }

    Problem lines() {
        for (std::string_view rest = body_; !rest.empty();) {
            const std::size_t end = rest.find('\n');
            line_ = rest.substr(0, end);
            rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
            ++summary_.lines;
            if (eof_) return "there is something after # EOF";
            if (line_.ends_with('\r')) return "it ends in a carriage return; only line feeds end lines";
            const bool comment = is_comment();
            if (Problem problem = comment ? read_comment() : read_sample(); !problem.empty()) return problem;
            if (end == std::string_view::npos && !eof_) return "the page breaks off: no line feed ends it";
        }
        return {};
    }

    bool is_comment() const {
        if (open_metrics()) return line_.starts_with('#');
        const std::size_t first = line_.find_first_not_of(" \t");
        return first == std::string_view::npos || line_[first] == '#';
    }

    Problem read_comment() {
        scratch_.clear();
        scratch_.reserve(line_.size());
        LineScanner scanner(line_, format_, scratch_);
        scanner.blanks();
        scanner.take("#");
        if (open_metrics()) return open_metrics_metadata(scanner);
        scanner.blanks();
        const std::string_view word = scanner.token();
        return word == "HELP" || word == "TYPE" ? text_metadata(scanner, word == "TYPE") : Problem();
    }

    Problem text_metadata(LineScanner& scanner, bool is_type) {
        scanner.blanks();
        std::string_view name;
        if (Problem problem = metadata_name(scanner, name); !problem.empty()) return problem;
        if (!scanner.separator() && !scanner.done()) return "the metric name needs quotation marks";
        Problem problem;
        if (is_type) {
            const std::string_view word = scanner.token();
            scanner.blanks();
            problem = scanner.done() ? text_families_.type(name, word) : "a TYPE line has more than a type";
        } else {
            problem = escapes(scanner.rest());
            if (problem.empty()) problem = text_families_.help(name);
        }
        if (problem.empty()) handler_->family(name, text_families_.type());
        return problem;
    }

    /// A quotation mark may be escaped, too: newer exporters do, and Prometheus takes it.
    static Problem escapes(std::string_view help) {
        constexpr std::string_view kEscaped = "n\\\"";
        for (std::size_t i = help.find('\\'); i < help.size(); i = help.find('\\', i + 2)) {
            const std::string_view escaped = help.substr(i + 1, 1);
            if (escaped.empty() || kEscaped.find(escaped) == std::string_view::npos)
                return "a backslash stands before something other than n, a backslash or a quotation mark";
        }
        return {};
    }

    Problem open_metrics_metadata(LineScanner& scanner) {
        using Metadata = OpenMetricsFamilies::Metadata;
        if (scanner.rest() == " EOF") {
            eof_ = true;
            return {};
        }
        const Metadata what = scanner.take(" TYPE ")   ? Metadata::type
                              : scanner.take(" HELP ") ? Metadata::help
                                                       : Metadata::unit;
        if (what == Metadata::unit && !scanner.take(" UNIT "))
            return "only # TYPE, # HELP, # UNIT and # EOF may begin with a number sign";
        std::string_view name;
        if (Problem problem = metadata_name(scanner, name); !problem.empty()) return problem;
        if (!scanner.take(" ")) return "a blank must follow the family's name";
        Problem problem = families_.metadata(what, name, scanner.rest(), line_number());
        if (problem.empty()) handler_->family(name, families_.type());
        return problem;
    }

    Problem metadata_name(LineScanner& scanner, std::string_view& name) const {
        if (!scanner.at('"')) {
            name = scanner.metric_name();
        } else if (Problem problem = scanner.quoted_text(name); !problem.empty()) {
            return problem;
        }
        if (name.size() > limits_.label_value_bytes) return "the metric name is too long";
        return name.empty() ? "there is no metric name" : Problem();
    }

    Problem read_sample() {
        if (line_.empty()) return "there is an empty line";
        if (Problem problem = sample_parser_.parse(line_, sample_); !problem.empty()) return problem;
        if (++summary_.samples > limits_.samples)
            return "there are more than " + std::to_string(limits_.samples) + " samples";
        if (!open_metrics()) {
            once_.add(Once::What::series, hash_of(hash_of(sample_.name), sample_.labels_hash()),
                      line_number());
        }
        Problem problem =
            open_metrics() ? families_.sample(sample_, line_number()) : text_families_.sample(sample_);
        if (!problem.empty()) return problem;
        const MetricType type = open_metrics() ? families_.type() : text_families_.type();
        handler_->sample({sample_.name, sample_.labels, sample_.value, sample_.at_seconds, type});
        return {};
    }

    Problem ending() {
        if (!open_metrics()) return {};
        if (!eof_) return "the page breaks off: # EOF is missing";
        return families_.finish();
    }

    Problem twice() {
        const auto found = once_.find_twice();
        if (!found) return {};
        summary_.lines = found->line;
        line_ = text_of(found->line);
        const std::string first = " (line " + std::to_string(found->first_line) + ")";
        switch (found->what) {
            case Once::What::series:
                return "the series is there twice" + first;
            case Once::What::group:
                return "the metric has ended above" + first + " and goes on here";
            case Once::What::family:
                break;
        }
        return "the family was there before" + first + ", or one whose samples have such names";
    }

    std::string_view text_of(std::size_t number) const {
        std::string_view rest = body_;
        for (std::size_t i = 1; i < number; ++i) rest.remove_prefix(rest.find('\n') + 1);
        return rest.substr(0, rest.find('\n'));
    }

    base::Error invalid_utf8() {
        std::string_view rest = body_;
        while (!rest.empty()) {
            const base::Decoded decoded = base::decode_utf8(rest);
            if (!decoded.valid) break;
            rest.remove_prefix(decoded.size);
        }
        const auto invalid = body_.end() - static_cast<std::ptrdiff_t>(rest.size());
        summary_.lines = static_cast<std::size_t>(std::count(body_.begin(), invalid, '\n')) + 1;
        line_ = text_of(summary_.lines);
        return error("it is not valid UTF-8");
    }

    std::uint32_t line_number() const { return static_cast<std::uint32_t>(summary_.lines); }

    base::Error error(const Problem& problem) const {
        const std::size_t number = std::max<std::size_t>(summary_.lines, 1);
        return parse_error("line " + std::to_string(number) + ": " + problem + ": " + in_quotes(line_));
    }

    std::string_view body_;
    ExpositionFormat format_;
    ExpositionHandler* handler_;
    ExpositionLimits limits_;
    ExpositionSummary summary_;
    std::string_view line_;
    bool eof_ = false;
    std::string scratch_;
    SampleLine sample_;
    SampleLineParser sample_parser_;
    Once once_;
    OpenMetricsFamilies families_;
    TextFamilies text_families_;
};

}  // namespace

std::string_view ExpositionSample::label(std::string_view label_name) const {
    for (const ExpositionLabel& entry : labels)
        if (entry.name == label_name) return entry.value;
    return {};
}

base::Result<ExpositionSummary> parse_exposition(std::string_view body, ExpositionFormat format,
                                                 ExpositionHandler& handler, const ExpositionLimits& limits) {
    return Page(body, format, handler, limits).read();
}

}  // namespace keyshift::formats
