// SPDX-License-Identifier: Apache-2.0
#include "commands/ask/letters.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "commands/ask/journal_report.hpp"
#include "commands/ask/known_keys.hpp"
#include "commands/shared/output_file.hpp"
#include "config/presets/preset.hpp"
#include "config/tree/file.hpp"
#include "inventory/lists.hpp"
#include "report/escape.hpp"
#include "report/letters/mail.hpp"

namespace keyshift::commands {
namespace {

namespace fs = std::filesystem;
using base::Errc;
using base::Error;
using base::Result;
using report::Letter;

constexpr std::size_t kTemplateBytes = 64UL * 1024;
constexpr const char* kIndexHeader = "owner,address,team,keys,asked_about,state,file,asked_on\r\n";
constexpr const char* kEventsPage = "1000";

Result<report::LetterTemplate> read_template(const fs::path& file) {
    if (file.empty()) return report::LetterTemplate::parse(report::LetterTemplate::usual());
    const auto text = config::read_small_file(file, kTemplateBytes);
    if (!text)
        return Error{Errc::config, "the letter's template " + file.string() + " " + text.error().what,
                     text.error().hint};
    return report::LetterTemplate::parse(*text);
}

Result<void> make_directory(const fs::path& directory) {
    std::error_code code;
    const bool made = fs::create_directory(directory, code);
    if (made) fs::permissions(directory, fs::perms::owner_all, code);
    if (code)
        return Error{Errc::output, "cannot make " + directory.string() + ": " + code.message(),
                     "name a directory whose parent is there and may be written to"};
    if (made) return {};
    const bool empty = fs::is_empty(directory, code);
    if (code) return Error{Errc::output, directory.string() + ": " + code.message(), {}};
    if (!empty)
        return Error{Errc::output, directory.string() + " is not empty",
                     "name a new directory: letters of another day would be sent again"};
    return {};
}

Result<void> write_file(const fs::path& file, std::string text) {
    auto output = Output::open(file);
    if (!output) return output.error();
    if (auto written = output->write(text); !written) return written;
    return output->finish();
}

/// "0001-alice_example.com": whatever an owner is called, it names one file.
std::string file_name(std::uint64_t number, const Letter& letter, const char* ending) {
    constexpr std::size_t kLongest = 60;
    char digits[24];
    std::snprintf(digits, sizeof digits, "%04llu", static_cast<unsigned long long>(number));
    std::string out = std::string(digits) + "-";
    for (const char c : letter.address.empty() ? letter.owner : letter.address) {
        if (out.size() == kLongest) break;
        const bool kept = base::is_letter(c) || base::is_digit(c) || c == '.' || c == '-';
        out += kept ? c : '_';
    }
    return out + ending;
}

}  // namespace

Result<void> check_letter_options(const ReportCommand& command) {
    const ReportCommand::Letters& letters = command.letters;
    const auto refuse = [](const char* what, const char* hint) { return Error{Errc::usage, what, hint}; };
    if (!letters.wanted) {
        const bool given = !letters.directory.empty() || letters.markdown || !letters.wording.empty() ||
                           !letters.from.empty() || !letters.changed_since.empty();
        return given ? refuse(
                           "--output-dir, --letter-as, --template, --from and --changed-since are about "
                           "letters",
                           "add --format letter")
                     : Result<void>{};
    }
    if (letters.directory.empty())
        return refuse("letters are files, and nobody has said where they go", "add --output-dir DIR");
    if (command.output || is_of_journal(command))
        return refuse(
            "--output, --owner, --sort, --limit and phases of keys that have gone do not go with letters",
            "leave them out: each owner has a letter, and index.csv names them all");
    if (!letters.from.empty() && !report::is_usable_address(letters.from))
        return refuse("--from is no address that mail can be sent from", "write name@example.com");
    return {};
}

LetterFiles::LetterFiles(const ReportCommand::Letters& options, report::LetterTemplate wording,
                         const config::Config& config, const config::OwnersFile& owners)
    : options_(options), wording_(std::move(wording)), owners_(owners), index_(kIndexHeader) {
    facts_.deadline = config.migration.deadline;
    facts_.create_request = config::facts_of(config.gateway.preset).requests.create;
}

Result<std::unique_ptr<LetterFiles>> LetterFiles::open(const ReportCommand& command,
                                                       const config::Config& config,
                                                       const config::OwnersFile& owners) {
    auto wording = read_template(command.letters.wording);
    if (!wording) return wording.error();
    std::unique_ptr<LetterFiles> files(new LetterFiles(command.letters, *std::move(wording), config, owners));
    if (!command.letters.changed_since.empty())
        if (auto found = files->find_news(command); !found) return found.error();
    if (auto made = make_directory(command.letters.directory); !made) return made.error();
    return files;
}

Result<void> LetterFiles::find_news(const ReportCommand& command) {
    const auto asker = Asker::from(command.config);
    if (!asker) return Error{Errc::config, "the configuration cannot be used", {}};
    KnownKeys known(*asker);
    inventory::Parameters parameters{{"since", options_.changed_since}, {"limit", kEventsPage}};
    const auto query = inventory::TimeQuery::parse(parameters, base::now());
    if (!query) return query.error();
    since_ = query->since;
    for (;;) {
        const auto page = known.events(parameters);
        if (!page) return page.error();
        for (const api::Event& event : page->items)
            if (event.key) changed_.insert(*event.key);
        if (!page->next) return {};
        parameters = {{"since", options_.changed_since}, {"limit", kEventsPage}, {"cursor", *page->next}};
    }
}

bool LetterFiles::has_news(const Letter& letter) const {
    return !since_ || std::any_of(letter.keys.begin(), letter.keys.end(), [&](const report::HeldKey& key) {
        return (key.created_at && *key.created_at >= *since_) ||
               (key.last_used_at && *key.last_used_at >= *since_) || changed_.contains(key.id);
    });
}

Result<std::string> LetterFiles::write_letter(const Letter& letter) {
    const std::string name = file_name(written_ + 1, letter, options_.markdown ? ".md" : ".eml");
    std::string text;
    if (options_.markdown) {
        text = wording_.markdown(letter, facts_);
    } else {
        text = report::eml({options_.from, letter.address, wording_.subject(letter, facts_),
                            wording_.text(letter, facts_), wording_.html(letter, facts_), base::now()});
    }
    if (auto written = write_file(options_.directory / name, std::move(text)); !written)
        return written.error();
    ++written_;
    return name;
}

Result<void> LetterFiles::take(const Letter& unknown, base::Time now) {
    Letter letter = unknown;
    facts_.now = now;
    if (const config::KnownOwner* known = owners_.find(letter.owner)) letter.team = known->team;
    if (!report::is_usable_address(letter.address)) letter.address.clear();
    const bool asked = letter.asked > 0 && !letter.owner.empty();
    const bool told = asked && has_news(letter);
    std::string file;
    if (told) {
        auto name = write_letter(letter);
        if (!name) return name.error();
        file = *std::move(name);
    }
    silent_ += told ? 0 : 1;
    report::append_csv_id(index_, letter.owner);
    index_ += ',';
    report::append_csv_text(index_, letter.address);
    index_ += ',';
    report::append_csv_text(index_, letter.team);
    index_ += "," + std::to_string(letter.held) + "," + std::to_string(letter.asked) + ",";
    index_ += letter.owner.empty() ? "no owner" : asked && !told ? "nothing new" : state_of(letter);
    index_ += "," + file + "," + (told ? base::format_rfc3339(now).substr(0, 10) : "") + "\r\n";
    return {};
}

Result<void> LetterFiles::finish() {
    return write_file(options_.directory / "index.csv", std::exchange(index_, {}));
}

std::string LetterFiles::summary() const {
    std::string out = std::to_string(written_) + (written_ == 1 ? " letter" : " letters") + " in " +
                      options_.directory.string() + ", and index.csv with all owners";
    if (silent_ > 0) out += "; " + std::to_string(silent_) + " of them without a letter";
    return out + ". Nothing was sent.";
}

}  // namespace keyshift::commands
