// SPDX-License-Identifier: Apache-2.0
// The handbook tool's output, byte for byte, so that scripts made for it keep working: also "1 API keys", and
// two statements that do not hold for a gateway without a fallback. Only --phase, which it lacks, adds words.
#include "report/append.hpp"
#include "report/escape.hpp"
#include "report/formats.hpp"
#include "report/text_opening.hpp"

namespace keyshift::report {
namespace {

constexpr std::string_view kTableHead =
    "\n📋 Keys that need regeneration:\n"
    "   Key ID                               | Name                 | Key Prefix   | User ID             \n"
    "   -----------------------------------------------------------------------------------------------\n";

constexpr std::string_view kAdvice =
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

class Text final : public Writer {
 public:
    explicit Text(std::string& out) : out_(out) {}

    void connecting() override { out_ += kConnecting; }
    void connected() override { out_ += kConnected; }

    void begin(const Header& header) override {
        has_keys_ = header.legacy_keys > 0;
        if (!has_keys_) {
            append_nothing_found(out_, header);
            return;
        }
        append_something_found(out_, header);
        out_ += '\n';
        out_ += kTableHead;
    }

    void key(const domain::Key& key) override {
        out_ += "   ";
        append_visible(out_, key.id);
        out_ += " | ";
        append_padded(out_, key.name.value_or("unnamed"), 20);
        out_ += " | ";
        append_padded(out_, key.prefix, 12);
        out_ += " | ";
        append_visible(out_, key.owner.value_or("system"));
        out_ += '\n';
    }

    void end() override {
        if (has_keys_) out_ += kAdvice;
    }

 private:
    std::string& out_;
    bool has_keys_ = false;
};

}  // namespace

std::unique_ptr<Writer> make_text(std::string& out) {
    return std::make_unique<Text>(out);
}

}  // namespace keyshift::report
