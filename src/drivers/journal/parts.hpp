// SPDX-License-Identifier: Apache-2.0
// Messages that Docker's journald driver has split, put together again: each entry but the last of a message
// is marked CONTAINER_PARTIAL_MESSAGE=true, and those of several containers may be mixed. Fed the same
// entries, it always comes to the same. Pure; bounded memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace keyshift::drivers {

class JournalParts {
 public:
    /// So many entries after its last part a message is over, for its container has died.
    static constexpr std::uint64_t kWait = 1000;
    /// So many bytes of unfinished messages are kept; what does not fit in is too long.
    static constexpr std::size_t kMostBytes = std::size_t{1024} * 1024;

    /// Gets each message that is over; `too_long`: without its text.
    enum class Kept { whole, too_long };
    using Handle = std::function<void(std::string_view message, Kept kept)>;

    /// A part that is not the last one. `stream`: which container's, and which of its streams. `cursor`: the
    /// entry's place.
    void add(const std::string& stream, std::string_view text, const std::string& cursor);
    /// A message or the last part of one.
    void finish(const std::string& stream, std::string_view text, const Handle& handle);
    /// One entry of any kind has been read: at the end of each.
    void entry_read(const Handle& handle);

    bool empty() const { return open_.empty(); }
    /// Where the first part of the oldest unfinished message is, which has to be read again after a restart;
    /// empty when there is none.
    std::string begin() const;
    void clear();

 private:
    struct Message {
        std::string cursor;       ///< of its first part
        std::uint64_t first = 0;  ///< number of the entry of its first part
        std::uint64_t last = 0;   ///< and of its last one
        std::string text = {};
        Kept kept = Kept::whole;
    };
    using Open = std::map<std::string, Message>;

    void append(Message& message, std::string_view text);
    void hand_over(Open::iterator message, const Handle& handle);

    Open open_;
    std::size_t bytes_ = 0;  ///< of all texts
    std::uint64_t entries_ = 0;
};

}  // namespace keyshift::drivers
