// SPDX-License-Identifier: Apache-2.0
// Rows of the report, grouped by owner, become a letter for each owner. Belongs to one thread at a time.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "report/grouped_writer.hpp"
#include "report/letters/letter.hpp"

namespace keyshift::report {

/// Where letters go, one after the other, also those in which nothing is asked.
class LetterSink {
 public:
    LetterSink() = default;
    virtual ~LetterSink() = default;
    LetterSink(const LetterSink&) = delete;
    LetterSink& operator=(const LetterSink&) = delete;
    virtual base::Result<void> take(const Letter& letter, base::Time now) = 0;
};

class LetterWriter final : public GroupedWriter {
 public:
    /// `sink` outlives this.
    explicit LetterWriter(LetterSink& sink) : GroupedWriter(Grouping::owner, nothing_), sink_(sink) {}

    /// Empty: all letters so far have been taken.
    const std::optional<base::Error>& failed() const { return failed_; }

 private:
    void start() override {}
    void open_owner(const domain::Key& key, std::uint64_t owners_before) override;
    void row(const domain::Key& key, const std::optional<KeyPhase>& phase,
             std::uint64_t rows_before) override;
    void close_owner(std::uint64_t keys, const NextSteps& next) override;
    void finish() override {}

    std::string nothing_;  // what a report would be written to
    LetterSink& sink_;
    Letter letter_;
    std::optional<base::Error> failed_;
};

}  // namespace keyshift::report
