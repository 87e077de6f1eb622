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

    void begin(const Header& header) override {
        as_of_ = header.generated_at;
        out_ += "# ";
        out_ += kTitle;
        out_ += "\n\n";
        append_totals(out_, header);
        if (!header.phase.empty()) {
            out_ += " in phase ";
            append_code_span(out_, header.phase);
        }
        out_ += " in ";
        append_code_span(out_, header.database);
        out_ += ", as of ";
        append_rfc3339_seconds(out_, as_of_);
        out_ += header.legacy_keys == 0 && header.phase.empty() ? ": no action is needed.\n" : ".\n";
        if (header.legacy_keys == 0) return;
        append_steps();
        if (grouping() == Grouping::none) {
            out_ +=
                "\n## Keys\n\n| Key ID | Name | Key prefix | Owner | Created | Last used | Expires | State "
                "|\n";
            out_ += "|---|---|---|---|---|---|---|---|\n";
        }
    }

 private:
    void open_owner(const domain::Key& key, std::uint64_t) override {
        out_ += "\n## ";
        append_owner(key);
        out_ += "\n\n| Key ID | Name | Key prefix | Created | Last used | Expires | State |\n";
        out_ += "|---|---|---|---|---|---|---|\n";
    }

    void close_owner(std::uint64_t keys) override {
        out_ += '\n';
        append_count(out_, keys, "key");
        out_ += ".\n";
    }

    void row(const domain::Key& key, std::uint64_t) override {
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
        if (grouping() == Grouping::none) {
            out_ += " | ";
            append_owner(key);
        }
        out_ += " | ";
        append_rfc3339_seconds(out_, key.created_at);
        out_ += " | ";
        append_time(key.last_used_at, "*never*");
        out_ += " | ";
        append_time(key.expires_at, "");
        out_ += " | ";
        out_ += standing(key, as_of_);
        out_ += " |\n";
    }

    void finish() override {}

    void append_steps() {
        out_ += "\n## What to do\n\n";
        std::uint64_t number = 0;
        for (const Step& step : kSteps) {
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

    base::Time as_of_;
};

}  // namespace

std::unique_ptr<Writer> make_markdown(Grouping grouping, std::string& out) {
    return std::make_unique<Markdown>(grouping, out);
}

}  // namespace keyshift::report
