// SPDX-License-Identifier: Apache-2.0
// One JSON object, one key a line: whole for a parser, and in lines for everything else. The same field has
// the same name in keys and owners, and a key looks the same grouped or not.
#include "base/json.hpp"

#include "report/append.hpp"
#include "report/escape.hpp"
#include "report/formats.hpp"
#include "report/grouped_writer.hpp"
#include "report/wording.hpp"

namespace keyshift::report {
namespace {

class Json final : public GroupedWriter {
 public:
    Json(Grouping grouping, std::string& out) : GroupedWriter(grouping, out) {}

 private:
    void start() override {
        out_ += "{\"generated_at\":";
        append_time(header().generated_at);
        out_ += ",\n\"database\":";
        base::append_json_string(out_, header().database);
        out_ += ",\n\"phase\":";
        append_text(optional_text(header().phase));
        if (header().phases) {
            out_ += ",\n\"fallback\":";
            base::append_json_string(out_, domain::mode_name(header().fallback));
        }
        out_ += ",\n\"legacy_keys\":";
        append_number(out_, header().legacy_keys);
        out_ += ",\n\"legacy_owners\":";
        append_whole(header().owners);
        out_ += ",\n\"actions\":[";
        if (has_keys()) append_actions();
        out_ += grouped() ? "],\n\"owners\":[" : "],\n\"keys\":[";
    }

    void open_owner(const domain::Key& key, std::uint64_t owners_before) override {
        out_ += owners_before == 0 ? "\n" : ",\n";
        out_ += '{';
        append_owner(key);
        out_ += ",\"keys\":[";
    }

    void close_owner(std::uint64_t keys, const NextSteps& next) override {
        out_ += "\n],\"legacy_keys\":";
        append_number(out_, keys);
        if (header().phases) {
            out_ += ",\"next_steps\":";
            next.append_json_array(out_);
        }
        out_ += '}';
    }

    void row(const domain::Key& key, const std::optional<KeyPhase>& phase,
             std::uint64_t rows_before) override {
        out_ += rows_before == 0 ? "\n{\"id\":" : ",\n{\"id\":";
        base::append_json_string(out_, key.id);
        out_ += ",\"name\":";
        append_text(key.name);
        out_ += ",\"key_prefix\":";
        base::append_json_string(out_, key.prefix);
        out_ += ',';
        append_owner(key);
        out_ += ",\"created_at\":";
        append_time(key.created_at);
        out_ += ",\"last_used_at\":";
        append_time(key.last_used_at);
        out_ += ",\"expires_at\":";
        append_time(key.expires_at);
        out_ += key.blocked ? ",\"blocked\":true" : ",\"blocked\":false";
        out_ += key.over_budget ? ",\"over_budget\":true" : ",\"over_budget\":false";
        out_ += ",\"bcrypt_cost\":";
        append_whole(key.bcrypt_cost);
        if (header().phases) append_phase(phase);
        out_ += '}';
    }

    void finish() override { out_ += "\n]}\n"; }

    void append_actions() {
        std::string_view separator = "\n  ";
        for (const Step& step : steps(header())) {
            std::string action{step.text};
            if (!step.request.empty()) action.append(": ").append(step.request);
            out_ += separator;
            base::append_json_string(out_, action);
            separator = ",\n  ";
        }
    }

    void append_phase(const std::optional<KeyPhase>& phase) {
        out_ += ",\"phase\":";
        append_text(phase ? std::optional(domain::phase_name(phase->phase)) : std::nullopt);
        out_ += ",\"next_step\":";
        append_text(phase ? optional_text(next_step(*phase).word) : std::nullopt);
        out_ += ",\"replacement\":";
        if (!phase || !phase->has_replacement()) {
            out_ += "null";
            return;
        }
        out_ += "{\"id\":";
        append_text(optional_text(phase->replacement));
        out_ += ",\"rule\":";
        base::append_json_string(out_, domain::rule_name(phase->rule));
        out_ += phase->replacement_used ? ",\"used\":true}" : ",\"used\":false}";
    }

    void append_owner(const domain::Key& key) {
        out_ += "\"owner_id\":";
        append_text(key.owner);
        out_ += ",\"owner_email\":";
        append_text(key.owner_email);
    }

    static std::optional<std::string_view> optional_text(std::string_view text) {
        return text.empty() ? std::nullopt : std::optional(text);
    }

    void append_text(std::optional<std::string_view> text) {
        if (text) {
            base::append_json_string(out_, *text);
        } else {
            out_ += "null";
        }
    }

    void append_time(std::optional<base::Time> time) {
        if (!time) {
            out_ += "null";
            return;
        }
        out_ += '"';
        base::append_rfc3339(out_, *time);
        out_ += '"';
    }

    template <class Integer>
    void append_whole(std::optional<Integer> number) {
        if (number) {
            append_number(out_, *number);
        } else {
            out_ += "null";
        }
    }
};

}  // namespace

std::unique_ptr<Writer> make_json(Grouping grouping, std::string& out) {
    return std::make_unique<Json>(grouping, out);
}

}  // namespace keyshift::report
