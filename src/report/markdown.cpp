// SPDX-License-Identifier: Apache-2.0
// GitHub-flavoured Markdown. Every value is a code span, see escape.hpp: backslashes would not do, since
// renderers join the escaped text again and then turn what looks like an address or a mention into a link.
#include "report/append.hpp"
#include "report/escape.hpp"
#include "report/formats.hpp"
#include "report/grouped_writer.hpp"
#include "report/wording.hpp"

namespace keyshift::report {
namespace {

class Markdown final : public GroupedWriter {
 public:
    Markdown(Grouping grouping, std::string& out) : GroupedWriter(grouping, out) {}

 private:
    void start() override {
        out_ += "# ";
        out_ += title(header());
        out_ += "\n\n";
        append_totals(out_, header());
        if (!header().phase.empty()) {
            out_ += " in phase ";
            append_code_span(out_, header().phase);
        }
        out_ += " in ";
        append_code_span(out_, header().database);
        out_ += ", as of ";
        append_rfc3339_seconds(out_, header().generated_at);
        out_ += has_keys() || !header().phase.empty() ? ".\n" : ": no action is needed.\n";
        if (!has_keys()) return;
        append_steps();
        if (!grouped()) {
            out_ += "\n## Keys\n";
            append_table_head();
        }
    }

    void open_owner(const domain::Key& key, std::uint64_t) override {
        out_ += "\n## ";
        append_owner(key);
        out_ += '\n';
        append_table_head();
    }

    void close_owner(std::uint64_t keys, const NextSteps& next) override {
        out_ += '\n';
        append_count(out_, keys, "key");
        out_ += ".\n";
        if (next.empty()) return;
        out_ += "\n**Next:**";
        next.append_sentences(out_);
        out_ += '\n';
    }

    void row(const domain::Key& key, const std::optional<KeyPhase>& phase, std::uint64_t) override {
        out_ += "| ";
        append_code_span(out_, key.id);
        out_ += " | ";
        if (key.name) {
            append_code_span(out_, *key.name);
        } else {
            out_ += "*unnamed*";
        }
        out_ += " | ";
        append_code_span(out_, key.prefix);
        if (!grouped()) {
            out_ += " | ";
            append_owner(key);
        }
        out_ += " | ";
        append_time(key.created_at, "*unknown*");
        out_ += " | ";
        append_time(key.last_used_at, "*never*");
        out_ += " | ";
        append_time(key.expires_at, "");
        out_ += " | ";
        out_ += standing(key, header().generated_at);
        if (header().phases) append_phase(phase);
        out_ += " |\n";
    }

    void finish() override {}

    void append_table_head() {
        out_ += grouped() ? "\n| Key ID | Name | Key prefix |" : "\n| Key ID | Name | Key prefix | Owner |";
        out_ += " Created | Last used | Expires | State |";
        out_ += header().phases ? " Phase | Replacement |\n" : "\n";
        out_ += grouped() ? "|---|---|---|---|---|---|---|" : "|---|---|---|---|---|---|---|---|";
        out_ += header().phases ? "---|---|\n" : "\n";
    }

    void append_phase(const std::optional<KeyPhase>& phase) {
        out_ += " | ";
        if (phase) out_ += domain::phase_name(phase->phase);
        out_ += " | ";
        if (!phase || !phase->has_replacement()) return;
        if (phase->replacement.empty()) {
            out_ += "*id not known*";
        } else {
            append_code_span(out_, phase->replacement);
        }
        append_how_replaced(out_, *phase);
    }

    void append_steps() {
        out_ += "\n## What to do\n\n";
        std::uint64_t number = 0;
        for (const Step& step : steps(header())) {
            append_number(out_, ++number);
            out_ += ". ";
            out_ += step.text;
            if (!step.request.empty()) {
                out_ += ": ";
                append_code_span(out_, step.request);
            }
            out_ += ".\n";
        }
    }

    void append_owner(const domain::Key& key) {
        if (!key.owner) {
            out_ += "*system*";
            return;
        }
        append_code_span(out_, key.owner_email.value_or(*key.owner));
        if (!key.owner_email) return;
        out_ += " (";
        append_code_span(out_, *key.owner);
        out_ += ')';
    }

    void append_time(std::optional<base::Time> time, std::string_view otherwise) {
        if (time) {
            append_rfc3339_seconds(out_, *time);
        } else {
            out_ += otherwise;
        }
    }
};

}  // namespace

std::unique_ptr<Writer> make_markdown(Grouping grouping, std::string& out) {
    return std::make_unique<Markdown>(grouping, out);
}

}  // namespace keyshift::report
