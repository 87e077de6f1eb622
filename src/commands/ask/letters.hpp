// SPDX-License-Identifier: Apache-2.0
// Letters to key holders as files of a directory, and index.csv with a row for each owner. Nothing is sent.
// Blocking; for commands only.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "base/error.hpp"
#include "commands/commands.hpp"
#include "config/config.hpp"
#include "config/tree/owners_file.hpp"
#include "report/letters/letter_writer.hpp"
#include "report/letters/template.hpp"

namespace keyshift::commands {

/// Errors: usage (what does not go with letters, or is missing).
base::Result<void> check_letter_options(const ReportCommand& command);

class LetterFiles final : public report::LetterSink {
 public:
    /// Makes the directory, or takes an empty one: letters of another day would be sent again. `command` and
    /// `owners` outlive this. Errors: config (the template), usage (the time), output (the directory), those
    /// of KnownKeys::events() where only news are wanted.
    static base::Result<std::unique_ptr<LetterFiles>> open(const ReportCommand& command,
                                                           const config::Config& config,
                                                           const config::OwnersFile& owners);

    base::Result<void> take(const report::Letter& letter, base::Time now) override;
    /// Writes index.csv, last of all.
    base::Result<void> finish();

    /// "3 letters to owners in DIR, and index.csv; 2 owners have nothing to do".
    std::string summary() const;

 private:
    LetterFiles(const ReportCommand::Letters& options, report::LetterTemplate wording,
                const config::Config& config, const config::OwnersFile& owners);

    base::Result<void> find_news(const ReportCommand& command);
    bool has_news(const report::Letter& letter) const;
    base::Result<std::string> write_letter(const report::Letter& letter);

    const ReportCommand::Letters& options_;
    report::LetterTemplate wording_;
    const config::OwnersFile& owners_;
    report::LetterFacts facts_;
    std::optional<base::Time> since_;
    std::set<std::string> changed_;  // keys of which something was told since
    std::string index_;
    std::uint64_t written_ = 0;
    std::uint64_t silent_ = 0;  // owners who have nothing to do, or of whom nothing is new
};

}  // namespace keyshift::commands
