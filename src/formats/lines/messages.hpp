// SPDX-License-Identifier: Apache-2.0
// The one reader of what stands before log lines: cuts a block into the messages that a program has written,
// whatever carried them here. Used by one thread at a time.
//
// Parts that a container's runtime has split are joined first. What else may stand before a message is looked
// for where the line as it stands is not understood: no line that is understood can lose anything, and a log
// without prefixes costs nothing. Where every line is understood, as by rules for any text, a prefix is
// taken off first, and only what no program writes at the beginning of its own lines.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "formats/lines/docker_line.hpp"
#include "formats/lines/journal_export.hpp"
#include "formats/lines/message_joiner.hpp"
#include "formats/lines/prefix.hpp"
#include "formats/text/bytes64.hpp"

namespace keyshift::formats {

/// Which messages are understood by whoever takes them.
enum class Understood : std::uint8_t { some, all };

class LogMessages {
 public:
    explicit LogMessages(LinePrefix prefix, Understood understood = Understood::some);

    /// Calls `accept(message)` for each message of `block`, which holds whole lines, but perhaps the last
    /// one's newline, and whole messages as whole_messages() says; "\r" at its end is off. `accept` returns
    /// whether it has understood, and must do nothing else where it has not: it may be asked again with less
    /// of the line. Returns how many messages were not understood.
    template <class Accept>
    std::uint64_t each(std::string_view block, const Accept& accept);

    /// Whether a prefix is taken off before `accept` has seen the line.
    bool strips_first() const { return strips_first_; }
    /// How many messages had which prefix, by its number.
    const std::array<std::uint64_t, kLinePrefixes>& seen() const { return seen_; }

 private:
    class Acceptor {
     public:
        virtual bool accept(std::string_view message) const = 0;

     protected:
        ~Acceptor() = default;
    };
    template <class Accept>
    class AcceptorOf final : public Acceptor {
     public:
        explicit AcceptorOf(const Accept& accept) : accept_(accept) {}
        bool accept(std::string_view message) const override { return accept_(message); }

     private:
        const Accept& accept_;
    };

    /// What can carry lines here. A value of its own: the loop over lines keeps it in registers.
    struct Carriers {
        bool docker, any_json, cri, journal;

        /// At a glance.
        bool may_have(std::string_view line) const {
            if (line.empty()) return false;
            switch (line.front()) {
                case '{':
                    return docker && (any_json ||
                                      (line.size() > 2 && line[2] == 'l' && line.starts_with(kDockerBegin)));
                case '_':
                    return journal && line.starts_with(kJournalBegin);
                default:
                    return cri && may_be_cri(line);
            }
        }
    };
    /// Reads the part or entry that begins at `at`, and returns where the next line does; `at`: it is none.
    std::size_t carried(std::string_view block, std::size_t at, std::string_view line,
                        const Acceptor& acceptor);
    template <class Accept>
    std::size_t journal_entry(std::string_view block, std::size_t at, const Accept& accept);
    void give(std::string_view text, const Acceptor& acceptor);
    /// Where accept() was not asked yet, or has not understood.
    void give_otherwise(std::string_view text, const Acceptor& acceptor);
    bool accept_behind_prefix(std::string_view text, const Acceptor& acceptor);
    bool search(std::string_view text, const Acceptor& acceptor, int depth);
    void see(LinePrefix prefix) { ++seen_[static_cast<std::size_t>(prefix)]; }

    LinePrefix prefix_;
    bool strips_first_;
    Carriers carriers_;
    DockerLines docker_lines_;
    MessageJoiner joiner_;
    std::string flat_;
    std::uint64_t missed_ = 0;
    std::array<std::uint64_t, kLinePrefixes> seen_{};
};

/// How many bytes of `block`, which begins with a whole message and ends in whole lines, hold whole messages,
/// none being cut at the end. Reading these and what comes behind them is the same as reading all at once.
/// `automatic` looks no further than the last line where that was not carried by a runtime.
std::size_t whole_messages(std::string_view block, LinePrefix prefix);

template <class Accept>
std::uint64_t LogMessages::each(std::string_view block, const Accept& accept) {
    const AcceptorOf<Accept> acceptor(accept);
    const Carriers carriers = carriers_;
    const bool strips_first = strips_first_;
    const bool automatic = prefix_ == LinePrefix::automatic;
    bool waits = false;  // some message for its rest
    missed_ = 0;
    for (std::size_t at = 0; at < block.size();) {
        const char* const begin = block.data() + at;
        const char* const newline = find_byte(block.data(), begin, block.data() + block.size(), '\n');
        const auto size = static_cast<std::size_t>(newline - begin);
        std::string_view line(begin, size);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (carriers.may_have(line)) [[unlikely]] {
            const std::size_t next = carried(block, at, line, acceptor);
            waits = joiner_.any_open();
            if (next != at) {
                at = next;
                continue;
            }
        }
        at += size + 1;
        const bool first = strips_first && (!automatic || may_have_sure_prefix(line));
        if (first || !accept(line)) give_otherwise(line, acceptor);
        if (waits) [[unlikely]]
            joiner_.give_up(at, [&](std::string_view text) { give(text, acceptor); });
    }
    joiner_.end([&](std::string_view text) { give(text, acceptor); });
    return missed_;
}

}  // namespace keyshift::formats
