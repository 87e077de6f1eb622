// SPDX-License-Identifier: Apache-2.0
// The text. Without groups and phases it is the handbook tool's output, byte for byte, so that scripts made
// for it keep working: also "1 API keys", and two statements that do not hold for a gateway without a
// fallback. Of other gateways it says what the other formats say. Its lines also begin those with phases.
// Grouped there is one block per person to write to.
#include "base/people_time.hpp"
#include "report/append.hpp"
#include "report/escape.hpp"
#include "report/formats.hpp"
#include "report/grouped_writer.hpp"
#include "report/wording.hpp"

namespace keyshift::report {
namespace {

constexpr std::string_view kHandbookAdvice =
    "\n🔄 Action Required:\n"
    "   These keys need to be regenerated to benefit from the new\n"
    "   O(1) lookup performance. The old keys will continue to work\n"
    "   but will use the slower fallback authentication method.\n"
    "\n"
    "   To regenerate:\n"
    "   1. Create new keys via the API: POST /auth/key/generate\n"
    "   2. Update your applications with the new keys\n"
    "   3. Delete the old keys via: DELETE /auth/key/{key_id}\n"
    "\n"
    "💡 Tip: Use the API endpoints or frontend UI to manage keys.\n";

constexpr std::size_t kIdWidth = 36;
constexpr std::size_t kTimeWidth = std::string_view("10 Jan 2025 12:00 UTC").size();

/// What differs between the two tables, each without and with a column for the phase.
struct Head {
    std::string_view title;
    std::string_view columns;  // after "Key Prefix"
    std::size_t dashes;
};
constexpr Head kHandbook{"", "User ID             ", 95};
constexpr Head kHandbookPhases{"", "User ID                              | Phase", 127};
constexpr Head kByOwner{", by owner", "Created               | Last Used", 121};
constexpr Head kByOwnerPhases{", by owner", "Created               | Last Used             | Phase", 136};

class Text final : public GroupedWriter {
 public:
    Text(Grouping grouping, std::string& out) : GroupedWriter(grouping, out) {}

    void connecting() override { out_ += "🔗 Connecting to database...\n"; }
    void connected() override { out_ += "✅ Connected to database\n"; }

 private:
    void start() override {
        if (!has_keys()) {
            append_nothing_found();
            return;
        }
        out_ += "\n⚠️  Found ";
        append_number(out_, header().legacy_keys);
        if (header().handbook) {
            out_ += " API keys without lookup_hash";
        } else if (header().lacks.empty()) {
            out_ += " legacy API keys";
        } else {
            out_ += " API keys without ";
            append_visible(out_, header().lacks);
        }
        append_phase_asked_for();
        if (grouped() && header().owners) {
            out_ += ", of ";
            append_count(out_, *header().owners, "owner");
        }
        out_ += '\n';
        if (grouped()) {
            append_table_head(header().phases ? kByOwnerPhases : kByOwner);
        } else {
            append_table_head(header().phases ? kHandbookPhases : kHandbook);
        }
    }

    void open_owner(const domain::Key& key, std::uint64_t) override {
        out_ += "\n👤 ";
        if (!key.owner) {
            out_ += "system (no owner)";
        } else if (key.owner_email) {
            append_visible(out_, *key.owner_email);
            out_ += " (";
            append_visible(out_, *key.owner);
            out_ += ')';
        } else {
            append_visible(out_, *key.owner);
        }
        out_ += '\n';
    }

    void close_owner(std::uint64_t keys, const NextSteps& next) override {
        out_ += "   ";
        append_count(out_, keys, "key");
        out_ += '\n';
        if (next.empty()) return;
        out_ += "   Next:";
        next.append_sentences(out_);
        out_ += '\n';
    }

    void row(const domain::Key& key, const std::optional<KeyPhase>& phase, std::uint64_t) override {
        out_ += "   ";
        append_padded(out_, key.id, grouped() ? kIdWidth : 0);
        out_ += " | ";
        append_padded(out_, key.name.value_or("unnamed"), 20);
        out_ += " | ";
        append_padded(out_, key.prefix, 12);
        out_ += " | ";
        if (grouped()) {
            append_times(key);
        } else {
            const auto owner = header().handbook || !key.owner_email ? key.owner : key.owner_email;
            append_padded(out_, owner.value_or("system"), header().phases ? kIdWidth : 0);
        }
        if (header().phases) {
            out_ += " | ";
            if (phase) out_ += domain::phase_name(phase->phase);
        }
        out_ += '\n';
    }

    void finish() override {
        if (!has_keys()) return;
        if (grouped() || header().phases || !header().handbook) {
            append_steps();
        } else {
            out_ += kHandbookAdvice;
        }
    }

    /// All is done only where all keys were asked for.
    void append_nothing_found() {
        if (header().phase.empty()) {
            out_ += header().handbook ? "✅ All keys have lookup_hash populated!\n   No action needed.\n"
                                      : "✅ No legacy API key is left.\n   No action needed.\n";
            return;
        }
        append_totals(out_, header());
        append_phase_asked_for();
        out_ += '\n';
    }

    void append_phase_asked_for() {
        if (header().phase.empty()) return;
        out_ += " in phase ";
        append_visible(out_, header().phase);
    }

    void append_table_head(const Head& head) {
        out_ += "\n📋 ";
        out_ += header().handbook ? "Keys that need regeneration" : title(header());
        out_ += head.title;
        out_ += ":\n   Key ID                               | Name                 | Key Prefix   | ";
        out_ += head.columns;
        out_ += "\n   ";
        out_.append(head.dashes, '-');
        out_ += '\n';
    }

    void append_times(const domain::Key& key) {
        const auto words = [this](const std::optional<base::Time>& at, const char* otherwise) {
            return at ? base::format_for_people(*at, header().generated_at) : std::string(otherwise);
        };
        append_padded(out_, words(key.created_at, "unknown"), kTimeWidth);
        out_ += " | ";
        append_padded(out_, words(key.last_used_at, "never"), header().phases ? kTimeWidth : 0);
    }

    void append_steps() {
        out_ += "\n🔄 What to do:\n";
        std::uint64_t number = 0;
        for (const Step& step : steps(header())) {
            out_ += "   ";
            append_number(out_, ++number);
            out_ += ". ";
            out_ += step.text;
            if (!step.request.empty()) {
                out_ += ": ";
                out_ += step.request;
            }
            out_ += '\n';
        }
    }
};

}  // namespace

std::unique_ptr<Writer> make_text(Grouping grouping, std::string& out) {
    return std::make_unique<Text>(grouping, out);
}

}  // namespace keyshift::report
