// SPDX-License-Identifier: Apache-2.0
// What the lines of one program have shown of how its `tracing` is configured, which is the same for all of
// them: whether they have targets, threads, numbers of lines. One line alone does not always tell. A value.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace keyshift::formats {

struct TracingForm {
    /// Lines that were sure of something.
    struct Seen {
        std::size_t yes = 0;
        std::size_t no = 0;

        bool only_yes() const { return yes > 0 && no == 0; }
        bool only_no() const { return no > 0 && yes == 0; }
    };
    Seen targets;
    Seen files;
    Seen line_numbers;          ///< without a file before them
    bool threads = false;       ///< each line names its thread
    bool full = false;          ///< fields stand in the spans
    bool compact = false;       ///< fields of spans stand behind the message
    bool bold_targets = false;  ///< compact before 0.3.17: a target looks like a span
    bool pretty = false;        ///< several lines for each event
    bool coloured = false;
    /// First parts of targets that are paths: a crate's root has that alone.
    std::vector<std::string> crates;

    /// Of an event with that target, which is not empty.
    void learn_target(std::string_view target);
    bool is_crate(std::string_view name) const;
    /// Nothing tells where a message begins behind a span without fields.
    bool hides_spans() const {
        return targets.only_no() && !coloured && !pretty && files.yes == 0 && line_numbers.yes == 0;
    }
    /// For people: "pretty, coloured, without targets".
    std::string text() const;
};

}  // namespace keyshift::formats
