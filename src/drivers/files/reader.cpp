// SPDX-License-Identifier: Apache-2.0
#include "drivers/files/reader.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace keyshift::drivers {
namespace {

/// string_view::rfind looks at byte after byte.
std::size_t end_of_lines(std::string_view data) {
    const auto* newline = static_cast<const char*>(::memrchr(data.data(), '\n', data.size()));
    return newline == nullptr ? 0 : static_cast<std::size_t>(newline - data.data()) + 1;
}

std::uint64_t tail_of(std::string_view before) {
    return hash_of(before.substr(before.size() - std::min(before.size(), kTailBytes)));
}

bool stands_at(const Descriptor& file, std::uint64_t offset, std::string_view bytes) {
    std::array<char, kHeadBytes> buffer;
    return read_at(file, buffer.data(), bytes.size(), offset) == bytes;
}

}  // namespace

LogFileReader::LogFileReader(Whole whole) : whole_(std::move(whole)), buffer_(kHeadBytes + kLogBlock) {}

LogFileReader::Step LogFileReader::step(LogFile& file, LogSink& sink) {
    return read_block(file, sink, false);
}

LogFileReader::Step LogFileReader::finish(LogFile& file, LogSink& sink) {
    return read_block(file, sink, true);
}

/// The bytes before the offset are read along, and what the head is made of; and once more behind all others,
/// since what is read while a file is emptied and filled again is of both.
LogFileReader::Step LogFileReader::read_block(LogFile& file, LogSink& sink, bool to_the_end) {
    Generation& generation = file.record.generation;
    const bool at_head = generation.offset < kHeadBytes;
    const std::size_t before = at_head ? static_cast<std::size_t>(generation.offset) : kTailBytes;
    const std::uint64_t from = generation.offset - before;
    const auto got = read_at(file.descriptor, buffer_.data(), before + kLogBlock, from);
    if (!got) return Step::failed;
    if (got->size() < before || tail_of(got->substr(0, before)) != generation.tail) return Step::suspect;
    const Head head = at_head ? Head::of(*got) : generation.head;
    const std::string_view beginning = got->substr(0, at_head ? kHeadBytes : kTailBytes);
    if (!head.agrees(generation.head) || !stands_at(file.descriptor, from, beginning)) return Step::suspect;
    const std::string_view data = got->substr(before);
    const bool passing = generation.in_oversized;
    const std::size_t taken =
        passing ? pass_over(generation, data) : hand_over(generation, data, sink, to_the_end);
    file.held_end = generation.offset + data.size();
    if (taken == 0) return Step::at_end;
    generation.offset += taken;
    generation.tail = tail_of(got->substr(0, before + taken));
    generation.head = head;
    bytes_ += taken;
    // After a short read, what is left was examined, unless it was passed over up to a newline.
    const bool more = data.size() == kLogBlock || (passing && taken < data.size());
    return more ? Step::advanced : Step::at_end;
}

std::size_t LogFileReader::hand_over(Generation& generation, std::string_view data, LogSink& sink,
                                     bool to_the_end) {
    const bool full = data.size() == kLogBlock;
    std::string_view block = data.substr(0, end_of_lines(data));
    if (block.empty() && full) {
        generation.in_oversized = true;
        sink.oversized();
        return data.size();
    }
    if (to_the_end && !full) {
        block = data;
    } else if (whole_ && !block.empty()) {
        const std::size_t whole = std::min(whole_(block), block.size());
        // A message that fills a block is handed over in parts.
        if (whole > 0 || !full) block = block.substr(0, whole);
    }
    if (!block.empty()) sink.lines(block);
    return block.size();
}

/// Searches its end, and keeps nothing.
std::size_t LogFileReader::pass_over(Generation& generation, std::string_view data) {
    const std::size_t newline = data.find('\n');
    if (newline == std::string_view::npos) return data.size();
    generation.in_oversized = false;
    return newline + 1;
}

}  // namespace keyshift::drivers
