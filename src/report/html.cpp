// SPDX-License-Identifier: Apache-2.0
// One page that asks for nothing: no script, no font, no image, and a policy that forbids them. One table
// even when grouped, with a row group per owner, so that the columns line up and a screen reader announces
// whose keys follow.
#include "report/append.hpp"
#include "report/escape.hpp"
#include "report/formats.hpp"
#include "report/grouped_writer.hpp"
#include "report/wording.hpp"

namespace keyshift::report {
namespace {

constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<style>
:root { color-scheme: light dark;
  --text: #1b1b1b; --page: #fff; --line: #c4c4c4; --group: #eef1f4; --dim: #595959 }
@media (prefers-color-scheme: dark) {
  :root { --text: #e8e8e8; --page: #16181b; --line: #4a4e54; --group: #23272c; --dim: #a8adb3 }
}
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 90rem; padding: 0 1rem;
  color: var(--text); background: var(--page) }
table { border-collapse: collapse; width: 100% }
caption { text-align: start; color: var(--dim); padding-block: .4rem }
th, td { text-align: start; vertical-align: top; padding: .3rem .5rem; border-bottom: 1px solid var(--line) }
tbody th, td { overflow-wrap: anywhere; min-width: 4.5rem }
tbody th[scope=row], td.owner { min-width: 11rem }
td.name { min-width: 8rem }
tbody th[scope=row], td code, li code { font: .92em ui-monospace, monospace }
td code { display: inline-block; min-width: 6.5rem }
th[scope=rowgroup] { background: var(--group) }
time { white-space: nowrap; font-size: .92em; font-variant-numeric: tabular-nums }
i { color: var(--dim) }
@page { size: landscape }
@media print {
  :root { --text: #000; --page: #fff; --line: #888; --group: #fff; --dim: #333 }
  body { font-size: 9pt; margin: 0; padding: 0; max-width: none }
  th, td { padding-inline: .3rem }
  tbody th[scope=row], td.owner { min-width: 9rem }
  td.name { min-width: 6rem }
  thead { display: table-header-group }
  tr { break-inside: avoid }
}
)";

/// Two more columns on the same page.
constexpr std::string_view kPhasesStyle = R"(.phases { font-size: .84em }
.phases th, .phases td { padding-inline: .3rem }
.phases td { min-width: 5em }
.phases tbody th[scope=row], .phases td.owner, .phases td.replacement { min-width: 10em }
.phases td.name { min-width: 7em }
.phases td.phase { overflow-wrap: normal }
.phases td code { min-width: 7.5em }
)";

class Html final : public GroupedWriter {
 public:
    Html(Grouping grouping, std::string& out) : GroupedWriter(grouping, out) {}

 private:
    void start() override {
        out_ += kHead;
        if (header().phases) out_ += kPhasesStyle;
        out_ += "</style>\n";
        append_element("title", title(header()));
        out_ += "</head>\n<body>\n";
        append_element("h1", title(header()));
        append_summary();
        if (!has_keys()) return;
        append_steps();
        append_table_head();
    }

    void open_owner(const domain::Key& key, std::uint64_t) override {
        out_ += "<tbody>\n<tr><th scope=\"rowgroup\"";
        append_whole_width();
        append_owner(key);
        out_ += "</th></tr>\n";
    }

    void close_owner(std::uint64_t keys, const NextSteps& next) override {
        out_ += "<tr><td";
        append_whole_width();
        out_ += "<i>";
        append_count(out_, keys, "key");
        out_ += "</i></td></tr>\n";
        if (!next.empty()) {
            out_ += "<tr><td";
            append_whole_width();
            out_ += "<b>Next:</b>";
            next.append_sentences(out_);
            out_ += "</td></tr>\n";
        }
        out_ += "</tbody>\n";
    }

    void row(const domain::Key& key, const std::optional<KeyPhase>& phase, std::uint64_t) override {
        out_ += "<tr><th scope=\"row\">";
        append_html(out_, key.id);
        out_ += "</th><td class=\"name\">";
        if (key.name) {
            append_isolated(*key.name);
        } else {
            out_ += "<i>unnamed</i>";
        }
        out_ += "</td><td><code>";
        append_html(out_, key.prefix);
        out_ += "</code></td>";
        if (!grouped()) {
            out_ += "<td class=\"owner\">";
            append_owner(key);
            out_ += "</td>";
        }
        out_ += "<td>";
        append_time(key.created_at, "<i>unknown</i>");
        out_ += "</td><td>";
        append_time(key.last_used_at, "<i>never</i>");
        out_ += "</td><td>";
        append_time(key.expires_at, "");
        out_ += "</td><td>";
        out_ += standing(key, header().generated_at);
        out_ += "</td>";
        if (header().phases) append_phase(phase);
        out_ += "</tr>\n";
    }

    void finish() override {
        if (has_keys()) out_ += grouped() ? "</table>\n" : "</tbody>\n</table>\n";
        out_ += "</body>\n</html>\n";
    }

    void append_summary() {
        out_ += "<p>";
        append_totals(out_, header());
        if (!header().phase.empty()) {
            out_ += " in phase ";
            append_html(out_, header().phase);
        }
        out_ += " in <bdi>";
        append_html(out_, header().database);
        out_ += "</bdi>, as of ";
        append_time(header().generated_at, "");
        out_ += has_keys() || !header().phase.empty() ? ".</p>\n" : ": no action is needed.</p>\n";
    }

    void append_steps() {
        out_ += "<h2>What to do</h2>\n<ol>\n";
        for (const Step& step : steps(header())) {
            out_ += "<li>";
            append_html(out_, step.text);
            if (!step.request.empty()) {
                out_ += ": <code>";
                append_html(out_, step.request);
                out_ += "</code>";
            }
            out_ += ".</li>\n";
        }
        out_ += "</ol>\n";
    }

    void append_table_head() {
        out_ += "<h2>Keys</h2>\n";
        out_ += header().phases ? "<table class=\"phases\">\n<caption>" : "<table>\n<caption>";
        out_ += grouped() ? "Keys without a lookup hash, by owner" : "Keys without a lookup hash";
        out_ += "</caption>\n<thead>\n<tr>";
        for (const std::string_view column : {"Key ID", "Name", "Key prefix"}) append_column(column);
        if (!grouped()) append_column("Owner");
        for (const std::string_view column : {"Created", "Last used", "Expires", "State"})
            append_column(column);
        if (header().phases)
            for (const std::string_view column : {"Phase", "Replacement"}) append_column(column);
        out_ += grouped() ? "</tr>\n</thead>\n" : "</tr>\n</thead>\n<tbody>\n";
    }

    void append_column(std::string_view name) {
        out_ += "<th scope=\"col\">";
        out_ += name;
        out_ += "</th>";
    }

    /// Ends a tag: its cell spans the columns of the grouped table.
    void append_whole_width() { out_ += header().phases ? " colspan=\"9\">" : " colspan=\"7\">"; }

    void append_phase(const std::optional<KeyPhase>& phase) {
        out_ += "<td class=\"phase\">";
        if (phase) out_ += domain::phase_name(phase->phase);
        out_ += "</td><td class=\"replacement\">";
        if (phase && phase->has_replacement()) {
            if (phase->replacement.empty()) {
                out_ += "<i>id not known</i>";
            } else {
                out_ += "<code>";
                append_html(out_, phase->replacement);
                out_ += "</code>";
            }
            append_how_replaced(out_, *phase);
        }
        out_ += "</td>";
    }

    void append_owner(const domain::Key& key) {
        if (!key.owner) {
            out_ += "<i>system</i>";
            return;
        }
        append_isolated(key.owner_email.value_or(*key.owner));
        if (!key.owner_email) return;
        out_ += " (";
        append_isolated(*key.owner);
        out_ += ')';
    }

    /// In <bdi>, so that right-to-left text does not reorder what stands around it.
    void append_isolated(std::string_view text) {
        out_ += "<bdi>";
        append_html(out_, text);
        out_ += "</bdi>";
    }

    void append_element(std::string_view name, std::string_view text) {
        out_ += '<';
        out_ += name;
        out_ += '>';
        append_html(out_, text);
        out_ += "</";
        out_ += name;
        out_ += ">\n";
    }

    void append_time(std::optional<base::Time> time, std::string_view otherwise) {
        if (!time) {
            out_ += otherwise;
            return;
        }
        out_ += "<time>";
        append_rfc3339_seconds(out_, *time);
        out_ += "</time>";
    }
};

}  // namespace

std::unique_ptr<Writer> make_html(Grouping grouping, std::string& out) {
    return std::make_unique<Html>(grouping, out);
}

}  // namespace keyshift::report
