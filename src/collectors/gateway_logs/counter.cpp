// SPDX-License-Identifier: Apache-2.0
#include "collectors/gateway_logs/counter.hpp"

#include <string>
#include <utility>

#include "collectors/gateway_logs/countable.hpp"
#include "collectors/gateway_logs/counting.hpp"
#include "collectors/logs/line_level.hpp"
#include "collectors/logs/line_prefixes.hpp"
#include "formats/lines/messages.hpp"
#include "formats/text/json_line.hpp"
#include "formats/tracing/json.hpp"
#include "formats/tracing/sqlx_line.hpp"
#include "formats/tracing/text.hpp"

namespace keyshift::collectors {
namespace {

enum class Outcome { matched, skipped, unparsed };

/// `Form` tells what one line counts as.
template <class Form>
class Counter final : public LineCounter {
 public:
    explicit Counter(GatewayLogOptions options)
        : prefix_(options.prefix), messages_(prefix_, Form::kUnderstood), form_(std::move(options)) {}

    void count(std::string_view block, LogTally& tally) override {
        domain::LogLines lines;
        lines.unparsed += messages_.each(block, [&](std::string_view line) {
            const Outcome outcome = line.empty() ? Outcome::skipped : form_.line(line, tally);
            lines.matched += outcome == Outcome::matched ? 1 : 0;
            lines.skipped += outcome == Outcome::skipped ? 1 : 0;
            return outcome != Outcome::unparsed;
        });
        tally.lines.add(lines);
        form_.end_of_block(tally.now);
    }

    std::size_t whole(std::string_view block) const override {
        return formats::whole_messages(block, prefix_);
    }
    domain::Events countable(base::Time /*now*/) const override { return form_.countable(); }
    domain::Ground take_ground() override { return form_.rules().take_ground(); }
    std::vector<Finding> findings() const override {
        std::vector<Finding> found = prefix_findings(messages_);
        for (Finding& finding : form_.findings()) found.push_back(std::move(finding));
        form_.rules().append_findings(found);
        return found;
    }
    std::string memory() const override { return form_.rules().memory() + form_.memory(); }
    void resume(std::string_view memory) override {
        form_.rules().resume(memory);
        form_.resume(memory);
    }

 private:
    formats::LinePrefix prefix_;
    formats::LogMessages messages_;
    mutable Form form_;
};

using Part = formats::TracingText::Part;

/// What both forms of tracing share. `Reader`: parses a line, and prepares it as rules see it.
template <class Reader>
class TracingForm {
 public:
    static constexpr auto kUnderstood = formats::Understood::some;

    explicit TracingForm(GatewayLogOptions options)
        : countable_(options.rules, options.statements ? options.sqlx_target : std::string()),
          of_sqlx_(countable_.levels().group({std::string(formats::kSqlxTarget)})),
          reader_(options.rules),
          rules_(std::move(options)) {}

    Outcome line(std::string_view text, LogTally& tally) {
        const Part part = reader_.parse(text, line_);
        if (part != Part::event) return part == Part::none ? Outcome::unparsed : Outcome::skipped;
        countable_.levels().line(line_.level, line_.target);
        reader_.prepare(line_);
        const auto kind = [&] { return LineKind{line_.level, line_.target, reader_.fields()}; };
        bool counts = rules_.match({line_, text, reader_.fields()}, kind, tally);
        if (line_.target == formats::kSqlxTarget && rules_.reads_statements())
            counts = statement(text, tally) || counts;
        return counts ? Outcome::matched : Outcome::skipped;
    }
    void end_of_block(base::Time now) { countable_.levels().end_of_block(now); }
    domain::Events countable() const {
        // sqlx writes slow statements as warnings where it writes no others.
        const bool has_statements = countable_.levels().reaches(of_sqlx_, formats::TracingLevel::info);
        return countable_.countable(rules_.matcher().seen()) |
               (has_statements ? rules_.offered_by_statements() : domain::Events());
    }
    std::vector<Finding> findings() const {
        std::vector<Finding> found = reader_.findings();
        for (Finding& finding : countable_.findings()) found.push_back(std::move(finding));
        return found;
    }
    std::string memory() const { return countable_.memory(rules_.matcher().seen()); }
    void resume(std::string_view memory) { rules_.matcher().add_seen(countable_.resume(memory)); }
    GatewayLogCounting& rules() { return rules_; }

 private:
    bool statement(std::string_view text, LogTally& tally) {
        formats::SqlxQuery query;
        return reader_.statement(text, line_, query) && rules_.count(query, line_.level, tally);
    }

    GatewayLogCountable countable_;
    std::size_t of_sqlx_;  // the group of its lines
    Reader reader_;
    GatewayLogCounting rules_;
    formats::TracingLine line_;
};

bool any_regex(const LogRules& rules) {
    for (const LogRule& rule : rules)
        if (!rule.regex.empty()) return true;
    return false;
}

bool any_fields(const LogRules& rules) {
    for (const LogRule& rule : rules)
        if (!rule.fields.empty()) return true;
    return false;
}

class TextReader {
 public:
    explicit TextReader(const LogRules& rules) : bare_(any_regex(rules)) {}

    Part parse(std::string_view text, formats::TracingLine& out) { return text_.parse(text, out); }
    std::vector<Finding> findings() const {
        const formats::TracingForm& form = text_.form();
        if (form.targets.yes + form.targets.no == 0) return {};
        std::vector<Finding> found{{Finding::Kind::ok, "lines are in tracing's form " + form.text()}};
        if (form.hides_spans()) {
            found.push_back(
                {Finding::Kind::warning,
                 "without targets and colours, a span before a message looks like its beginning: no "
                 "rule for the beginning fits then",
                 "let the gateway write targets (with_target(true)), or JSON"});
        }
        return found;
    }
    void prepare(formats::TracingLine& line) {
        // A message is in one colour; what stands behind it is for expressions alone.
        if (!bare_ || !formats::has_escapes(line.message)) return;
        formats::remove_escapes(line.message, without_escapes_);
        line.message = without_escapes_;
    }
    static formats::JsonLine* fields() { return nullptr; }
    bool statement(std::string_view /*text*/, const formats::TracingLine& line, formats::SqlxQuery& out) {
        if (bare_ || !formats::has_escapes(line.message)) return formats::parse_sqlx_text(line.message, out);
        formats::remove_escapes(line.message, without_escapes_);
        return formats::parse_sqlx_text(without_escapes_, out);
    }

 private:
    bool bare_;
    formats::TracingText text_;
    std::string without_escapes_;
};

class JsonReader {
 public:
    explicit JsonReader(const LogRules& rules) : whole_(any_fields(rules)) {}

    Part parse(std::string_view text, formats::TracingLine& out) {
        const bool parsed = whole_ ? json_.parse_slowly(text, out) : json_.parse(text, out);
        return parsed ? Part::event : Part::none;
    }
    static std::vector<Finding> findings() { return {}; }
    static void prepare(formats::TracingLine& /*line*/) {}
    formats::JsonLine* fields() { return whole_ ? &json_.fields() : nullptr; }
    /// A statement's text is in a field of its own.
    bool statement(std::string_view text, const formats::TracingLine& /*line*/, formats::SqlxQuery& out) {
        return !json_.is_bare() && json_.fields().parse(text) &&
               formats::parse_sqlx_json(json_.fields(), out);
    }

 private:
    bool whole_;
    formats::TracingJson json_;
};

/// Lines of any form: rules see all of them.
class AnyForm {
 public:
    static constexpr auto kUnderstood = formats::Understood::all;

    explicit AnyForm(GatewayLogOptions options) : rules_(std::move(options)) {}

    Outcome line(std::string_view text, LogTally& tally) {
        const auto kind = [&] { return LineKind{.level = level_of_text(text)}; };
        line_.message = text;
        return rules_.match({line_, text}, kind, tally) ? Outcome::matched : Outcome::skipped;
    }
    void end_of_block(base::Time /*now*/) {}
    domain::Events countable() const { return rules_.alive(); }
    static std::vector<Finding> findings() { return {}; }
    static std::string memory() { return {}; }
    static void resume(std::string_view /*memory*/) {}
    GatewayLogCounting& rules() { return rules_; }

 protected:
    GatewayLogCounting rules_;
    formats::TracingLine line_;  // of which all but the message is unknown
};

class JsonForm : public AnyForm {
 public:
    using AnyForm::AnyForm;
    static constexpr auto kUnderstood = formats::Understood::some;

    Outcome line(std::string_view text, LogTally& tally) {
        if (!json_.parse(text)) return Outcome::unparsed;
        const auto kind = [&] { return LineKind{.level = level_of_fields(json_), .fields = &json_}; };
        line_.message = text;
        return rules_.match({line_, text, &json_}, kind, tally) ? Outcome::matched : Outcome::skipped;
    }

 private:
    formats::JsonLine json_;
};

}  // namespace

std::unique_ptr<LineCounter> make_gateway_log_counter(GatewayLogOptions options) {
    switch (options.format) {
        case LogFormat::tracing_json:
            return std::make_unique<Counter<TracingForm<JsonReader>>>(std::move(options));
        case LogFormat::text:
            return std::make_unique<Counter<AnyForm>>(std::move(options));
        case LogFormat::json:
            return std::make_unique<Counter<JsonForm>>(std::move(options));
        case LogFormat::tracing_text:
            break;
    }
    return std::make_unique<Counter<TracingForm<TextReader>>>(std::move(options));
}

}  // namespace keyshift::collectors
