// SPDX-License-Identifier: Apache-2.0
// The text grouped by owner: one block per person to write to. The handbook's tool has no such form, so
// nothing binds it but legibility, and its advice holds for every gateway.
#include "report/append.hpp"
#include "report/escape.hpp"
#include "report/formats.hpp"
#include "report/grouped_writer.hpp"
#include "report/text_opening.hpp"
#include "report/wording.hpp"

namespace keyshift::report {
namespace {

constexpr std::string_view kTableHead =
    "\n📋 Keys that need regeneration, by owner:\n"
    "   Key ID                               | Name                 | Key Prefix   | Created              "
    "| Last Used\n"
    "   ------------------------------------------------------------"
    "------------------------------------------------------------\n";

class TextByOwner final : public GroupedWriter {
 public:
    explicit TextByOwner(std::string& out) : GroupedWriter(Grouping::owner, out) {}

    void connecting() override { out_ += kConnecting; }
    void connected() override { out_ += kConnected; }

    void begin(const Header& header) override {
        has_keys_ = header.legacy_keys > 0;
        if (!has_keys_) {
            append_nothing_found(out_, header);
            return;
        }
        append_something_found(out_, header);
        if (header.owners) {
            out_ += ", of ";
            append_count(out_, *header.owners, "owner");
        }
        out_ += '\n';
        out_ += kTableHead;
    }

 private:
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

    void close_owner(std::uint64_t keys) override {
        out_ += "   ";
        append_count(out_, keys, "key");
        out_ += '\n';
    }

    void row(const domain::Key& key, std::uint64_t) override {
        out_ += "   ";
        append_padded(out_, key.id, 36);
        out_ += " | ";
        append_padded(out_, key.name.value_or("unnamed"), 20);
        out_ += " | ";
        append_padded(out_, key.prefix, 12);
        out_ += " | ";
        append_rfc3339_seconds(out_, key.created_at);
        out_ += " | ";
        if (key.last_used_at) {
            append_rfc3339_seconds(out_, *key.last_used_at);
        } else {
            out_ += "never";
        }
        out_ += '\n';
    }

    void finish() override {
        if (!has_keys_) return;
        out_ += "\n🔄 What to do:\n";
        std::uint64_t number = 0;
        for (const Step& step : kSteps) {
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

    bool has_keys_ = false;
};

}  // namespace

std::unique_ptr<Writer> make_text_by_owner(std::string& out) {
    return std::make_unique<TextByOwner>(out);
}

}  // namespace keyshift::report
