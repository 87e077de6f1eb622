// SPDX-License-Identifier: Apache-2.0
// Parts of messages that a container's runtime has split, put together again. A process that dies in the
// middle of a line leaves such a part behind for good, so that the rest of a message is waited for only while
// at most kMessageWait bytes of others' lines come in between. Used by one thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "formats/lines/prefix.hpp"

namespace keyshift::formats {

inline constexpr std::size_t kMessageWait = std::size_t{64} * 1024;

class MessageJoiner {
 public:
    /// `behind`: where the part's line ends in its block. Calls `give(message)` if that is the end of one. A
    /// newline inside of a message, which no runtime writes, is given as a space: no message can pass for
    /// two.
    template <class Give>
    void add(const MessagePart& part, std::size_t behind, const Give& give) {
        Open& open = streams_[static_cast<std::size_t>(part.stream)];
        if (part.last && !open.any && part.text.find('\n') == std::string_view::npos) return give(part.text);
        append(part.text, open, behind);
        if (part.last) finish(open, give);
    }
    /// Gives what has waited too long for its rest at `at`.
    template <class Give>
    void give_up(std::size_t at, const Give& give) {
        for (Open& open : streams_)
            if (open.any && at - open.behind > kMessageWait) finish(open, give);
    }
    /// Gives what is incomplete at the end of a block.
    template <class Give>
    void end(const Give& give) {
        const bool swapped = streams_[1].behind < streams_[0].behind;
        for (const std::size_t i :
             {swapped ? std::size_t{1} : std::size_t{0}, swapped ? std::size_t{0} : std::size_t{1}})
            if (streams_[i].any) finish(streams_[i], give);
    }
    bool any_open() const { return streams_[0].any || streams_[1].any; }

 private:
    /// A stream's message of which the last part has not come yet.
    struct Open {
        bool any = false;
        std::size_t behind = 0;  ///< where its last part so far ends in the block
        std::string text;
    };

    static void append(std::string_view text, Open& open, std::size_t behind);
    template <class Give>
    static void finish(Open& open, const Give& give) {
        give(std::string_view(open.text));
        open.any = false;
        open.text.clear();
    }

    std::array<Open, kLogStreams> streams_;
};

}  // namespace keyshift::formats
