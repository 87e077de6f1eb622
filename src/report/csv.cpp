// SPDX-License-Identifier: Apache-2.0
// RFC 4180: CRLF as it says, a header row, the same columns grouped or not, those of the phase last. An
// unknown value is an empty cell, an empty text is "". Times and numbers are never quoted or prefixed.
#include "report/append.hpp"
#include "report/escape.hpp"
#include "report/formats.hpp"

namespace keyshift::report {
namespace {

class Csv final : public Writer {
 public:
    explicit Csv(std::string& out) : out_(out) {}

    void begin(const Header& header) override {
        phases_ = header.phases;
        out_ +=
            "id,name,key_prefix,owner_id,owner_email,created_at,last_used_at,expires_at,blocked,over_budget,"
            "bcrypt_cost";
        out_ += phases_ ? ",phase,replacement_id,replacement_rule,replacement_used\r\n" : "\r\n";
    }

    void key(const domain::Key& key, const std::optional<KeyPhase>& phase) override {
        append_csv_id(out_, key.id);
        out_ += ',';
        if (key.name) append_csv_text(out_, *key.name);
        out_ += ',';
        append_csv_text(out_, key.prefix);
        out_ += ',';
        if (key.owner) append_csv_id(out_, *key.owner);
        out_ += ',';
        if (key.owner_email) append_csv_text(out_, *key.owner_email);
        out_ += ',';
        if (key.created_at) base::append_rfc3339(out_, *key.created_at);
        out_ += ',';
        if (key.last_used_at) base::append_rfc3339(out_, *key.last_used_at);
        out_ += ',';
        if (key.expires_at) base::append_rfc3339(out_, *key.expires_at);
        out_ += key.blocked ? ",true" : ",false";
        out_ += key.over_budget ? ",true," : ",false,";
        if (key.bcrypt_cost) append_number(out_, *key.bcrypt_cost);
        if (phases_) append_phase(phase);
        out_ += "\r\n";
    }

    void end() override {}

 private:
    void append_phase(const std::optional<KeyPhase>& phase) {
        out_ += ',';
        if (phase) out_ += domain::phase_name(phase->phase);
        if (!phase || !phase->has_replacement()) {
            out_ += ",,,";
            return;
        }
        out_ += ',';
        if (!phase->replacement.empty()) append_csv_id(out_, phase->replacement);
        out_ += ',';
        out_ += domain::rule_name(phase->rule);
        out_ += phase->replacement_used ? ",true" : ",false";
    }

    std::string& out_;
    bool phases_ = false;
};

}  // namespace

std::unique_ptr<Writer> make_csv(std::string& out) {
    return std::make_unique<Csv>(out);
}

}  // namespace keyshift::report
