// SPDX-License-Identifier: Apache-2.0
#include "formats/lines/messages.hpp"

#include <optional>

namespace keyshift::formats {
namespace {

/// "nginx-1  | 2026-01-10T00:00:02Z 192.0.2.1:443 10.0.0.9 ..." has three.
constexpr int kMostPrefixes = 3;

bool is_text_prefix(LinePrefix prefix) {
    return std::ranges::find(kTextPrefixes, prefix) != kTextPrefixes.end();
}

/// With its newline if there is one.
std::string_view line_at(std::string_view block, std::size_t begin) {
    const std::size_t newline = block.find('\n', begin);
    return block.substr(begin, newline == std::string_view::npos ? newline : newline + 1 - begin);
}

std::string_view last_line(std::string_view block) {
    if (block.size() < 2) return block;
    const void* const newline = ::memrchr(block.data(), '\n', block.size() - 1);
    return newline == nullptr
               ? block
               : block.substr(static_cast<std::size_t>(static_cast<const char*>(newline) - block.data()) + 1);
}

std::string_view without_newline(std::string_view line) {
    if (line.ends_with('\n')) line.remove_suffix(1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

/// Of the two runtimes that split messages.
class Parts {
 public:
    Parts(std::string_view block, LinePrefix prefix)
        : block_(block),
          docker_(prefix == LinePrefix::docker || prefix == LinePrefix::automatic),
          cri_(prefix == LinePrefix::cri || prefix == LinePrefix::automatic) {}

    std::optional<MessagePart> read(std::string_view line) {
        if (cri_)
            if (const auto part = read_cri(without_newline(line))) return part;
        return docker_ ? lines_.read(block_, line) : std::nullopt;
    }
    /// Of a line that is theirs; of others it is true.
    bool is_surely_last(std::string_view line) const {
        if (cri_)
            if (const auto part = read_cri(without_newline(line))) return part->last;
        return !docker_ || formats::is_surely_last(line);
    }

 private:
    std::string_view block_;
    bool docker_, cri_;
    DockerLines lines_;
};

/// Whether no message can be open at the end of `block`: nothing older than kMessageWait matters.
bool ends_whole(std::string_view block, const Parts& parts) {
    std::size_t end = block.size();
    while (end > 0 && block.size() - end <= kMessageWait) {
        const std::string_view line = last_line(block.substr(0, end));
        if (!parts.is_surely_last(line)) return false;
        end -= line.size();
    }
    return true;
}

std::size_t whole_parts(std::string_view block, LinePrefix prefix) {
    Parts parts(block, prefix);
    if (ends_whole(block, parts)) return block.size();
    std::array<std::optional<std::size_t>, kLogStreams> open;  // where its last part ends
    std::size_t whole = 0;
    for (std::size_t end = 0; end < block.size();) {
        const std::string_view line = line_at(block, end);
        end += line.size();
        const bool nothing_open = whole + line.size() == end;
        if (const auto part = nothing_open && parts.is_surely_last(line) ? std::nullopt : parts.read(line))
            open[static_cast<std::size_t>(part->stream)] = part->last ? std::nullopt : std::optional(end);
        bool any = false;
        for (auto& behind : open) {
            if (behind && end - *behind > kMessageWait) behind.reset();
            any = any || behind;
        }
        if (!any) whole = end;
    }
    return whole;
}

}  // namespace

LogMessages::LogMessages(LinePrefix prefix, Understood understood)
    : prefix_(prefix),
      strips_first_(is_text_prefix(prefix) ||
                    (prefix == LinePrefix::automatic && understood == Understood::all)),
      carriers_{.docker = prefix == LinePrefix::docker || prefix == LinePrefix::automatic,
                .any_json = prefix == LinePrefix::docker,
                .cri = prefix == LinePrefix::cri || prefix == LinePrefix::automatic,
                .journal = prefix == LinePrefix::journal || prefix == LinePrefix::automatic} {}

/// The last one of a file that nobody writes to any more may have no end.
template <class Accept>
std::size_t LogMessages::journal_entry(std::string_view block, std::size_t at, const Accept& accept) {
    auto entry = read_journal_entry(block.substr(at));
    std::string completed;
    if (!entry) {
        completed = std::string(block.substr(at)) + "\n\n";
        entry = read_journal_entry(completed);
        if (entry) entry->size = block.size() - at;
    }
    if (!entry) return block.size();
    if (entry->message) {
        see(LinePrefix::journal);
        flat_ = *entry->message;
        std::ranges::replace(flat_, '\n', ' ');
        accept(flat_);
    }
    return at + entry->size;
}

std::size_t LogMessages::carried(std::string_view block, std::size_t at, std::string_view line,
                                 const Acceptor& acceptor) {
    const auto accept = [&](std::string_view text) { give(text, acceptor); };
    if (line.front() == '_') {
        return journal_entry(block, at, accept);
    }
    const auto part = line.front() == '{' ? docker_lines_.read(block, line) : read_cri(line);
    if (!part) return at;
    if (part->last) see(line.front() == '{' ? LinePrefix::docker : LinePrefix::cri);
    const std::size_t next = at + line_at(block, at).size();
    joiner_.add(*part, next, accept);
    joiner_.give_up(next, accept);
    return next;
}

void LogMessages::give(std::string_view text, const Acceptor& acceptor) {
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (strips_first_ || !acceptor.accept(text)) give_otherwise(text, acceptor);
}

void LogMessages::give_otherwise(std::string_view text, const Acceptor& acceptor) {
    if (strips_first_) {
        if (!accept_behind_prefix(text, acceptor)) ++missed_;
    } else if (prefix_ != LinePrefix::automatic || !search(text, acceptor, kMostPrefixes)) {
        ++missed_;
    }
}

/// One of a configured kind, or all that are sure.
bool LogMessages::accept_behind_prefix(std::string_view text, const Acceptor& acceptor) {
    if (prefix_ != LinePrefix::automatic) {
        const auto rest = behind_prefix(text, prefix_);
        if (rest) see(prefix_);
        return acceptor.accept(rest.value_or(text));
    }
    for (int prefixes = 0; prefixes < kMostPrefixes; ++prefixes) {
        bool any = false;
        for (const LinePrefix prefix : kTextPrefixes) {
            const auto rest = behind_sure_prefix(text, prefix);
            if (!rest) continue;
            see(prefix);
            text = *rest;
            any = true;
            break;
        }
        if (!any) break;
    }
    return acceptor.accept(text);
}

bool LogMessages::search(std::string_view text, const Acceptor& acceptor, int depth) {
    if (depth == 0) return false;
    for (const LinePrefix prefix : kTextPrefixes) {
        const auto rest = behind_prefix(text, prefix);
        if (!rest || (!acceptor.accept(*rest) && !search(*rest, acceptor, depth - 1))) continue;
        see(prefix);
        return true;
    }
    return false;
}

std::size_t whole_messages(std::string_view block, LinePrefix prefix) {
    if (prefix == LinePrefix::docker || prefix == LinePrefix::cri) return whole_parts(block, prefix);
    if (prefix == LinePrefix::journal) return whole_journal_entries(block);
    if (prefix != LinePrefix::automatic) return block.size();
    if (block.starts_with(kJournalBegin)) return whole_journal_entries(block);
    const std::string_view last = without_newline(last_line(block));
    const bool parts = last.starts_with(kDockerBegin) || read_cri(last);
    return parts ? whole_parts(block, prefix) : block.size();
}

}  // namespace keyshift::formats
