// SPDX-License-Identifier: Apache-2.0
#include "formats/metrics/exposition_text.hpp"

#include <algorithm>
#include <functional>
#include <string>

#include "formats/metrics/exposition_line.hpp"
#include "formats/metrics/metric_families.hpp"
#include "formats/metrics/once.hpp"
#include "formats/text/text.hpp"

namespace keyshift::formats {
namespace {

constexpr std::size_t kShownOfName = 80;

class Page {
 public:
    Page(std::string_view body, ExpositionFormat format, ExpositionHandler& handler,
         const ExpositionLimits& limits)
        : body_(body),
          format_(format),
          handler_(&handler),
          limits_(limits),
          sample_parser_(format, limits),
          families_(format) {}

    base::Result<ExpositionSummary> read() {
        all_valid_ = valid_utf8(body_);
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
            const bool comment = is_comment();
            if (line_.ends_with('\r') && !comment)
                return "it ends in a carriage return; only line feeds end lines";
            if (!all_valid_ && !comment && !valid_utf8(line_)) return "it is not valid UTF-8";
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
        scanner.consume("#");
        if (open_metrics()) return open_metrics_metadata(scanner);
        scanner.blanks();
        const std::string_view word = scanner.token();
        const bool metadata = word == "HELP" || word == "TYPE";
        scanner.blanks();
        // Of nothing it says nothing.
        return metadata && !scanner.done() ? text_metadata(scanner, word == "TYPE") : Problem();
    }

    Problem text_metadata(LineScanner& scanner, bool is_type) {
        std::string_view name;
        if (Problem problem = metadata_name(scanner, name); !problem.empty()) return problem;
        if (!scanner.separator() && !scanner.done()) return "the metric name needs quotation marks";
        Problem problem;
        if (is_type) {
            const std::string_view word = scanner.token();
            scanner.blanks();
            problem = scanner.done() ? families_.type(name, word) : "a TYPE line has more than a type";
        } else {
            families_.help(name);
        }
        if (problem.empty()) handler_->family(name, families_.type());
        return problem;
    }

    Problem open_metrics_metadata(LineScanner& scanner) {
        if (scanner.rest() == " EOF") {
            eof_ = true;
            return {};
        }
        const bool is_type = scanner.consume(" TYPE ");
        const bool is_help = !is_type && scanner.consume(" HELP ");
        if (!is_type && !is_help && !scanner.consume(" UNIT "))
            return "only # TYPE, # HELP, # UNIT and # EOF may begin with a number sign";
        std::string_view name;
        if (Problem problem = metadata_name(scanner, name); !problem.empty()) return problem;
        if (!scanner.consume(" ")) return "a blank must follow the family's name";
        Problem problem;
        if (is_help) {
            families_.help(name);
        } else {
            problem = is_type ? families_.type(name, scanner.rest()) : families_.unit(name, scanner.rest());
        }
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
        // Of one series there may be several samples, each at its own time.
        const std::uint64_t at =
            sample_.at_seconds ? hash_of(std::hash<double>{}(*sample_.at_seconds), 1) : 0;
        once_.add(hash_of(hash_of(hash_of(sample_.name), sample_.labels_hash()), at), line_number());
        families_.sample(sample_.name);
        handler_->sample({sample_.name, sample_.labels, sample_.value, sample_.at_seconds, families_.type()});
        return {};
    }

    Problem ending() { return open_metrics() && !eof_ ? "the page breaks off: # EOF is missing" : Problem(); }

    Problem twice() {
        const auto found = once_.first_twice();
        if (!found) return {};
        summary_.lines = found->line;
        line_ = text_of(found->line);
        return "the series is there twice (line " + std::to_string(found->first_line) + ")";
    }

    std::string_view text_of(std::size_t number) const {
        std::string_view rest = body_;
        for (std::size_t i = 1; i < number; ++i) rest.remove_prefix(rest.find('\n') + 1);
        return rest.substr(0, rest.find('\n'));
    }

    std::uint32_t line_number() const { return static_cast<std::uint32_t>(summary_.lines); }

    /// Where and what, and nothing else of the page: a label may hold a secret.
    base::Error error(const Problem& problem) const {
        const std::size_t number = std::max<std::size_t>(summary_.lines, 1);
        return parse_error("line " + std::to_string(number) + ": " + problem + metric());
    }

    /// What the line is about, where it says so plainly.
    std::string metric() const {
        std::string scratch;
        LineScanner scanner(line_, ExpositionFormat::prometheus_text, scratch);
        scanner.blanks();
        if (scanner.consume("#")) {
            scanner.blanks();
            const std::string_view word = scanner.token();
            if (word != "HELP" && word != "TYPE" && word != "UNIT") return {};
            scanner.blanks();
        }
        const std::string_view name = scanner.metric_name();
        return name.empty() ? std::string() : ", at " + shortened(name, kShownOfName);
    }

    std::string_view body_;
    ExpositionFormat format_;
    ExpositionHandler* handler_;
    ExpositionLimits limits_;
    ExpositionSummary summary_;
    std::string_view line_;
    bool eof_ = false;
    bool all_valid_ = true;  ///< UTF-8
    std::string scratch_;
    SampleLine sample_;
    SampleLineParser sample_parser_;
    Once once_;
    MetricFamilies families_;
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
